/* Inside of a simulated device, shared by device.c (its life), device_power.c (power, and flash under it) and
 * device_port.c (what it provides to the agent). */
#ifndef SUTURE_SIM_DEVICE_STATE_H
#define SUTURE_SIM_DEVICE_STATE_H

#include "agent/agent.h"
#include "agent/agent_state.h"
#include "hw-sim/device.h"

#define DEVICE_BUFFER_DEFAULT 2048 /* bytes of a frame, where the profile does not say */

struct device {
    const struct profile_file *profile;
    struct placement placement;
    struct flash_cells *cells;
    struct flash_watch watch;
    struct power power;
    struct layout bystander;

    enum device_state state;
    enum device_reset reset;
    enum power_fate last_fate; /* of the operation at which power went */
    uint64_t now_ms;           /* as the caller last said */
    uint64_t busy_us;          /* flash is at work until then */
    uint64_t start_ms;         /* STARTING: the image's first answer; RUNNING: when that was */
    uint64_t fault_ms;         /* when the running image hangs or crashes */
    uint64_t watchdog_ms;      /* HUNG: when the watchdog bites */
    uint64_t agent_wake_ms;
    uint64_t boots;
    struct boot_outcome boot;
    uint32_t version[3];
    const struct behaviour *behaviour;

    struct interlock interlock;
    struct cable cable;
    struct faults faults;
    struct usb_wishes usb_wishes;
    bool in_waits, out_waits; /* for the cable's speed */
    char *settings;
    bool trial;

    double share; /* negative: no cut at a share is armed */
    enum power_cut share_cut;
    uint64_t share_bytes[2]; /* of each slot's image, once known */

    struct port port;
    struct agent *agent;
    struct agent_memory memory;
    uint8_t *ram; /* what `memory` points into */
    size_t ram_size;

    device_event *event;
    void *event_context;
};

/* Says one line to whoever listens. */
void device_tell(const struct device *device, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Asks device_power.c before each operation of flash. */
void device_watch_flash(struct device *device);
/* Runs a piece of boot loader or agent; false when power went meanwhile: the device then is off. */
bool device_run_powered(struct device *device, void (*work)(void *context), void *context);
void device_lose_power(struct device *device);
/* Overwrites RAM, as after any reset. */
void device_forget_ram(struct device *device);
/* Fills device->port over the device's own flash. */
void device_port_make(struct device *device);

#endif
