/* The verdict on a device, derived from what it signed. A pure function, so that a receipt's verdict can be derived again
 * years later. Outcomes and exit codes: docs/formats.md, "exit codes". */
#ifndef SUTURE_LOADER_RECORD_VERDICT_H
#define SUTURE_LOADER_RECORD_VERDICT_H

#include "keys/base/failure.h"
#include "manifests/report.h"

enum disposition { DISPOSITION_UNTOUCHED, DISPOSITION_RETURN, DISPOSITION_HOLD, DISPOSITION_DO_NOT_USE };

struct verdict {
    enum exit_code code;
    enum disposition disposition;
};

/* What was asked for. */
enum intent { INTENT_UPDATE, INTENT_VERIFY, INTENT_ROLLBACK };

/* With a proven report. `target` is the SHA-256 of the image that should run; NULL when any proven image will do. */
struct verdict verdict_of_report(const struct report *report, enum intent intent, const uint8_t *target);

/* Without a report: by what went wrong, and whether anything had been changed in the device. */
enum touched { DEVICE_UNTOUCHED, DEVICE_TOUCHED };
struct verdict verdict_of_failure(enum failure_id id, enum touched touched);

const char *verdict_outcome(enum exit_code code); /* "verified", "rolled_back", … */
const char *disposition_name(
    enum disposition disposition); /* for machines: "return", "hold", "do_not_use", "untouched" */
const char *disposition_screen(
    enum disposition disposition); /* for people: "RETURN", "HOLD", "DO NOT USE", "UNTOUCHED" */

#endif
