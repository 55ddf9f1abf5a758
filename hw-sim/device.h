/* One simulated device: flash, power, cable and clinical side around the real boot loader and the real agent. It has no
 * sockets, no threads and no clock of its own: the caller gives the time in milliseconds, never falling, and so one process
 * runs a thousand devices, in real time or as fast as it can.
 *
 *            device_power_on                    boot_ms
 *   OFF ───────────────────────► BOOT LOADER ───────────► STARTING ──────► RUNNING ──► reset asked for ─► BOOT LOADER
 *    ▲                                ▲                       │ crash, hang   │ crash, hang
 *    └── power lost, from any state   └───── watchdog ◄───────┴──── HUNG ◄────┘
 *
 * The loop of a test, with a client on the other end of the cable:
 *
 *   device_power_on(device, now);
 *   for (;;) {
 *       move bytes: client_send → device_receive, device_send → client_receive   (until nothing moves)
 *       uint64_t wake = device_step(device, now);
 *       now = wake > now ? the lesser of wake and client_wake() : now;           (virtual time)
 *   }
 *
 * Flash takes its time (program_us, erase_ms of the profile): the device then is busy, takes and gives no byte, and its wake
 * time says until when. RAM of the device is overwritten each time it loses power or is reset. */
#ifndef SUTURE_SIM_DEVICE_H
#define SUTURE_SIM_DEVICE_H

#include "agent/agent.h"
#include "hw-sim/cable.h"
#include "hw-sim/clock.h"
#include "hw-sim/faults.h"
#include "hw-sim/placement.h"

enum device_state { DEVICE_OFF, DEVICE_BOOT_LOADER, DEVICE_STARTING, DEVICE_RUNNING, DEVICE_HUNG };

/* What a boot loader is told as the reason of its start, and writes into try marks. */
enum device_reset { RESET_POWER_ON = 1, RESET_ASKED = 2, RESET_WATCHDOG = 3, RESET_CRASH = 4 };

struct device;

/* Where flash is kept: in the profile's file, or in memory (all erased until device_load). */
enum device_flash { DEVICE_IN_FILE, DEVICE_IN_MEMORY };

/* Made of a profile, which must live as long; power is off. FAIL_LAYOUT, FAIL_MEMORY, and as flash_cells_open. */
bool device_open(const struct profile_file *profile, enum device_flash where, struct device **out,
                 struct failure *why);
/* NULL is allowed. */
void device_close(struct device *device);
/* Replaces all of flash by a raw image, as the factory makes one. Only while off. FAIL_FLASH_IMAGE. */
bool device_load(struct device *device, struct span image, struct failure *why);
/* The cells themselves: flash_cells_copy keeps and restores a whole story's state, torn units included; only while off. */
struct flash_cells *device_cells(struct device *device);

/* Power on does nothing to a device that is on. */
void device_power_on(struct device *device, uint64_t now);
/* Takes power away between two operations. */
void device_power_off(struct device *device);
/* Power goes at the `operation`-th operation of flash from now (1: the next; one program of a write unit or one erase of a
 * block is one operation), before it, in the middle of it, or right after. 0 takes it back. */
void device_cut_at(struct device *device, uint64_t operation, enum power_cut cut);
/* Power goes at the first program that brings a slot being staged to `share` (0 to 1) of its image; sparse tails of an image
 * are never programmed, so a share near 1 may not be reached. A negative share takes it back. */
void device_cut_at_share(struct device *device, double share, enum power_cut cut);

/* Bytes for the device. Returns how many were taken; the rest must be offered again. Bytes that reach a device that is off,
 * booting or hung are taken and lost. */
size_t device_receive(struct device *device, struct span bytes, uint64_t now);
/* Bytes from the device, up to `capacity`; returns how many. */
size_t device_send(struct device *device, uint8_t *out, size_t capacity, uint64_t now);
/* The cable's other end came or went: a half-received frame is forgotten. */
void device_link_reset(struct device *device);
/* A push file by DFU: as agent_push. False: the device is busy or its agent does not run, nothing was taken. */
bool device_push(struct device *device, uint64_t offset, struct span bytes, uint64_t now,
                 enum refusal *refusal, struct push_answer *out);
enum push_state device_push_state(const struct device *device);
/* Does what is due, one bounded piece. Returns when it wants to be called again: `now` for at once, CLOCK_NEVER when only
 * bytes or the caller can wake it. */
uint64_t device_step(struct device *device, uint64_t now);

/* What a person at the device changes. The pointers stay valid until device_close. */
struct interlock *device_interlock(struct device *device);
struct cable *device_cable(struct device *device);
/* What its USB is to do next, if it has one: halt the SMP pipes, or leave the bus and come again. */
struct usb_wishes {
    bool stall, leave;
};
struct usb_wishes *device_usb_wishes(struct device *device);
/* What its line does to bytes: begun from the profile's seed and script; for whoever carries the bytes to apply. */
struct faults *device_faults(struct device *device);
/* Begins therapy, unless a trial runs: then false, as a real port refuses it. */
bool device_begin_therapy(struct device *device);
/* What both images share; NULL: nothing. The text is copied. FAIL_MEMORY. */
bool device_settings(struct device *device, const char *text, struct failure *why);

struct device_status {
    enum device_state state;
    /* of the last boot; running SLOT_NONE while off or before the boot loader was done */
    struct boot_outcome boot;
    uint32_t version[3]; /* of the image that runs, from its manifest; zeros when unknown */
    uint64_t boots;      /* since device_open */
    uint64_t operations; /* of flash since device_open */
    bool trial;          /* the agent says that a trial runs */
    bool has_record;
    /* the ruling one, as flash says it now; a torn record is no record to this bystander */
    struct record record;
    struct flash_faults faults;
    uint64_t torn_units;
};
void device_status(const struct device *device, struct device_status *out);
/* The areas of flash for a bystander: reading them disturbs nothing. */
const struct layout *device_layout(const struct device *device);
const struct profile_file *device_profile(const struct device *device);

/* Told of each event as one line of text without a newline: power, boots, resets, trials. */
typedef void device_event(void *context, const struct device *device, const char *text);
void device_on_event(struct device *device, device_event *event, void *context);

#endif
