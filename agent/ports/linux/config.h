/* The agent's configuration on Linux: YAML by a strict schema, as recipes and profiles are, so that a wrong key, type or value
 * is refused with file, line and reason (FAIL_AGENT_CONFIG). It is read once, at start. Relative paths count from the file's
 * folder. docs/port.md, "The Linux port", lists all keys.
 *
 *   format: 1
 *   device_class: /etc/suture/pump.class.yaml
 *   hardware_revision: B
 *   state: /dev/disk/by-partlabel/suture
 *   slot_a: /dev/disk/by-partlabel/system-a
 *   slot_b: /dev/disk/by-partlabel/system-b
 *   boot: records
 *   doors: ["unix:/run/suture/door"]
 *   hooks:
 *     interlock: /usr/lib/suture/interlock
 *     self_test: /usr/lib/suture/self-test
 *     reset: /usr/lib/suture/reset */
#ifndef SUTURE_AGENT_PORTS_LINUX_CONFIG_H
#define SUTURE_AGENT_PORTS_LINUX_CONFIG_H

#include "manifests/device_class.h"

#define CONFIG_DOORS_MAX   4
#define CONFIG_BLOCK       (4u * 1024 * 1024) /* a flush costs many disks 5 to 20 ms, and each block two */
#define CONFIG_BLOCK_LEAST 4096u
#define CONFIG_BLOCK_MOST  (64u * 1024 * 1024)
/* Bytes of one SMP frame unless the file says otherwise. 32 KiB are quicker on a socket or USB's bulk pipes, but the same number
 * holds for the serial port, where other clients give up before so long a frame is through. */
#define CONFIG_BUFFER 16384u

/* Programs of the device; absolute paths after reading, NULL where there is none. */
struct config_hooks {
    char *interlock; /* required */
    char *service;   /* NULL: the interlock says it */
    char *self_test; /* required */
    char *settings, *identity, *trial, *sign;
    char *reset; /* required */
};

struct config_usb {
    char *controller; /* name under /sys/class/udc; NULL: the only one there is */
    uint16_t vendor_id, product_id;
    char *manufacturer, *product; /* NULL: the class file's vendor_name and model */
};

/* Times are seconds; 0 is the default. */
struct config {
    unsigned format;         /* 1 */
    char *device_class;      /* path */
    char *hardware_revision; /* NULL: the class's first */
    char *state, *slot_a, *slot_b;
    uint64_t block;  /* bytes of a slot between two flushes, a power of two; 0: CONFIG_BLOCK */
    uint32_t buffer; /* bytes of one SMP frame, 256 to 65,535; 0: CONFIG_BUFFER */
    char *run;       /* folder of what ends with the machine; NULL: /run/suture */
    char *boot;      /* "records", "uboot:FILE" (its fw_env.config), or a program */
    char **doors;    /* "unix:PATH", "tcp:PORT" (loopback), "tty:PATH[@BAUD]", "usb" */
    unsigned doors_count;
    struct config_hooks *hooks;
    struct config_usb *usb;     /* needed for the door "usb" */
    uint32_t hook_seconds;      /* 0: 2 */
    uint32_t self_test_seconds; /* 0: 300 */
};

enum config_boot { CONFIG_BOOT_RECORDS, CONFIG_BOOT_UBOOT, CONFIG_BOOT_PROGRAM };

/* As read, with class and paths resolved. */
struct config_file {
    struct config *content;
    struct device_class *device_class;
    const char *hardware_revision;
    char *path, *state, *slot_a, *slot_b, *run; /* resolved */
    enum config_boot boot;
    char *boot_path;    /* of fw_env.config or the program; NULL for records */
    uint32_t block;     /* bytes */
    uint64_t slot_size; /* bytes, whole blocks, at least the class's */
    uint32_t buffer;    /* bytes */
    uint32_t hook_seconds, self_test_seconds;
};

/* FAIL_AGENT_CONFIG, FAIL_DEVICE_CLASS, or as file_read. The hooks are looked at too: each must be a program that only root
 * and its owner, the agent's own user, may change. */
bool config_read(const char *path, struct config_file *out, struct failure *why);
void config_free(struct config_file *config);

#define CONFIG_PATH "/etc/suture/agent.yaml" /* unless --config says otherwise */

#endif
