/* struct port of a Linux device: its clinical side asked through hooks and holds. Every hook that hangs, crashes, floods or
 * answers something else than its contract gives the answer that is safe: in use, not in service mode, test failed. */
#ifndef SUTURE_AGENT_PORTS_LINUX_LINUX_PORT_H
#define SUTURE_AGENT_PORTS_LINUX_LINUX_PORT_H

#include "agent/agent.h"
#include "agent/ports/linux/config.h"
#include "agent/ports/linux/hook.h"

/* What the interlock hook said is believed for so long, except before anything is activated, rolled back or reset. */
#define INTERLOCK_FRESH_MS 250
#define HOLDS_FRESH_MS     20 /* the agent asks three times a packet; before a restart they are looked at anew */
/* After a hook that failed, it is not asked for so long: one that hangs would else take all time. */
#define INTERLOCK_AFTER_FAILURE_MS 5000

/* Numbers that the self test's record gets where its program has no say; its own exit code is 1 to 255. */
enum self_test_code {
    SELF_TEST_CRASHED = 0x1000, /* + the signal */
    SELF_TEST_LATE = 0x2001,
    SELF_TEST_FLOODED = 0x2002,
    SELF_TEST_ABSENT = 0x2003,
    SELF_TEST_UNLOCKED = 0x2004, /* therapy could not be locked while the trial runs */
};

struct linux_port {
    struct port port; /* hand its address to the agent */
    const struct config_file *config;
    struct interlock interlock; /* as last asked, without holds */
    uint64_t fresh_until;       /* ms */
    bool failed;                /* the last run of the hook; `interlock` is the safe answer then */
    enum use held;              /* as last looked */
    uint64_t holds_fresh_until; /* ms */
    bool test_started, trial_unlocked;
    struct hook test;
    struct self_test_result test_result;
};

/* Must not be moved afterwards. `layout` is copied. */
void linux_port_start(struct linux_port *port, const struct config_file *config, const struct layout *layout,
                      enum port_link link);
/* Ends a self test that runs. */
void linux_port_end(struct linux_port *port);
/* The answer of an interlock hook: use= and mains= must stand there, and service= unless `service_hook` (NULL: none) says it;
 * battery= may. False when anything of it makes no sense; `out` is then of no use. */
bool interlock_read(const struct hook *hook, const char *service_hook, struct interlock *out);
/* What the identity hook says is the serial number: 1, with `serial` filled; 0: there is no hook; -1: it failed. */
int linux_port_serial(const struct config_file *config, char *serial, size_t capacity);

#endif
