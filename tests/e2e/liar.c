/* A device that lies: it stands between a loader and a simulated pump and bends the pump's answers, so that a story reaches
 * any phase of a real update before the lie begins.
 *
 *   liar unix:PATH|pty:PATH|tcp:127.0.0.1:PORT PUMP.sock RULE…
 *                                       a rule: VERB[+N]=LIE; it holds from the N-th answer of that verb on. Says first where
 *                                       it can be reached
 *
 *   number:KEY:VALUE   text:KEY:VALUE   in every answer of the verb
 *   off:forward|backward|beyond|still|random      the offset of a transfer
 *   silent   no answer of this verb any more      deaf    none to anything
 *   gone     the address vanishes, for good       noise   bytes without end and sense, and nothing else
 *   wrong    packets without end that answer nobody, and nothing else      crowd   the same among the answers */
#include "agent/protocol/frame_raw.h"
#include "agent/protocol/messages.h"
#include "hw-sim/door.h"
#include "keys/base/steady.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RULES_MAX 8

enum flood { FLOOD_NONE, FLOOD_NOISE, FLOOD_WRONG, FLOOD_CROWD };

struct rule {
    uint16_t group;
    uint8_t id;
    unsigned after, answers;
    const char *lie;
};

static struct rule rules[RULES_MAX];
static size_t rule_count;
static struct door door;
static const char *upstream;
static int pump = -1;
static struct frame_raw frame;
static uint8_t frame_memory[8192];
static uint64_t chance = 1;
static enum flood flood;
static bool deaf, gone;

static void usage(const char *word)
{
    fprintf(stderr, "liar: %s is not understood\n", word);
    exit(64);
}

static uint8_t dice(void)
{
    chance = chance * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(chance >> 56);
}

static void read_rule(const char *word)
{
    static const struct {
        const char *name;
        uint16_t group;
        uint8_t id;
    } verbs[] = {{"capabilities", SMP_GROUP_SUTURE, VERB_CAPABILITIES},
                 {"identity", SMP_GROUP_SUTURE, VERB_IDENTITY},
                 {"preflight", SMP_GROUP_SUTURE, VERB_PREFLIGHT},
                 {"check", SMP_GROUP_SUTURE, VERB_CHECK},
                 {"activate", SMP_GROUP_SUTURE, VERB_ACTIVATE},
                 {"report", SMP_GROUP_SUTURE, VERB_REPORT},
                 {"log", SMP_GROUP_SUTURE, VERB_LOG},
                 {"upload", SMP_GROUP_IMAGE, IMAGE_UPLOAD}};
    const char *lie = strchr(word, '=');
    size_t name = strcspn(word, "+=");

    if (lie == NULL || rule_count == RULES_MAX)
        usage(word);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strlen(verbs[i].name) == name && strncmp(verbs[i].name, word, name) == 0) {
            unsigned after = word[name] == '+' ? (unsigned)strtoul(word + name + 1, NULL, 10) : 0;
            rules[rule_count++] = (struct rule){verbs[i].group, verbs[i].id, after, 0, lie + 1};
            return;
        }
    usage(word);
}

/* Lies ------------------------------------------------------------------------------------------------------------- */

/* The body with another value for `key`; without that key it stays as it is. */
static void replace(struct buffer *body, const char *key, struct span value)
{
    static uint8_t memory[8192];
    struct buffer bent = buffer_over(memory, sizeof memory);
    struct cbor at;
    struct span old;

    if (smp_find(span_used(body), key, &at) != OK || cbor_skip(&at, &old) != OK)
        return;
    size_t before = (size_t)(old.data - body->data);
    buffer_append(&bent, span_first(span_used(body), before));
    buffer_append(&bent, value);
    buffer_append(&bent, span_from(span_used(body), before + old.size));
    body->size = 0;
    buffer_append(body, span_used(&bent));
}

static void replace_number(struct buffer *body, const char *key, uint64_t number)
{
    uint8_t head[9];
    replace(body, key, span_of(head, cbor_head(head, 0, number)));
}

/* KEY:VALUE */
static void replace_words(struct buffer *body, const char *words, const char *kind)
{
    uint8_t memory[512];
    struct buffer value = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&value);
    size_t length = strcspn(words, ":");
    char key[32];

    if (words[length] != ':' || length >= sizeof key)
        usage(words);
    snprintf(key, sizeof key, "%.*s", (int)length, words);
    if (strcmp(kind, "number") == 0)
        cbor_put_uint(&writer, strtoull(words + length + 1, NULL, 10));
    else
        cbor_put_text(&writer, words + length + 1);
    replace(body, key, span_used(&value));
}

static void bend_offset(struct buffer *body, const char *how)
{
    struct cbor at;
    uint64_t offset = 0;

    if (smp_find(span_used(body), "off", &at) != OK || cbor_uint(&at, &offset) != OK)
        return;
    if (strcmp(how, "forward") == 0)
        offset += 777;
    else if (strcmp(how, "backward") == 0)
        offset /= 2;
    else if (strcmp(how, "beyond") == 0)
        offset = UINT64_C(1) << 40;
    else if (strcmp(how, "still") == 0)
        offset = 100;
    else
        offset = 1 + (offset * dice()) / 128;
    replace_number(body, "off", offset);
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* False: nothing is answered. */
static bool tell_lie(const char *lie, struct buffer *body)
{
    if (begins(lie, "number:"))
        replace_words(body, lie + 7, "number");
    else if (begins(lie, "text:"))
        replace_words(body, lie + 5, "text");
    else if (begins(lie, "off:"))
        bend_offset(body, lie + 4);
    else if (strcmp(lie, "silent") == 0)
        return false;
    else if (strcmp(lie, "deaf") == 0)
        deaf = true;
    else if (strcmp(lie, "gone") == 0)
        gone = true;
    else if (strcmp(lie, "noise") == 0)
        flood = FLOOD_NOISE;
    else if (strcmp(lie, "wrong") == 0)
        flood = FLOOD_WRONG;
    else if (strcmp(lie, "crowd") == 0)
        flood = FLOOD_CROWD;
    else
        usage(lie);
    return true;
}

/* Way of a packet -------------------------------------------------------------------------------------------------- */

static void say(struct smp_header header, struct span body)
{
    uint8_t bytes[SMP_HEADER_SIZE];

    header.length = (uint16_t)body.size;
    smp_header_write(&header, bytes);
    if (sizeof bytes + body.size > door.out.capacity - door.out.size)
        return;
    buffer_append(&door.out, span_of(bytes, sizeof bytes));
    buffer_append(&door.out, body);
}

static void answered(struct span packet)
{
    static uint8_t memory[8192];
    struct buffer body = buffer_over(memory, sizeof memory);
    struct smp_header header;
    bool told = true;

    if (smp_header_read(packet, &header) != OK)
        return;
    buffer_append(&body, span_from(packet, SMP_HEADER_SIZE));
    for (size_t i = 0; i < rule_count; i++)
        if (rules[i].group == header.group && rules[i].id == header.id &&
            rules[i].answers++ >= rules[i].after)
            told = tell_lie(rules[i].lie, &body) && told;
    if (told && !deaf && !gone && (flood == FLOOD_NONE || flood == FLOOD_CROWD))
        say(header, span_used(&body));
}

static void hang_up(void)
{
    if (pump >= 0)
        close(pump);
    pump = -1;
    frame_raw_start(&frame, buffer_over(frame_memory, sizeof frame_memory));
}

static void from_pump(void)
{
    uint8_t bytes[512];
    struct span packet;
    ssize_t got = read(pump, bytes, sizeof bytes);

    if (got <= 0) {
        hang_up();
        if (door.kind != &door_pty)
            door_shut(&door); /* the pump restarts, and takes its port along */
        return;
    }
    struct span rest = span_of(bytes, (size_t)got);
    while (frame_raw_take(&frame, &rest, &packet) == OK)
        answered(packet);
}

static void to_pump(void)
{
    struct failure why;

    if (door.in.size == 0)
        return;
    if (pump < 0)
        pump = unix_connect(upstream, FAIL_DOOR, &why);
    ssize_t put = pump < 0 ? 0 : write(pump, door.in.data, door.in.size);
    if (put < (ssize_t)door.in.size) {
        hang_up();
        if (door.kind != &door_pty)
            door_shut(&door);
    }
    door.in.size = 0;
}

static void pour(void)
{
    const struct smp_header nobody = {.version = 1,
                                      .op = SMP_READ_RESPONSE,
                                      .group = SMP_GROUP_SUTURE,
                                      .sequence = 0xee,
                                      .id = VERB_STATUS};
    static const uint8_t map[] = {0xa0};

    door_babbles(&door, flood == FLOOD_NOISE);
    while (flood == FLOOD_NOISE && door.out.size < door.out.capacity)
        door.out.data[door.out.size++] = dice();
    while (flood >= FLOOD_WRONG && door.out.size < door.out.capacity / 4)
        say(nobody, span_of(map, sizeof map));
}

/* The pump is free for whoever comes to it. */
static void vanish(void)
{
    door_shut(&door);
    hang_up();
}

static void turn(void)
{
    struct pollfd polls[DOOR_POLLS + 1];
    struct failure why;

    if (gone)
        vanish();
    else if (!door_open(&door, &why))
        usage(why.what);
    if (door_changed(&door) && door.kind != &door_pty)
        hang_up();
    pour();
    door_flow(&door, steady_us());
    to_pump();
    door_watch(&door, polls, steady_us());
    polls[DOOR_POLLS] = (struct pollfd){pump, POLLIN, 0};
    poll(polls, DOOR_POLLS + 1, 20);
    door_serve(&door, polls, steady_us());
    if (pump >= 0 && polls[DOOR_POLLS].fd == pump && polls[DOOR_POLLS].revents != 0)
        from_pump();
}

static const struct door_kind *kind_of(const char *address)
{
    if (begins(address, "unix:"))
        return &door_unix;
    if (begins(address, "pty:"))
        return &door_pty;
    if (begins(address, "tcp:"))
        return &door_tcp;
    usage(address);
    return NULL;
}

static void open_first(const char *address)
{
    char reached[DOOR_ADDRESS];
    struct failure why;

    door_start(&door, kind_of(address), strchr(address, ':') + 1, 0, NULL);
    if (!door_open(&door, &why))
        usage(why.what);
    door.kind->address(&door, reached);
    puts(reached);
    fflush(stdout);
}

int main(int count, char **words)
{
    if (count < 3)
        usage("so few words");
    for (int i = 3; i < count; i++)
        read_rule(words[i]);
    upstream = words[2];
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* a story that is ended leaves nobody behind */
    hang_up();
    open_first(words[1]);
    for (;;)
        turn();
}
