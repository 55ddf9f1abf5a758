/* A simulated device's profile: YAML that names a device class file and says what the class does not: where flash, door and
 * control are, timing, the clinical side's state, and what each image does once it boots. A wrong key, type or value, or
 * something missing, is refused with file, line and reason (FAIL_PROFILE). Paths are relative to the profile's folder.
 *
 *   format: 1
 *   device_class: p200.class.yaml
 *   flash: p200.flash                # made by suture-sim factory
 *   door: unix:p200.sock
 *   control: p200.ctl
 *   behaviour:
 *     - version: "2.0.0"
 *       self_test: fail
 *       code: 7
 *
 * All keys with units and defaults: hw-sim/profiles/p200.yaml. */
#ifndef SUTURE_SIM_PROFILE_H
#define SUTURE_SIM_PROFILE_H

#include "agent/port.h"
#include "agent/ports/usb/chapter9.h"
#include "hw-sim/faults.h"
#include "hw-sim/flash.h"
#include "manifests/device_class.h"

#define PROFILE_BEHAVIOUR_MAX 32
#define PROFILE_AREAS_MAX     AREA_COUNT

/* What a door is made of. */
enum door_scheme {
    DOOR_UNIX,
    DOOR_TCP,
    DOOR_PTY,
    DOOR_USB_UNIX, /* usbredir, listening at a path */
    DOOR_USB_TCP,  /* the same on a loopback port */
    DOOR_USB_DIAL, /* usbredir, dialing a path at which QEMU listens */
};
/* Whether the device stands on USB behind its door. */
static inline bool door_is_usb(enum door_scheme scheme)
{
    return scheme >= DOOR_USB_UNIX;
}

enum profile_erased { ERASED_ONES, ERASED_ZEROS };

/* A key in a lock ends with power; a jumper stays where it was put. Both outlast a reset that the agent asked for. */
enum service_switch { SERVICE_JUMPER, SERVICE_KEY };

enum behaviour_self_test { BEHAVIOUR_PASSES, BEHAVIOUR_FAILS, BEHAVIOUR_NEVER_ENDS };

/* What an image does, found by its version or by its sequence number. The first row that fits counts; an image without one
 * boots in the profile's boot_ms and passes. */
struct behaviour {
    char *version;     /* "2.0" or "2.0.0"; NULL: any */
    uint32_t sequence; /* 0: any */
    enum behaviour_self_test self_test;
    uint16_t code;         /* of a failed self test */
    uint32_t self_test_ms; /* from the agent's start to the result */
    uint32_t boot_ms;      /* 0: the profile's */
    bool hang, crash;      /* stands still until the watchdog resets it; or resets at once */
    uint32_t after_ms;     /* from the image's start to the hang or crash; 0: before its agent answers */
};

/* A flash chip beside the first one, and the areas that it holds. */
struct profile_chip {
    uint32_t write_unit, erase_block; /* bytes */
    enum profile_erased erased;
    uint32_t program_us, erase_ms;
    enum area_id *areas;
    unsigned areas_count;
};

struct profile {
    unsigned format;         /* 1 */
    char *device_class;      /* path as written */
    char *hardware_revision; /* NULL: the class's first */
    char *serial;            /* NULL: whatever the factory writes */
    char *flash;             /* path as written */
    char *door, *control; /* "unix:PATH", "tcp:127.0.0.1:PORT", "pty:PATH", "usbredir:…"; PATH; NULL: none */
    enum usb_speed usb_speed;
    uint64_t seed;
    enum profile_erased erased; /* first chip; write unit and erase block are the class's */
    uint32_t program_us, erase_ms;
    uint32_t journal_blocks, log_blocks; /* erase blocks; 0: 2 */
    uint32_t buffer;                     /* bytes of one SMP frame, 256 to 65,535; 0: 2,048 */
    uint32_t buffers; /* frames that wait or are worked on at once; 0: as many as the simulated door keeps */
    uint32_t link_speed;  /* bytes a second in each direction; 0: no limit */
    uint32_t baud;        /* of the line at the door, 8N1; 0: no limit */
    uint32_t boot_ms;     /* from power on or reset to the image's first answer */
    uint32_t watchdog_ms; /* 0: 4,000 */
    enum service_switch service_switch;
    bool service; /* service mode at the start */
    enum use use;
    uint8_t *battery; /* percent; NULL: 100 */
    bool *mains;      /* NULL: true */
    char *settings;   /* text that both images share; NULL: the device has none */
    bool rescue;
    struct behaviour *behaviour;
    unsigned behaviour_count;
    struct fault *faults; /* of the line at the door */
    unsigned faults_count;
    struct profile_chip *chips; /* further ones */
    unsigned chips_count;
};

/* A profile as read, with its class and paths resolved. */
struct profile_file {
    struct profile *content;
    struct device_class *device_class;
    char *path, *flash, *door, *control; /* resolved; door without its kind; NULL where absent */
    enum door_scheme door_scheme;
    const char *hardware_revision;
};

/* FAIL_PROFILE, FAIL_DEVICE_CLASS, or as file_read. */
bool profile_read(const char *path, struct profile_file *out, struct failure *why);
void profile_free(struct profile_file *profile);

/* The behaviour of an image, never NULL. */
const struct behaviour *profile_behaviour(const struct profile *profile, const uint32_t version[3],
                                          uint32_t sequence);

#endif
