/* The port: what the agent may ask of this device, answered from the profile, the controls and the running image's
 * behaviour. */
#include "hw-sim/device_state.h"

#include "hw-sim/door.h"
#include "keys/base/command.h"
#include "keys/digest.h"
#include "keys/p256_sign.h"

static void port_interlock(void *context, struct interlock *out)
{
    const struct device *device = context;
    *out = device->interlock;
}

static void port_self_test(void *context, struct self_test_result *out)
{
    const struct device *device = context;
    const struct behaviour *behaviour = device->behaviour;

    *out = (struct self_test_result){SELF_TEST_NONE, 0};
    if (behaviour->self_test == BEHAVIOUR_NEVER_ENDS ||
        device->now_ms - device->start_ms < behaviour->self_test_ms)
        return;
    if (behaviour->self_test == BEHAVIOUR_FAILS)
        *out = (struct self_test_result){SELF_TEST_FAILED, behaviour->code};
    else
        *out = (struct self_test_result){SELF_TEST_PASSED, 0};
}

static void port_trial(void *context, bool running)
{
    struct device *device = context;
    if (device->trial != running && device->event != NULL)
        device->event(device->event_context, device,
                      running ? "trial runs, therapy is locked" : "trial is over, therapy is free");
    device->trial = running;
}

static enum status port_settings_digest(void *context, uint8_t digest[32])
{
    const struct device *device = context;
    if (device->settings == NULL)
        return NOT_FOUND;
    digest_of(span_text(device->settings), digest);
    return OK;
}

static enum status port_sign(void *context, struct span private_key, struct span message,
                             uint8_t signature[64])
{
    (void)context;
    uint8_t digest[DIGEST_SIZE];
    if (private_key.data == NULL || private_key.size != P256_PRIVATE_SIZE)
        return NO_KEY;
    digest_of(message, digest);
    return p256_sign(private_key.data, digest, signature);
}

/* One frame is with the agent, others wait in the door, unless the profile knows better. */
static uint32_t buffers_of(const struct profile *profile)
{
    if (profile->buffers > 0)
        return profile->buffers;
    return 1 + DOOR_BUFFER / (profile->buffer > 0 ? profile->buffer : DEVICE_BUFFER_DEFAULT);
}

void device_port_make(struct device *device)
{
    const struct device_class *class = device->profile->device_class;

    device->port = (struct port){
        .context = device,
        .agent_version = SUTURE_VERSION,
        .link = device->profile->door_scheme == DOOR_PTY ? PORT_LINK_LINE : PORT_LINK_PACKETS,
        .buffers = buffers_of(device->profile->content),
        .block_max = class->block_max,
        .segment_max = class->segment_max,
        .decoder_ram = class->ram,
        .rescue = device->profile->content->rescue,
        .interlock = port_interlock,
        .self_test = port_self_test,
        .trial = port_trial,
        .settings_digest = port_settings_digest,
        .sign = port_sign,
    };
    placement_layout(&device->placement, device->cells, VIEW_DEVICE, &device->port.layout);
}
