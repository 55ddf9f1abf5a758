/* Power and what hangs on it: every operation of flash is asked here, every piece of boot loader and agent runs here, and
 * here it ends when power goes. */
#include "hw-sim/device_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RAM_GARBAGE 0xa5

void device_tell(const struct device *device, const char *format, ...)
{
    char text[256];
    va_list arguments;

    if (device->event == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    device->event(device->event_context, device, text);
}

/* Bytes of the image that a slot is being staged with, 0 when the ruling record stages none there. */
static uint64_t staged_size(const struct device *device, size_t slot)
{
    struct record_copy copies[2];

    record_read(&device->bystander, 0, &copies[0]);
    record_read(&device->bystander, 1, &copies[1]);
    int ruling = record_ruling(copies);
    if (ruling < 0 || copies[ruling].record.slots[slot].state != SLOT_STAGING)
        return 0;
    return copies[ruling].record.slots[slot].size;
}

static bool share_reached(struct device *device, size_t chip, uint64_t end)
{
    static const enum area_id slots[2] = {AREA_SLOT_A, AREA_SLOT_B};

    for (size_t slot = 0; slot < 2; slot++) {
        uint64_t start = device->placement.areas[slots[slot]].offset;
        if (device->placement.areas[slots[slot]].chip != chip || end <= start ||
            end - start > device->placement.areas[slots[slot]].size)
            continue;
        if (device->share_bytes[slot] == 0)
            device->share_bytes[slot] = staged_size(device, slot);
        return device->share_bytes[slot] != 0 &&
               (double)(end - start) >= device->share * (double)device->share_bytes[slot];
    }
    return false;
}

static enum power_fate watch_operation(void *context, enum flash_act act, size_t chip, uint64_t offset,
                                       size_t size)
{
    struct device *device = context;
    enum power_fate fate = power_operation(&device->power);

    if (fate == POWER_HOLDS && device->share >= 0 && act == FLASH_PROGRAM &&
        share_reached(device, chip, offset + size)) {
        device->share = -1;
        fate = power_fate_of(device->share_cut);
    }
    device->last_fate = fate;
    return fate;
}

static void watch_lost(void *context)
{
    struct device *device = context;
    power_lost(&device->power);
}

void device_forget_ram(struct device *device)
{
    memset(device->ram, RAM_GARBAGE, device->ram_size);
    memset(device->agent, RAM_GARBAGE, sizeof *device->agent);
    device->trial = false;
}

void device_lose_power(struct device *device)
{
    device->state = DEVICE_OFF;
    device->boot = (struct boot_outcome){.running = SLOT_NONE};
    device->busy_us = 0;
    flash_cells_take_time(device->cells);
    power_cut_at(&device->power, 0, POWER_CUT_BEFORE);
    device->share = -1;
    if (device->profile->content->service_switch == SERVICE_KEY)
        device->interlock.service = false;
    device_forget_ram(device);
}

/* Runs a piece of boot loader or agent; false when power went meanwhile. */
bool device_run_powered(struct device *device, void (*work)(void *context), void *context)
{
    static const char *const how[] = {"", "before it began", "torn", "after it was done"};

    if (power_run(&device->power, work, context)) {
        uint64_t now_us = device->now_ms * 1000;
        uint64_t from = device->busy_us > now_us ? device->busy_us : now_us;
        device->busy_us = from + flash_cells_take_time(device->cells);
        return true;
    }
    device_lose_power(device);
    device_tell(device, "power cut at operation %llu of flash, %s",
                (unsigned long long)device->power.operations, how[device->last_fate]);
    return false;
}

void device_watch_flash(struct device *device)
{
    device->watch = (struct flash_watch){device, watch_operation, watch_lost};
    flash_cells_watch(device->cells, &device->watch);
}

void device_cut_at(struct device *device, uint64_t operation, enum power_cut cut)
{
    power_cut_at(&device->power, operation, cut);
}

void device_cut_at_share(struct device *device, double share, enum power_cut cut)
{
    device->share = share;
    device->share_cut = cut;
    memset(device->share_bytes, 0, sizeof device->share_bytes);
}
