#include "tests/bench/real_line.h"

#include "hw-sim/clock.h"
#include "keys/base/file.h"
#include "loader/session/session.h"
#include "tests/support/test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS  10000
#define ANSWER_MS 2000
#define TRIES     5
#define CHUNK_MS  4000 /* as the loader's */

static pid_t simulator_start(const struct pump *pump)
{
    char program[512], ready[600], output[600];
    const char *build = getenv("B") ? getenv("B") : "build";

    snprintf(program, sizeof program, "%s/suture-sim", build);
    snprintf(ready, sizeof ready, "%s/ready", pump->folder);
    snprintf(output, sizeof output, "%s/simulator.log", pump->folder);
    unlink(ready);
    pid_t child = fork();
    if (child == 0) {
        if (freopen(output, "w", stdout) != NULL)
            execl(program, program, "run", pump->profile_path, "--ready-file", ready, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    for (unsigned waited = 0; access(ready, F_OK) != 0; waited += 10) {
        if (waited >= START_MS || waitpid(child, NULL, WNOHANG) != 0)
            fail_msg("%s run %s did not come up", program, pump->profile_path);
        poll(NULL, 0, 10);
    }
    return child;
}

static int time_left(const struct clock *clock, uint64_t wake)
{
    int wait = clock_wait(clock, wake);
    return wait < 0 || wait > 100 ? 100 : wait;
}

static enum client_event job_ends(struct session *session, const struct clock *clock)
{
    for (;;) {
        struct pollfd link = {.fd = session->link.descriptor, .events = POLLIN};
        if (!session_pump(session, clock_now(clock)))
            fail_msg("%s was lost", session->address);
        enum client_event event = client_poll(&session->client, clock_now(clock));
        if (event != CLIENT_WAITING)
            return event;
        if (session_wants_write(session))
            link.events |= POLLOUT;
        poll(&link, 1, time_left(clock, client_wake(&session->client)));
    }
}

/* The image boots meanwhile: it is asked until it answers. */
static struct message_capabilities capabilities_of(struct session *session, const struct clock *clock)
{
    struct message_capabilities caps;

    assert_int_equal(client_request(&session->client, SMP_READ, SMP_GROUP_SUTURE, VERB_CAPABILITIES,
                                    (struct span){NULL, 0}, clock_now(clock), ANSWER_MS, TRIES),
                     OK);
    assert_int_equal(job_ends(session, clock), CLIENT_ANSWER);
    assert_int_equal(message_capabilities_read(client_answer(&session->client), &caps), OK);
    return caps;
}

static enum status read_push(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    const struct buffer *push = context;
    memcpy(data, push->data + offset, size);
    return OK;
}

static uint64_t upload_time_us(struct session *session, const struct clock *clock, const struct buffer *push,
                               uint8_t framing)
{
    struct message_capabilities caps = capabilities_of(session, clock);
    const struct client_transfer transfer = {
        .group = SMP_GROUP_IMAGE,
        .id = IMAGE_UPLOAD,
        .source = {(void *)(uintptr_t)push, push->size, read_push},
        .window = caps.buffer_count,
    };

    session_framings(session, &framing, 1);
    session_packet_max(session, caps.buffer_size);
    uint64_t start = clock_now_us(clock);
    assert_int_equal(client_transfer_start(&session->client, &transfer, clock_now(clock), CHUNK_MS, TRIES),
                     OK);
    assert_int_equal(job_ends(session, clock), CLIENT_DONE);
    assert_int_equal(client_progress(&session->client)->sent, push->size);
    return clock_now_us(clock) - start;
}

uint64_t real_time_us(struct pump *pump, const struct buffer *push, uint32_t baud, uint8_t framing)
{
    struct session session;
    struct clock clock;
    struct failure why;
    char address[600];

    if (!file_write(pump_file(pump, "flash.bin"), span_used(&pump->first), 0600, &why))
        fail_msg("%s", why.what);
    clock_start(&clock, CLOCK_REAL);
    pid_t simulator = simulator_start(pump);
    snprintf(address, sizeof address, "serial:%s/p.tty@%u", pump->folder, (unsigned)baud);
    if (!session_init(&session, address, &why) || !session_connect(&session, clock_now(&clock), &why))
        fail_msg("%s", why.what);
    uint64_t us = upload_time_us(&session, &clock, push, framing);
    session_free(&session);
    kill(simulator, SIGTERM);
    waitpid(simulator, NULL, 0);
    return us;
}
