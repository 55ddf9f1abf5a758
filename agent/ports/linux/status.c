/* The object, and the socket that it goes through. */
#include "agent/ports/linux/status.h"

#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/machine.h"
#include "agent/ports/linux/say.h"
#include "keys/base/hex.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_MAX 65536
#define ANSWER_S   5 /* a hook and a flush may stand before an answer; an agent that takes longer hangs */

static bool path_make(const char *run, char path[SOCKET_PATH], enum failure_id id, struct failure *why)
{
    return (size_t)snprintf(path, SOCKET_PATH, "%s/status", run) < SOCKET_PATH ||
           failure_set(why, id, "%s: too long for a socket", run);
}

bool status_open(struct unix_listener *door, const char *run, struct failure *why)
{
    char path[SOCKET_PATH];

    door->file = -1;
    return path_make(run, path, FAIL_AGENT_DOOR, why) && unix_listen(path, FAIL_AGENT_DOOR, door, why);
}

static json_t *slot_object(const struct agent *agent, uint8_t slot)
{
    static const char *const states[] = {"empty", "staging", "staged", "good", "bad"};
    const struct record_slot *says = &agent->record.slots[slot];
    const uint32_t *version = agent->version[slot];
    char digest[2 * DIGEST_SIZE + 1], text[40];

    hex_of(span_of(says->digest, DIGEST_SIZE), digest);
    snprintf(text, sizeof text, "%u.%u.%u", version[0], version[1], version[2]);
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "state", states[says->state], "version", text, "sequence",
                     (json_int_t)says->sequence, "size", (json_int_t)says->size, "sha256", digest);
}

static json_t *text_or_null(struct span text)
{
    return text.data ? json_stringn((const char *)text.data, text.size) : json_null();
}

static json_t *object_make(struct machine *machine)
{
    static const char *const kinds[] = {"recovery", "settled", "trial"};
    const struct agent *agent = &machine->agent;
    const struct port *port = agent->port;
    struct interlock interlock;

    /* anew: what is cached for a packet's sake may contradict the holds that are listed beside it */
    port->interlock_now(port->context, &interlock);
    json_t *out =
        json_pack("{s:i, s:o, s:o, s:o, s:s, s:s, s:i, s:i, s:s, s:b, s:b, s:i}", "schema", 1, "model",
                  text_or_null(agent->identity.model), "hardware", text_or_null(agent->identity.hardware),
                  "serial", text_or_null(agent->identity.serial), "boot", kinds[agent_kind(agent)], "running",
                  slot_word(agent->boot.running), "tries", agent_tries_left(agent), "outcome",
                  agent->has_record ? agent->record.outcome : 0, "use", use_word(interlock.use), "service",
                  interlock.service, "mains", interlock.mains, "battery", interlock.battery);
    if (out == NULL || !agent->has_record)
        return out;
    json_object_set_new(out, "record", json_integer(agent->record.number));
    json_object_set_new(out, "slots",
                        json_pack("[o, o]", slot_object(agent, SLOT_A), slot_object(agent, SLOT_B)));
    return out;
}

void status_serve(const struct unix_listener *door, struct machine *machine)
{
    int file = unix_accept(door);

    if (file < 0)
        return;
    json_t *object = object_make(machine);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text == NULL || send(file, text, strlen(text), MSG_NOSIGNAL) < 0)
        agent_say("a question for the status could not be answered");
    free(text);
    json_decref(object);
    close(file);
}

/* All that comes until the agent hangs up: its size, or -1 with errno. */
static ssize_t answer_take(int file, char *text)
{
    const struct timeval patience = {ANSWER_S, 0};
    size_t size = 0;
    ssize_t got = setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);

    while (got >= 0 && size < ANSWER_MAX && (got = read(file, text + size, ANSWER_MAX - size)) > 0)
        size += (size_t)got;
    return got < 0 ? -1 : (ssize_t)size;
}

bool status_ask(const char *run, char **out, struct failure *why)
{
    char path[SOCKET_PATH];

    if (!path_make(run, path, FAIL_AGENT_SILENT, why))
        return false;
    int file = unix_connect(path, FAIL_AGENT_SILENT, why);
    if (file < 0)
        return false;
    char *text = malloc(ANSWER_MAX + 1);
    ssize_t size = text ? answer_take(file, text) : 0;
    int error = errno;
    close(file);
    if (text == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the status");
    if (size < 0) {
        free(text);
        return failure_set(why, FAIL_AGENT_SILENT, "%s: %s", path,
                           error == EAGAIN ? "an agent listens there and does not answer" : strerror(error));
    }
    text[size] = '\0';
    *out = text;
    return true;
}
