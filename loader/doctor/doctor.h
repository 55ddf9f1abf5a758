/* The doctor: looks at this station before a device is touched, and says of each thing that could be in the way whether it
 * is well, or what is wrong and the command that mends it. It changes nothing.
 *
 * What it looks at comes through `struct doctor_world`: doctor_here fills it from this computer; a test makes one up. */
#ifndef SUTURE_LOADER_DOCTOR_DOCTOR_H
#define SUTURE_LOADER_DOCTOR_DOCTOR_H

#include "keys/base/failure.h"
#include "loader/link/port_holder.h"
#include "loader/record/folders.h"

#include <stdint.h>
#include <sys/types.h>

enum grade {
    GRADE_WELL,
    GRADE_HINT, /* the station works; a person should know */
    GRADE_MEND, /* something will not work until it is mended */
};

/* One finding. All texts are harmless on a terminal. */
struct finding {
    const char *check; /* "port", "modem-manager", "udev-rule", "clock", "disk", "trust" or "bundles" */
    enum grade grade;
    enum failure_id id; /* FAIL_NONE unless GRADE_MEND */
    char what[512];     /* one line */
    char mend[1024];    /* what to type or do; empty when it is well */
};

/* A serial port as this user sees it. */
struct port_facts {
    gid_t group;
    char group_name[64]; /* "" when the group has no name */
    mode_t mode;
    bool adapter; /* on USB: the udev rule is about it */
    bool usable;  /* this process may read and write it */
    bool held;    /* by `holder` */
    struct port_holder holder;
};

#define DOCTOR_GROUPS_MAX 256

struct doctor_world {
    const char *root;    /* stands before /proc and udev's folders; "" on a real computer */
    uint64_t now, built; /* seconds since 1970: clock; time stamp of this program, 0: not known */
    uid_t user;
    char user_name[64];
    gid_t groups[DOCTOR_GROUPS_MAX]; /* of this process */
    size_t group_count;
    char store[FOLDER_NAME_MAX], receipts[FOLDER_NAME_MAX], bundles[FOLDER_NAME_MAX];
    /* False: there is no such port (any more). */
    bool (*port)(const char *path, struct port_facts *out);
    /* Whether the group database lists the user in this group, whatever this process has. */
    bool (*listed)(const struct doctor_world *world, gid_t group);
    /* Whether this user may write into an existing folder; bytes that are free there. */
    bool (*writable)(const char *folder);
    bool (*room)(const char *folder, uint64_t *bytes);
    /* Whether something keeps the clock right. */
    bool (*clock_kept)(void);
};

/* This computer and this user, with these folders of the command line (NULL: as folder_name). FAIL_STORE. */
bool doctor_here(struct doctor_world *world, const char *store, const char *receipts, const char *bundles,
                 struct failure *why);

struct diagnosis {
    unsigned counts[GRADE_MEND + 1];
    enum exit_code code; /* EXIT_VERIFIED, or the worst of the findings to be mended */
};

/* Calls `tell` with every finding, in the order of the checks above. */
void doctor_look(const struct doctor_world *world, void (*tell)(void *context, const struct finding *finding),
                 void *context, struct diagnosis *out);

/* The udev rule that gives serial adapters to whoever sits at the station and keeps ModemManager off them: a file's text. */
extern const char doctor_udev_rule[];

/* "well", "hint" or "mend". */
const char *grade_name(enum grade grade);

#endif
