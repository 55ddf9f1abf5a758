#include "loader/record/verdict.h"

#include <string.h>

enum { KIND_RECOVERY = 0, KIND_SETTLED = 1 }; /* report field 10, docs/formats.md 3 */
enum { SLOT_IS_BAD = 4 };

static bool target_runs(const struct report *report, const struct verdict_target *target)
{
    return digest_equal(report->running.digest, target->image) &&
           memcmp(report->running.manifest_id, target->manifest_id, TRUST_MANIFEST_ID) == 0;
}

/* This very release was tried in this device and is marked bad: not an earlier one of the same image. */
static bool target_was_given_up(const struct report *report, const struct verdict_target *target)
{
    return report->other.state == SLOT_IS_BAD && report->other.sequence == target->sequence &&
           digest_equal(report->other.digest, target->image);
}

struct verdict verdict_of_report(const struct report *report, const struct verdict_question *question)
{
    static const struct verdict verified = {EXIT_VERIFIED, DISPOSITION_RETURN},
                                old_runs = {EXIT_FAILED_SAFE, DISPOSITION_RETURN};
    const struct verdict_target *target = question->target;

    if (!report->has_running || report->boot_kind == KIND_RECOVERY)
        return (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    if (report->boot_kind != KIND_SETTLED)
        return (struct verdict){EXIT_NEEDS_PERSON, DISPOSITION_HOLD};
    if (question->intent == INTENT_ROLLBACK && report->running.slot == question->slot_before)
        return old_runs;
    if (target == NULL || target_runs(report, target))
        return verified;
    if (question->intent == INTENT_UPDATE && target_was_given_up(report, target))
        return (struct verdict){EXIT_ROLLED_BACK, DISPOSITION_HOLD};
    if (question->intent == INTENT_UPDATE)
        return old_runs;
    return (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_HOLD};
}

bool verdict_may_stand(struct verdict said, struct verdict given, enum intent intent)
{
    if (said.code == given.code && said.disposition == given.disposition)
        return true;
    if (said.code == EXIT_UNSAFE)
        return said.disposition == DISPOSITION_DO_NOT_USE;
    if (given.code == EXIT_VERIFIED && said.code == EXIT_NOTHING_TO_DO)
        return intent == INTENT_UPDATE && said.disposition == given.disposition;
    if (given.code == EXIT_VERIFIED && said.code == EXIT_NEEDS_PERSON)
        return said.disposition == DISPOSITION_HOLD;
    if (given.code == EXIT_FAILED_SAFE &&
        (said.code == EXIT_REFUSED_INTERLOCK || said.code == EXIT_REFUSED_BUNDLE))
        return said.disposition == given.disposition;
    return false;
}

struct verdict verdict_of_failure(enum failure_id id, enum touched touched)
{
    enum exit_code code = failure_entry(id)->exit;

    switch (code) {
    case EXIT_UNSAFE:
        return (struct verdict){code, DISPOSITION_DO_NOT_USE};
    case EXIT_NEEDS_PERSON:
    case EXIT_ROLLED_BACK:
        return (struct verdict){code, DISPOSITION_HOLD};
    case EXIT_REFUSED_INTERLOCK:
    case EXIT_REFUSED_BUNDLE:
    case EXIT_USAGE:
    case EXIT_INTERRUPTED:
        /* refused by rule, or stopped by a person: whatever was staged is not armed, what ran before runs */
        if (touched != DEVICE_ACTIVATED)
            return (struct verdict){code, DISPOSITION_UNTOUCHED};
        break;
    default:
        break;
    }
    if (touched == DEVICE_UNTOUCHED)
        return (struct verdict){code == EXIT_UNKNOWN ? EXIT_NO_DEVICE : code, DISPOSITION_UNTOUCHED};
    /* Something had begun, and nothing signed says how it ended. */
    return (struct verdict){exit_worst(code, EXIT_UNKNOWN), DISPOSITION_HOLD};
}

enum failure_id failure_of_report(enum status status)
{
    return status == UNKNOWN_KEY || status == WRONG_SCOPE || status == WITHDRAWN || status == TOO_FEW
               ? FAIL_CERTIFICATE
               : FAIL_REPORT;
}

const char *verdict_outcome(enum exit_code code)
{
    switch (code) {
    case EXIT_VERIFIED:
        return "verified";
    case EXIT_NOTHING_TO_DO:
        return "nothing_to_do";
    case EXIT_REFUSED_INTERLOCK:
        return "refused_interlock";
    case EXIT_REFUSED_BUNDLE:
        return "refused_bundle";
    case EXIT_NO_DEVICE:
        return "no_device";
    case EXIT_NO_PERMISSION:
        return "no_permission";
    case EXIT_FAILED_SAFE:
        return "failed_safe";
    case EXIT_ROLLED_BACK:
        return "rolled_back";
    case EXIT_UNKNOWN:
        return "unknown";
    case EXIT_UNSAFE:
        return "unsafe";
    case EXIT_NEEDS_PERSON:
        return "needs_person";
    case EXIT_USAGE:
        return "usage";
    case EXIT_INTERNAL:
        return "internal";
    case EXIT_LOCAL_IO:
        return "local_io";
    case EXIT_INTERRUPTED:
        return "interrupted";
    }
    return "internal";
}

const char *disposition_name(enum disposition disposition)
{
    static const char *const names[] = {"untouched", "return", "hold", "do_not_use"};
    return names[disposition];
}

const char *disposition_screen(enum disposition disposition)
{
    static const char *const names[] = {"UNTOUCHED", "RETURN", "HOLD", "DO NOT USE"};
    return names[disposition];
}
