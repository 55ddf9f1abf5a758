/* The first state of a device (docs/formats.md 2, "Factory"): slot A good, META_A, record 1 settled, identity, root document,
 * empty log and journal. Everything is proven before a byte is written: the push file by the root document, the certificate
 * by the root document, the key by the certificate, the serial number by both. The records come last, so that a factory that
 * is cut leaves a device that does not boot, not one that half does. */
#ifndef SUTURE_AGENT_PORTS_LINUX_PROVISION_H
#define SUTURE_AGENT_PORTS_LINUX_PROVISION_H

#include "agent/ports/linux/config.h"
#include "manifests/plan.h"

struct provision_order {
    const char *push, *root; /* paths; the push file's stream needs no older image */
    /* Paths. Both NULL: a device that can't prove anything. The key alone NULL: the hook `sign` has it. */
    const char *device_key, *certificate;
    const char *serial;
    uint64_t now; /* seconds since 1970: which keys of the root document still count */
    enum { PROVISION_NEW, PROVISION_AGAIN } what; /* NEW refuses a disk that holds records */
};

/* `out` is what slot A was made from. FAIL_ROOT_*, FAIL_KEY_*, FAIL_CERTIFICATE, FAIL_AGENT_PUSH, FAIL_AGENT_DISK,
 * FAIL_AGENT_LOCKED, FAIL_AGENT_BOOT_CONTROL, FAIL_FILE_EXISTS. */
bool provision(const struct config_file *config, const struct provision_order *order, struct plan *out,
               struct failure *why);

#endif
