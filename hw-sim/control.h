/* The control socket of one simulated device: one line asks, one line answers, several clients at a time.
 *
 *   power-cut now | at-operation N [before|torn|after] | at-share S [before|torn|after]     power-on
 *   cable pull|plug      mute on|off       babble on|off      service on|off
 *   therapy on|off       patient on|off    alarm on|off       battery N [mains|no-mains]
 *   settings TEXT        status            wait STATE [SECONDS]
 *   usb stall|reset      on a USB door: halts the SMP pipes; leaves the bus and comes again
 *   faults               faults off        faults KIND KEY=VALUE … (hw-sim/faults.h; on a line's wire)
 *
 * Answers: "ok", "ok TEXT" (status: one JSON object), or "error NUMBER TEXT" with a number of keys/base/failure.h. */
#ifndef SUTURE_SIM_CONTROL_H
#define SUTURE_SIM_CONTROL_H

#include "hw-sim/device.h"
#include "keys/base/unix_socket.h"

#include <poll.h>

#define CONTROL_CLIENTS 8
#define CONTROL_LINE    1100 /* bytes of a question */
#define CONTROL_ANSWER  2048
#define CONTROL_POLLS   (1 + CONTROL_CLIENTS)

/* What a client waits for. */
enum control_state {
    WAIT_OFF,
    WAIT_ON, /* the image answers */
    WAIT_HUNG,
    WAIT_RECOVERY, /* the boot loader stays: nothing verified runs */
    WAIT_STAGED,   /* a slot holds a staged image */
    WAIT_TRIAL,
    WAIT_SETTLED,     /* what runs is the ruling record's primary, and no trial */
    WAIT_CONFIRMED,   /* settled, and the last trial was confirmed */
    WAIT_ROLLED_BACK, /* settled, and the last trial was given up */
    WAIT_STATES
};
extern const char *const control_state_names[WAIT_STATES];

struct control_client {
    int file; /* -1: free */
    char line[CONTROL_LINE];
    size_t size;
    bool waiting;
    enum control_state state;
    uint64_t until_ms;
};

struct control {
    struct device *device; /* borrowed */
    struct unix_listener listener;
    struct control_client clients[CONTROL_CLIENTS];
};

/* FAIL_CONTROL. */
bool control_open(struct control *control, const char *path, struct device *device, struct failure *why);
void control_close(struct control *control);
void control_watch(const struct control *control, struct pollfd polls[CONTROL_POLLS]);
void control_serve(struct control *control, const struct pollfd polls[CONTROL_POLLS], uint64_t now);
/* Answers who waited long enough or for what now is. Returns when it wants to be asked again, ms. */
uint64_t control_settle(struct control *control, uint64_t now);

/* control_verbs.c: carries one question out. The answer is written as one line without its end; false: none yet, the
 * client waits, `state` and `until_ms` say for what. The line is cut into words in place. */
bool control_answer(struct device *device, char *line, uint64_t now, char answer[CONTROL_ANSWER],
                    struct control_client *client);
bool control_reached(const struct device *device, enum control_state state);

#endif
