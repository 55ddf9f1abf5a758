/* Questions of the agent, as runs of hooks. */
#include "agent/ports/linux/linux_port.h"

#include "agent/ports/linux/door.h"
#include "agent/ports/linux/holds.h"
#include "agent/ports/linux/say.h"
#include "keys/base/hex.h"
#include "keys/base/steady.h"
#include "keys/base/version.h"
#include "keys/digest.h"
#include "keys/p256_sign.h"

#include <stdlib.h>
#include <string.h>

#define BATTERY_NONE 255
#define NO_INPUT     ((struct span){0})

static const struct interlock safe = {.use = USE_THERAPY, .battery = BATTERY_NONE};

static bool yes_or_no(const struct hook *hook, const char *key, bool *out)
{
    char value[8];

    if (hook_value(hook, key, value, sizeof value) == NULL)
        return false;
    *out = strcmp(value, "yes") == 0;
    return *out || strcmp(value, "no") == 0;
}

static bool battery_of(const struct hook *hook, uint8_t *out)
{
    char value[16], *end;

    *out = BATTERY_NONE;
    if (!hook_names(hook, "battery"))
        return true;
    if (hook_value(hook, "battery", value, sizeof value) == NULL)
        return false;
    if (strcmp(value, "unknown") == 0)
        return true;
    unsigned long percent = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || percent > 100)
        return false;
    *out = (uint8_t)percent;
    return true;
}

bool interlock_read(const struct hook *hook, const char *service_hook, struct interlock *out)
{
    char use[16];

    return hook_value(hook, "use", use, sizeof use) != NULL && use_of_word(use, &out->use) &&
           yes_or_no(hook, "mains", &out->mains) &&
           (service_hook != NULL || yes_or_no(hook, "service", &out->service)) &&
           battery_of(hook, &out->battery);
}

/* 0: service mode; 1: not. Anything else is not, and is said. */
static bool service_ask(const struct config_file *config)
{
    const char *program = config->content->hooks->service;
    struct hook hook;

    hook_start(&hook, program, NULL, NO_INPUT, config->hook_seconds);
    hook_wait(&hook);
    if (hook.end == HOOK_EXITED && hook.code <= 1)
        return hook.code == 0;
    hook_complain(&hook);
    return false;
}

static bool interlock_ask(const struct config_file *config, struct interlock *out)
{
    const struct config_hooks *hooks = config->content->hooks;
    struct hook hook;

    if (!hook_run(&hook, hooks->interlock, NULL, NO_INPUT, config->hook_seconds))
        return false;
    if (!interlock_read(&hook, hooks->service, out)) {
        agent_say("%s: no use=, mains= and service= that make sense", hooks->interlock);
        return false;
    }
    if (hooks->service != NULL)
        out->service = service_ask(config);
    return true;
}

static void interlock_renew(struct linux_port *port)
{
    struct interlock answer = {0};
    bool asked = interlock_ask(port->config, &answer);

    port->interlock = asked ? answer : safe;
    port->failed = !asked;
    port->fresh_until = steady_ms() + (asked ? INTERLOCK_FRESH_MS : INTERLOCK_AFTER_FAILURE_MS);
}

static void port_interlock(void *context, struct interlock *out)
{
    struct linux_port *port = context;
    uint64_t now = steady_ms();

    if (now >= port->fresh_until)
        interlock_renew(port);
    if (now >= port->holds_fresh_until) {
        port->held = holds_look(port->config->run, NULL, NULL);
        port->holds_fresh_until = now + HOLDS_FRESH_MS;
    }
    *out = port->interlock;
    if (out->use == USE_FREE || (port->held != USE_FREE && port->held < out->use))
        out->use = port->held;
}

/* What a hook that failed stands for is the safe answer already, and it is not asked again so soon. */
static void port_interlock_now(void *context, struct interlock *out)
{
    struct linux_port *port = context;

    if (!port->failed)
        port->fresh_until = 0;
    port->holds_fresh_until = 0;
    port_interlock(context, out);
}

static struct self_test_result test_judge(const struct hook *test)
{
    switch (test->end) {
    case HOOK_EXITED:
        return test->code == 0 ? (struct self_test_result){SELF_TEST_PASSED, 0}
                               : (struct self_test_result){SELF_TEST_FAILED, (uint16_t)test->code};
    case HOOK_CRASHED:
        return (struct self_test_result){SELF_TEST_FAILED, (uint16_t)(SELF_TEST_CRASHED + test->code)};
    case HOOK_LATE:
        return (struct self_test_result){SELF_TEST_FAILED, SELF_TEST_LATE};
    case HOOK_FLOODED:
        return (struct self_test_result){SELF_TEST_FAILED, SELF_TEST_FLOODED};
    default:
        return (struct self_test_result){SELF_TEST_FAILED, SELF_TEST_ABSENT};
    }
}

/* Started with the first question of a run, asked until it has ended. */
static void port_self_test(void *context, struct self_test_result *out)
{
    struct linux_port *port = context;
    const struct config_file *config = port->config;

    if (!port->test_started) {
        port->test_started = true;
        hook_start(&port->test, config->content->hooks->self_test, NULL, NO_INPUT, config->self_test_seconds);
    }
    *out = port->test_result;
    if (out->result != SELF_TEST_NONE || !hook_poll(&port->test))
        return;
    port->test_result = test_judge(&port->test);
    if (port->test_result.result == SELF_TEST_FAILED)
        hook_complain(&port->test);
    else if (port->trial_unlocked)
        port->test_result = (struct self_test_result){SELF_TEST_FAILED, SELF_TEST_UNLOCKED};
    *out = port->test_result;
}

/* A trial during which therapy can't be refused is not one that may be confirmed. */
static void port_trial(void *context, bool running)
{
    struct linux_port *port = context;
    const char *program = port->config->content->hooks->trial;
    const char *const words[] = {running ? "running" : "over", NULL};
    struct hook hook;
    bool told = holds_refuse(port->config->run, running ? "a new image is on trial" : NULL);

    if (program != NULL)
        told = hook_run(&hook, program, words, NO_INPUT, port->config->hook_seconds) && told;
    if (!told)
        agent_say("the device could not be told that a trial %s", running ? "runs" : "is over");
    port->trial_unlocked = running && !told;
}

static enum status port_settings_digest(void *context, uint8_t digest[32])
{
    const struct linux_port *port = context;
    const char *program = port->config->content->hooks->settings;
    char hex[2 * DIGEST_SIZE + 1];
    struct hook hook;

    if (program == NULL || !hook_run(&hook, program, NULL, NO_INPUT, port->config->hook_seconds) ||
        hook_value(&hook, "sha256", hex, sizeof hex) == NULL || !hex_exact(hex, digest, DIGEST_SIZE))
        return NOT_FOUND;
    return OK;
}

static enum status sign_elsewhere(const struct config_file *config, struct span message,
                                  uint8_t signature[64])
{
    const char *program = config->content->hooks->sign;
    struct hook hook;

    if (program == NULL)
        return NO_KEY;
    if (!hook_run(&hook, program, NULL, message, config->hook_seconds) || hook.size != 64)
        return FAILED;
    memcpy(signature, hook.text, 64);
    return OK;
}

static enum status port_sign(void *context, struct span private_key, struct span message,
                             uint8_t signature[64])
{
    const struct linux_port *port = context;
    uint8_t digest[DIGEST_SIZE];

    if (private_key.data == NULL)
        return sign_elsewhere(port->config, message, signature);
    if (private_key.size != P256_PRIVATE_SIZE)
        return NO_KEY;
    digest_of(message, digest);
    return p256_sign(private_key.data, digest, signature);
}

/* One packet is with the agent; others wait in its door, or in the kernel before that, on a line as console frames: 127 bytes
 * for each 93. */
static uint32_t buffers_of(const struct config_file *config, enum port_link link)
{
    uint32_t room = link == PORT_LINK_LINE ? DOOR_BYTES / 127 * 93 : DOOR_BYTES;

    return 1 + room / config->buffer;
}

void linux_port_start(struct linux_port *port, const struct config_file *config, const struct layout *layout,
                      enum port_link link)
{
    const struct device_class *class = config->device_class;

    *port = (struct linux_port){
        .config = config,
        .interlock = safe,
        .port =
            {
                .context = port,
                .layout = *layout,
                .agent_version = SUTURE_VERSION,
                .link = link,
                .buffers = buffers_of(config, link),
                .block_max = class->block_max,
                .segment_max = class->segment_max,
                .decoder_ram = class->ram,
                .interlock = port_interlock,
                .interlock_now = port_interlock_now,
                .self_test = port_self_test,
                .trial = port_trial,
                .settings_digest = port_settings_digest,
                .sign = port_sign,
            },
    };
}

void linux_port_end(struct linux_port *port)
{
    if (port->test_started)
        hook_stop(&port->test);
}

int linux_port_serial(const struct config_file *config, char *serial, size_t capacity)
{
    const char *program = config->content->hooks->identity;
    struct hook hook;

    if (program == NULL)
        return 0;
    if (!hook_run(&hook, program, NULL, NO_INPUT, config->hook_seconds) ||
        hook_value(&hook, "serial", serial, capacity) == NULL)
        return -1;
    return 1;
}
