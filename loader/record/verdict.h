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

/* The release that should run: its manifest's sequence, first bytes of its digest, and the image it names. */
struct verdict_target {
    uint32_t sequence;
    uint8_t image[DIGEST_SIZE];
    uint8_t manifest_id[TRUST_MANIFEST_ID];
};

#define SLOT_BEFORE_UNKNOWN 0xff

struct verdict_question {
    enum intent intent;
    const struct verdict_target *target; /* NULL: any proven image will do */
    uint8_t slot_before;                 /* that ran when the run began; looked at for a rollback only */
};

/* With a proven report. Running on trial is not running: only a settled device gets RETURN. */
struct verdict verdict_of_report(const struct report *report, const struct verdict_question *question);

/* Whether a station may say `said` where the report gives `given`: the same; the reason why nothing changed (nothing to do,
 * refused) with the same disposition; or HOLD for open guided checks, or DO NOT USE. Never a better disposition. */
bool verdict_may_stand(struct verdict said, struct verdict given, enum intent intent);

/* Without a report: by what went wrong, and how far the run had come. Never RETURN. */
enum touched {
    DEVICE_UNTOUCHED,
    DEVICE_STAGED,    /* the other slot may have been written; what ran before runs, and nothing is armed */
    DEVICE_ACTIVATED, /* it was told to restart into another slot */
};
struct verdict verdict_of_failure(enum failure_id id, enum touched touched);

/* What a report that could not be verified means: FAIL_CERTIFICATE when nobody vouches for the device that signed it, else
 * FAIL_REPORT. */
enum failure_id failure_of_report(enum status status);

const char *verdict_outcome(enum exit_code code); /* "verified", "rolled_back", … */
const char *disposition_name(
    enum disposition disposition); /* for machines: "return", "hold", "do_not_use", "untouched" */
const char *disposition_screen(
    enum disposition disposition); /* for people: "RETURN", "HOLD", "DO NOT USE", "UNTOUCHED" */

#endif
