/* suture-agent factory: prepares state and slots of a new device. */
#include "agent/ports/linux/commands.h"
#include "agent/ports/linux/linux_port.h"
#include "agent/ports/linux/provision.h"
#include "keys/certificate.h"

#include <time.h>

static bool order_read(const struct invocation *call, struct provision_order *out, struct failure *why)
{
    *out = (struct provision_order){
        .push = option_value(call, "push", NULL),
        .root = option_value(call, "root", NULL),
        .device_key = option_value(call, "device-key", NULL),
        .certificate = option_value(call, "certificate", NULL),
        .serial = option_value(call, "serial", NULL),
        .now = (uint64_t)time(NULL),
        .what = option_given(call, "again") ? PROVISION_AGAIN : PROVISION_NEW,
    };
    if (out->push == NULL || out->root == NULL)
        return failure_set(why, FAIL_USAGE, "factory: --push and --root are needed");
    if (out->device_key != NULL && out->certificate == NULL)
        return failure_set(why, FAIL_USAGE, "factory: a key without --certificate proves nothing");
    return true;
}

/* Without --serial the device itself says who it is. */
static bool serial_find(const struct config_file *config, struct provision_order *order,
                        char serial[SERIAL_MAX + 1], struct failure *why)
{
    if (order->serial != NULL)
        return true;
    order->serial = serial;
    return linux_port_serial(config, serial, SERIAL_MAX + 1) > 0 ||
           failure_set(why, FAIL_USAGE, "factory: --serial, or a hook identity that prints serial=");
}

static bool make(const struct config_file *config, struct provision_order *order, struct failure *why)
{
    char serial[SERIAL_MAX + 1];
    struct plan plan;

    if (!serial_find(config, order, serial, why) || !provision(config, order, &plan, why))
        return false;
    printf("%s: slot A holds version %u.%u.%u (sequence %u, floor %u)%s\n", order->serial, plan.version[0],
           plan.version[1], plan.version[2], plan.sequence, plan.floor_after,
           order->certificate ? "" : "; no certificate: its reports prove nothing");
    return true;
}

static enum exit_code run(const struct invocation *call)
{
    struct provision_order order;
    struct config_file config;
    struct failure why;

    if (!order_read(call, &order, &why) ||
        !config_read(option_value(call, "config", CONFIG_PATH), &config, &why))
        return command_fail(&why);
    bool done = make(&config, &order, &why);
    config_free(&config);
    return done ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"config", "FILE", "the agent's configuration; default /etc/suture/agent.yaml"},
    {"push", "FILE", "push file of the first image (suture-bundle extract BUNDLE --push FILE)"},
    {"root", "FILE", "root document that everything is verified by, and that the device will trust"},
    {"device-key", "FILE", "private key of this one device; without it the hook sign has it"},
    {"certificate", "FILE", "its certificate (suture-key certify)"},
    {"serial", "TEXT", "serial number, as the certificate says it; without it the hook identity says it"},
    {"again", NULL, "also where records stand already: all of the device is made anew"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# the disk of a new pump with version 1 in slot A",
    "suture-agent factory --push 1.0.0.push --root vendor.root --device-key pump.key \\",
    "    --certificate pump.certificate --serial P200-0001",
    NULL,
};

const struct command command_factory = {
    .name = "factory",
    .arguments = "",
    .least_arguments = 0,
    .most_arguments = 0,
    .summary = "prepare state and slots of a new device from a signed push file",
    .options = options,
    .examples = examples,
    .run = run,
};
