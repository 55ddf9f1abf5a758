/* The table of steps. */
#include "loader/session/job_inner.h"

const struct job_row job_rows[STEP_END] = {
    [STEP_CAPABILITIES] = {"capabilities", capabilities_enter, capabilities_answer},
    [STEP_IDENTITY] = {"identity", identity_enter, identity_answer},
    [STEP_GATHER] = {"gather", gather_enter, NULL},
    [STEP_PREFLIGHT] = {"preflight", preflight_enter, preflight_answer},
    [STEP_TRUST] = {"trust", trust_enter, trust_answer},
    [STEP_CHECK] = {"check", check_enter, check_answer},
    [STEP_SEND] = {"send", send_enter, send_answer},
    [STEP_ACTIVATE] = {"activate", activate_enter, resets},
    [STEP_ROLLBACK] = {"rollback", rollback_enter, resets},
    [STEP_AWAY] = {"identity", away_enter, away_answer},
    [STEP_CONFIRM] = {"confirm", confirm_enter, confirm_answer},
    [STEP_AGAIN] = {"identity", identity_enter, again_answer},
    [STEP_WHY] = {"preflight", preflight_enter, why_answer},
    [STEP_REPORT] = {"report", report_enter, report_answer},
    [STEP_LOG] = {"log", log_enter, log_answer},
};
