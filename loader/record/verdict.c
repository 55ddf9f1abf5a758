#include "loader/record/verdict.h"

enum { KIND_RECOVERY = 0, KIND_SETTLED = 1 }; /* report field 10, docs/formats.md 3 */
enum { SLOT_IS_BAD = 4 };

/* The image was tried in this device and is marked bad: it is the other slot's, not left from an earlier release. */
static bool trial_was_given_up(const struct report *report, const uint8_t *target)
{
    return report->other.state == SLOT_IS_BAD && digest_equal(report->other.digest, target);
}

struct verdict verdict_of_report(const struct report *report, enum intent intent, const uint8_t *target)
{
    if (!report->has_running || report->boot_kind == KIND_RECOVERY)
        return (struct verdict){EXIT_UNSAFE, DISPOSITION_DO_NOT_USE};
    if (report->boot_kind != KIND_SETTLED)
        return (struct verdict){EXIT_NEEDS_PERSON, DISPOSITION_HOLD};
    if (target == NULL || digest_equal(report->running.digest, target))
        return (struct verdict){EXIT_VERIFIED, DISPOSITION_RETURN};
    if (intent == INTENT_UPDATE && trial_was_given_up(report, target))
        return (struct verdict){EXIT_ROLLED_BACK, DISPOSITION_HOLD};
    if (intent == INTENT_UPDATE)
        return (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_RETURN}; /* the old image is proven to run */
    return (struct verdict){EXIT_FAILED_SAFE, DISPOSITION_HOLD};
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
        /* refused by rule: whatever was staged is not armed, what ran before runs */
        return (struct verdict){code, DISPOSITION_UNTOUCHED};
    default:
        break;
    }
    if (touched == DEVICE_UNTOUCHED)
        return (struct verdict){code == EXIT_UNKNOWN ? EXIT_NO_DEVICE : code, DISPOSITION_UNTOUCHED};
    /* Something had begun, and nothing signed says how it ended. */
    return (struct verdict){exit_worst(code, EXIT_UNKNOWN), DISPOSITION_HOLD};
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
