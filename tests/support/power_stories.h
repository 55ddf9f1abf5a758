/* The stories that the power proof tells and cuts. */
#ifndef SUTURE_TESTS_SUPPORT_POWER_STORIES_H
#define SUTURE_TESTS_SUPPORT_POWER_STORIES_H

#include "tests/support/power.h"

extern const struct power_story story_update, story_update_with_floor, story_technician, story_failing_trial,
    story_silent_trial, story_watchdog, story_rotten_trial, story_rotten_primary, story_rollback,
    story_rollback_on_trial, story_abort_staged, story_abort_half, story_repair, story_replaced_half,
    story_replaced_whole, story_other_stream, story_root;

#endif
