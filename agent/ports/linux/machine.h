/* A running agent: engine, storage, port, boot control and doors of one device, and the loop that moves bytes between them.
 * One thread; nothing is allocated once it runs. */
#ifndef SUTURE_AGENT_PORTS_LINUX_MACHINE_H
#define SUTURE_AGENT_PORTS_LINUX_MACHINE_H

#include "agent/agent_state.h"
#include "agent/ports/linux/boot_control.h"
#include "agent/ports/linux/door.h"
#include "agent/ports/linux/gadget.h"
#include "agent/ports/linux/linux_port.h"
#include "agent/ports/linux/status.h"
#include "agent/ports/linux/storage.h"

#define MACHINE_DOORS_MAX (CONFIG_DOORS_MAX + 1) /* usb is two: bulk pipes and a serial line */
#define MACHINE_OUTPUT    (8u * 1024)            /* bytes of decoded pieces */
#define MACHINE_PAGE      (64u * 1024)           /* bytes of flash work and read-back */

struct machine {
    struct config_file config;
    struct storage storage;
    struct linux_port port;
    struct boot_outcome boot;
    struct agent agent;
    struct agent_memory memory;
    uint8_t *ram;         /* what `memory` points into */
    struct gadget gadget; /* all zero: none */
    struct dfu_taker dfu_taker;
    struct door doors[MACHINE_DOORS_MAX];
    unsigned door_count;
    struct door *asker; /* whom the next answer is for; NULL: nobody */
    struct unix_listener status;
    uint32_t told;       /* number of the record of which the boot loader has a copy */
    uint64_t tell_again; /* ms: after a copy that could not be made */
    bool waits;          /* with its reset until the device is free; said once */
};

enum machine_end { MACHINE_ENDED, MACHINE_RESET, MACHINE_FAILED };

/* Reads the configuration and opens all of it; at the end the agent has started. MACHINE_ENDED: it runs. MACHINE_RESET: the boot
 * loader must start another slot first. MACHINE_FAILED: `why`. */
enum machine_end machine_open(struct machine *machine, const char *config, struct failure *why);
/* Until `signals` (a signalfd) is readable: MACHINE_ENDED; or the device must restart: MACHINE_RESET. */
enum machine_end machine_run(struct machine *machine, int signals, struct failure *why);
/* Runs the reset hook. FAIL_AGENT_HOOK. */
bool machine_reset(const struct machine *machine, struct failure *why);
void machine_close(struct machine *machine);

#endif
