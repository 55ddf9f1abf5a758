/* What the commands that talk to devices share: their options, and the run itself. */
#ifndef SUTURE_LOADER_CMD_RUN_H
#define SUTURE_LOADER_CMD_RUN_H

#include "keys/base/command.h"
#include "loader/session/job.h"

#define OPTION_FROM                                                                                          \
    {                                                                                                        \
        "from", "DIR", "folder with bundles (else $SUTURE_BUNDLES)"                                          \
    }
#define OPTION_BUNDLE                                                                                        \
    {                                                                                                        \
        "bundle", "FILE", "this bundle instead of searching a folder"                                        \
    }
#define OPTION_STORE                                                                                         \
    {                                                                                                        \
        "store", "DIR", "trust store (else $SUTURE_TRUST)"                                                   \
    }
#define OPTION_RECEIPTS                                                                                      \
    {                                                                                                        \
        "receipts", "DIR", "where receipts go (else $SUTURE_RECEIPTS)"                                       \
    }
#define OPTION_STATION                                                                                       \
    {                                                                                                        \
        "station", "NAME", "name of this station in receipts (else the host's)"                              \
    }
#define OPTION_WAIT                                                                                          \
    {                                                                                                        \
        "wait", "SECONDS", "patience with a device that vanished (20)"                                       \
    }
#define OPTION_CHECK                                                                                         \
    {                                                                                                        \
        "check", "ID=VALUE", "answer to a guided check; may be repeated"                                     \
    }
#define OPTION_ALL                                                                                           \
    {                                                                                                        \
        "all", NULL, "every device at this station's USB and serial ports"                                   \
    }
#define OPTION_CHATTER                                                                                       \
    {                                                                                                        \
        "chatter", NULL, "show what the firmware says on its serial line beside its answers"                 \
    }
#define OPTION_JSON                                                                                          \
    {                                                                                                        \
        "json", NULL, "one JSON object a line instead of text"                                               \
    }
#define OPTION_END                                                                                           \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

/* Runs a job of this kind on every address of the command line, prints a table when there are several, and returns the
 * worst exit code. */
enum exit_code run_jobs(const struct invocation *call, enum job_kind kind);

/* From now on a wish to stop (Ctrl-C and its like) is counted, and ends nothing by itself. */
const volatile int *run_catch_interrupts(void);

extern const struct command command_devices, command_check, command_update, command_resume, command_rollback,
    command_verify, command_receipt, command_trust, command_identify, command_log, command_doctor;

#endif
