/* suture-sim factory: a whole first flash image. */
#include "hw-sim/commands.h"
#include "hw-sim/factory.h"
#include "keys/base/file.h"

#include <time.h>

static bool check_options(const struct invocation *call, struct failure *why)
{
    if (!option_given(call, "root") || !option_given(call, "serial") || !option_given(call, "output"))
        return failure_set(why, FAIL_USAGE, "factory: --root, --serial and --output are needed");
    if (option_given(call, "device-key") != option_given(call, "certificate"))
        return failure_set(
            why, FAIL_USAGE,
            "factory: --device-key and --certificate go together; a device without both has no evidence");
    return true;
}

static bool make(const struct invocation *call, const struct profile_file *profile, struct failure *why)
{
    struct factory_order order = {
        .bundle = call->arguments[0],
        .root = option_value(call, "root", NULL),
        .device_key = option_value(call, "device-key", NULL),
        .certificate = option_value(call, "certificate", NULL),
        .serial = option_value(call, "serial", NULL),
        .now = (uint64_t)time(NULL),
    };
    const char *output = option_value(call, "output", NULL);
    struct factory_result made;

    if (!factory_make(profile, &order, &made, why))
        return false;
    /* it holds the device's private key */
    bool done = file_write(output, flash_cells_raw(made.cells), 0600, why);
    if (done)
        printf("%s: %zu bytes of flash for %s, slot A holds version %u.%u.%u (sequence %u, floor %u)%s\n",
               output, flash_cells_raw(made.cells).size, order.serial, made.plan.version[0],
               made.plan.version[1], made.plan.version[2], made.plan.sequence, made.plan.floor_after,
               order.device_key ? "" : "; no key: its reports prove nothing");
    flash_cells_close(made.cells);
    return done;
}

static enum exit_code run(const struct invocation *call)
{
    struct profile_file profile;
    struct failure why;

    if (!check_options(call, &why) || !profile_read(call->arguments[1], &profile, &why))
        return command_fail(&why);
    bool done = make(call, &profile, &why);
    profile_free(&profile);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"root", "FILE", "root document that everything is verified by, and that the device will trust"},
    {"device-key", "FILE", "private key of this one device"},
    {"certificate", "FILE", "its certificate (suture-key certify)"},
    {"serial", "TEXT", "serial number, as the certificate says it"},
    {"output", "FILE", "the flash image to write"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# the flash of a new pump with version 1 in slot A",
    "suture-sim factory pump-1.0.0.suture p200.yaml --root root.cbor --device-key p200-1.key \\",
    "    --certificate p200-1.cert --serial P200-0001 --output p200.flash",
    NULL,
};

const struct command command_factory = {
    .name = "factory",
    .arguments = "BUNDLE PROFILE.yaml",
    .least_arguments = 2,
    .most_arguments = 2,
    .summary = "make the first flash image of a device from a verified bundle",
    .options = options,
    .examples = examples,
    .run = run,
};
