/* suture doctor: what is in the way at this station; or the udev rule for its serial adapters. */
#include "loader/cmd/run.h"

#include "loader/doctor/doctor.h"
#include "loader/show/show_finding.h"

#include <stdlib.h>

static void tell(void *context, const struct finding *finding)
{
    show_finding(context, finding);
}

static enum exit_code look(const struct invocation *call, struct doctor_world *world)
{
    struct diagnosis diagnosis;
    struct failure why;
    struct show show;

    show_init(&show, stdout, option_given(call, "json") ? SHOW_FOR_MACHINES : SHOW_FOR_PEOPLE);
    if (!doctor_here(world, option_value(call, "store", NULL), option_value(call, "receipts", NULL),
                     option_value(call, "from", NULL), &why))
        return command_fail(&why);
    doctor_look(world, tell, &show, &diagnosis);
    show_diagnosis(&show, &diagnosis);
    return diagnosis.code;
}

static enum exit_code doctor(const struct invocation *call)
{
    struct doctor_world *world;
    struct failure why;
    enum exit_code code;

    if (option_given(call, "udev-rule")) {
        fputs(doctor_udev_rule, stdout);
        return EXIT_VERIFIED;
    }
    world = malloc(sizeof *world);
    if (world == NULL) {
        failure_set(&why, FAIL_MEMORY, "doctor");
        return command_fail(&why);
    }
    code = look(call, world);
    free(world);
    return code;
}

static const struct command_option options[] = {
    OPTION_FROM,
    OPTION_STORE,
    OPTION_RECEIPTS,
    {"udev-rule", NULL, "only print the udev rule for serial adapters, for a file of /etc/udev/rules.d"},
    OPTION_JSON,
    OPTION_END};
static const char *const examples[] = {
    "# before the first device of the day: is anything in the way, and which command mends it?",
    "suture doctor",
    "# only what must be mended, for a script",
    "suture doctor --json | jq -r 'select(.grade == \"mend\").mend'",
    "# once for each station: adapters for whoever sits there, and no ModemManager on them",
    "suture doctor --udev-rule | sudo tee /etc/udev/rules.d/60-suture-serial.rules",
    NULL};

const struct command command_doctor = {
    "doctor",
    "",
    0,
    0,
    "look at this station, and say what is in the way and which command mends it",
    options,
    examples,
    doctor,
};
