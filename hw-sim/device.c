/* A device's life: power, boot loader, image, faults of the image, and the bytes that pass its cable. */
#include "hw-sim/device_state.h"

#include "agent/meta.h"
#include "manifests/suit.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_SIZE         1024
#define WATCHDOG_DEFAULT  4000
#define ENVELOPE_ROOM_MAX 8192 /* manifest_max never is more */

/* Until when flash is at work, ms. */
static uint64_t busy_until(const struct device *device)
{
    return device->busy_us / 1000 + (device->busy_us % 1000 != 0);
}

static bool is_busy(const struct device *device)
{
    return busy_until(device) > device->now_ms;
}

/* Boot and image ------------------------------------------------------------------------------------------------- */

static void enter_boot_loader(struct device *device, enum device_reset reset)
{
    device->state = DEVICE_BOOT_LOADER;
    device->reset = reset;
    device->boot = (struct boot_outcome){.running = SLOT_NONE};
    device->behaviour = profile_behaviour(device->profile->content, (const uint32_t[3]){0, 0, 0}, 0);
    device_forget_ram(device);
}

/* The version that the running slot's manifest says; zeros when it can't be read. */
static void find_version(struct device *device)
{
    static const enum area_id metas[2] = {AREA_META_A, AREA_META_B};
    uint8_t memory[ENVELOPE_ROOM_MAX];
    struct buffer bytes = buffer_over(memory, sizeof memory);
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct meta meta;

    memset(device->version, 0, sizeof device->version);
    if (device->boot.running == SLOT_NONE)
        return;
    const struct area *area = &device->bystander.areas[metas[device->boot.running]];
    if (meta_read(area, &meta) || meta_envelope(area, &meta, &bytes) ||
        suit_envelope_read(span_used(&bytes), &envelope, NULL) ||
        suit_manifest_read(&envelope, &manifest, NULL))
        return;
    memcpy(device->version, manifest.version, manifest.version_count * sizeof *manifest.version);
}

static uint32_t running_sequence(const struct device *device)
{
    struct device_status status;

    device_status(device, &status);
    return status.has_record && device->boot.running != SLOT_NONE
               ? status.record.slots[device->boot.running].sequence
               : 0;
}

static void tell_boot(const struct device *device, uint32_t sequence)
{
    const struct boot_outcome *boot = &device->boot;
    const uint32_t *version = device->version;

    if (boot->running == SLOT_NONE)
        device_tell(device, "boot loader stays: nothing verified to run");
    else if (boot->kind == BOOT_TRIAL)
        device_tell(device, "boots slot %c, version %u.%u.%u (sequence %u), on trial, %u tries left",
                    'A' + boot->running, version[0], version[1], version[2], sequence, boot->tries_left);
    else
        device_tell(device, "boots slot %c, version %u.%u.%u (sequence %u), settled", 'A' + boot->running,
                    version[0], version[1], version[2], sequence);
}

static void boot_work(void *context)
{
    struct device *device = context;
    boot_run(&device->port.layout, (uint8_t)device->reset, device->memory.page, &device->boot);
}

static void run_boot_loader(struct device *device)
{
    if (!device_run_powered(device, boot_work, device))
        return;
    find_version(device);
    uint32_t sequence = running_sequence(device);
    device->behaviour = profile_behaviour(device->profile->content, device->version, sequence);
    tell_boot(device, sequence);
    device->boots++;
    device->state = DEVICE_STARTING;
    uint32_t boot_ms =
        device->behaviour->boot_ms ? device->behaviour->boot_ms : device->profile->content->boot_ms;
    device->start_ms = device->now_ms + boot_ms;
    device->fault_ms = device->behaviour->hang || device->behaviour->crash
                           ? device->start_ms + device->behaviour->after_ms
                           : CLOCK_NEVER;
}

/* The image stands still or falls over: the watchdog or its own fault handler resets it. */
static void fail_image(struct device *device)
{
    device->fault_ms = CLOCK_NEVER;
    if (device->behaviour->crash) {
        device_tell(device, "image crashes: reset");
        enter_boot_loader(device, RESET_CRASH);
        return;
    }
    uint32_t watchdog = device->profile->content->watchdog_ms;
    device_tell(device, "image hangs");
    device->state = DEVICE_HUNG;
    device->watchdog_ms = device->now_ms + (watchdog ? watchdog : WATCHDOG_DEFAULT);
}

static void start_work(void *context)
{
    struct device *device = context;
    agent_start(device->agent, &device->port, &device->memory, &device->boot, device->now_ms);
}

static void step_work(void *context)
{
    struct device *device = context;
    device->agent_wake_ms = agent_step(device->agent, device->now_ms);
}

static void run_starting(struct device *device)
{
    if (device->now_ms < device->start_ms)
        return;
    if (device->fault_ms <= device->now_ms) {
        fail_image(device);
        return;
    }
    device->state = DEVICE_RUNNING;
    device->start_ms = device->now_ms;
    device->agent_wake_ms = device->now_ms;
    if (device_run_powered(device, start_work, device))
        device_tell(device, "answers at its door");
}

static void run_image(struct device *device)
{
    if (device->fault_ms <= device->now_ms) {
        fail_image(device);
        return;
    }
    if (!device_run_powered(device, step_work, device))
        return;
    if (agent_reset_wanted(device->agent)) {
        device_tell(device, "agent asks for a reset");
        enter_boot_loader(device, RESET_ASKED);
    }
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t state_wake(const struct device *device)
{
    switch (device->state) {
    case DEVICE_OFF:
        return CLOCK_NEVER;
    case DEVICE_STARTING:
        return device->start_ms;
    case DEVICE_RUNNING:
        return lesser(device->agent_wake_ms, device->fault_ms);
    case DEVICE_HUNG:
        return device->watchdog_ms;
    case DEVICE_BOOT_LOADER:
        break;
    }
    return device->now_ms;
}

static uint64_t next_wake(const struct device *device)
{
    const struct cable *cable = &device->cable;
    uint64_t wake = state_wake(device);

    if (device->state == DEVICE_OFF)
        return CLOCK_NEVER;
    if (is_busy(device))
        return busy_until(device);
    if (device->in_waits)
        wake = lesser(wake, cable_ready(cable, &cable->in, device->now_ms));
    if (device->out_waits)
        wake = lesser(wake, cable_ready(cable, &cable->out, device->now_ms));
    return wake;
}

uint64_t device_step(struct device *device, uint64_t now)
{
    device->now_ms = now;
    if (device->state == DEVICE_OFF || is_busy(device))
        return next_wake(device);
    switch (device->state) {
    case DEVICE_BOOT_LOADER:
        run_boot_loader(device);
        break;
    case DEVICE_STARTING:
        run_starting(device);
        break;
    case DEVICE_RUNNING:
        run_image(device);
        break;
    case DEVICE_HUNG:
        if (now >= device->watchdog_ms) {
            device_tell(device, "watchdog resets the device");
            enter_boot_loader(device, RESET_WATCHDOG);
        }
        break;
    case DEVICE_OFF:
        break;
    }
    return next_wake(device);
}

/* Bytes ---------------------------------------------------------------------------------------------------------- */

struct receive_job {
    struct device *device;
    struct span bytes;
    size_t taken;
};

static void receive_work(void *context)
{
    struct receive_job *job = context;
    job->taken = agent_receive(job->device->agent, job->bytes, job->device->now_ms);
    job->device->agent_wake_ms = job->device->now_ms;
}

size_t device_receive(struct device *device, struct span bytes, uint64_t now)
{
    device->now_ms = now;
    struct cable *cable = &device->cable;
    struct receive_job job = {device, span_first(bytes, cable_room(cable, &cable->in, now)), 0};

    device->in_waits = false;
    if (!cable->plugged)
        return bytes.size;
    if (cable->fault == CABLE_SOUND && device->state == DEVICE_RUNNING) {
        if (is_busy(device))
            return 0;
        if (job.bytes.size > 0 && !device_run_powered(device, receive_work, &job))
            return bytes.size;
    } else {
        job.taken = job.bytes.size;
        if (cable->fault == CABLE_BABBLE && device->state != DEVICE_OFF)
            cable_owe(cable, job.taken);
    }
    cable_pass(cable, &cable->in, job.taken);
    /* only when it is the cable that holds up the rest */
    device->in_waits = job.taken == job.bytes.size && job.taken < bytes.size;
    return job.taken;
}

size_t device_send(struct device *device, uint8_t *out, size_t capacity, uint64_t now)
{
    device->now_ms = now;
    struct cable *cable = &device->cable;
    size_t room = cable_room(cable, &cable->out, now);
    size_t size = 0;
    bool slow = room < capacity;

    if (room > capacity)
        room = capacity;
    if (cable->fault == CABLE_BABBLE)
        size = cable_babble(cable, out, room);
    if (device->state == DEVICE_RUNNING && !is_busy(device) && cable->fault == CABLE_SOUND) {
        /* an agent that waits for its last answer to leave before a reset must be stepped once it has left */
        size = agent_send(device->agent, out, room);
        if (size > 0)
            device->agent_wake_ms = now;
    }
    if (!cable->plugged)
        return 0;
    cable_pass(cable, &cable->out, size);
    device->out_waits = slow && size == room;
    return size;
}

struct push_job {
    struct device *device;
    uint64_t offset;
    struct span bytes;
    enum refusal refusal;
    struct push_answer answer;
};

static void push_work(void *context)
{
    struct push_job *job = context;

    job->refusal = agent_push(job->device->agent, job->offset, job->bytes, job->device->now_ms, &job->answer);
    job->device->agent_wake_ms = job->device->now_ms;
}

bool device_push(struct device *device, uint64_t offset, struct span bytes, uint64_t now,
                 enum refusal *refusal, struct push_answer *out)
{
    struct push_job job = {.device = device, .offset = offset, .bytes = bytes};

    device->now_ms = now;
    if (device->state != DEVICE_RUNNING || device->cable.fault != CABLE_SOUND || is_busy(device) ||
        !device_run_powered(device, push_work, &job))
        return false;
    *refusal = job.refusal;
    *out = job.answer;
    return true;
}

enum push_state device_push_state(const struct device *device)
{
    return device->state == DEVICE_RUNNING ? agent_push_state(device->agent) : PUSH_READING_BACK;
}

void device_link_reset(struct device *device)
{
    device->cable.noise = 0;
    if (device->state == DEVICE_RUNNING)
        agent_link_reset(device->agent);
}

/* Power ---------------------------------------------------------------------------------------------------------- */

void device_power_on(struct device *device, uint64_t now)
{
    if (device->state != DEVICE_OFF)
        return;
    device->now_ms = now;
    device_tell(device, "power on");
    enter_boot_loader(device, RESET_POWER_ON);
}

void device_power_off(struct device *device)
{
    if (device->state == DEVICE_OFF)
        return;
    device_lose_power(device);
    device_tell(device, "power off");
}

/* Making --------------------------------------------------------------------------------------------------------- */

static struct buffer carve(uint8_t **at, size_t size)
{
    struct buffer buffer = buffer_over(*at, size);
    *at += (size + 15) / 16 * 16;
    return buffer;
}

static bool make_ram(struct device *device, struct failure *why)
{
    const struct device_class *class = device->profile->device_class;
    size_t frame =
        device->profile->content->buffer ? device->profile->content->buffer : DEVICE_BUFFER_DEFAULT;
    size_t decoder = class->ram > class->block_max ? class->ram - class->block_max : 0;

    device->ram_size = (size_t) class->manifest_max + class->block_max + decoder + 3 * frame + PAGE_SIZE +
                       2 * REPORT_MAX + 7 * 16;
    device->ram = aligned_alloc(16, (device->ram_size + 15) / 16 * 16);
    device->agent = malloc(sizeof *device->agent);
    if (device->ram == NULL || device->agent == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the device's RAM of %zu bytes", device->ram_size);
    uint8_t *at = device->ram;
    device->memory = (struct agent_memory){
        .manifest = carve(&at, class->manifest_max),
        .block = carve(&at, class->block_max),
        .decoder = carve(&at, decoder),
        .receive = carve(&at, frame),
        .send = carve(&at, 2 * frame),
        .page = carve(&at, PAGE_SIZE),
        .report = carve(&at, 2 * REPORT_MAX),
    };
    device_forget_ram(device);
    return true;
}

static bool make_flash(struct device *device, enum device_flash where, struct failure *why)
{
    const struct placement *placement = &device->placement;
    uint64_t seed = device->profile->content->seed;
    bool made = where == DEVICE_IN_FILE
                    ? flash_cells_open(device->profile->flash, placement->chips, placement->chip_count, seed,
                                       &device->cells, why)
                    : flash_cells_new(placement->chips, placement->chip_count, seed, &device->cells, why);
    if (!made)
        return false;
    device_watch_flash(device);
    placement_layout(placement, device->cells, VIEW_BYSTANDER, &device->bystander);
    return true;
}

bool device_open(const struct profile_file *profile, enum device_flash where, struct device **out,
                 struct failure *why)
{
    const struct profile *content = profile->content;
    struct device *device = calloc(1, sizeof *device);

    if (device == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for a device");
    device->profile = profile;
    device->boot.running = SLOT_NONE;
    device->share = -1;
    device->interlock = (struct interlock){
        .use = content->use,
        .service = content->service,
        .mains = content->mains == NULL || *content->mains,
        .battery = content->battery ? *content->battery : 100,
    };
    power_start(&device->power);
    cable_start(&device->cable, content->link_speed, content->seed);
    faults_start(&device->faults, content->seed);
    for (unsigned i = 0; i < content->faults_count; i++)
        faults_add(&device->faults, &content->faults[i], 0); /* as many as fit: the profile's schema */
    if (!device_settings(device, content->settings, why) ||
        !placement_make(profile, &device->placement, why) || !make_flash(device, where, why) ||
        !make_ram(device, why)) {
        device_close(device);
        return false;
    }
    device_port_make(device);
    *out = device;
    return true;
}

void device_close(struct device *device)
{
    if (device == NULL)
        return;
    flash_cells_close(device->cells);
    free(device->settings);
    free(device->ram);
    free(device->agent);
    free(device);
}

bool device_load(struct device *device, struct span image, struct failure *why)
{
    if (!flash_cells_load(device->cells, image))
        return failure_set(why, FAIL_FLASH_IMAGE, "the image has %zu bytes, but the profile's flash has %zu",
                           image.size, flash_cells_raw(device->cells).size);
    return true;
}

/* Looking and touching --------------------------------------------------------------------------------------------- */

struct flash_cells *device_cells(struct device *device)
{
    return device->cells;
}

struct interlock *device_interlock(struct device *device)
{
    return &device->interlock;
}

struct cable *device_cable(struct device *device)
{
    return &device->cable;
}

struct usb_wishes *device_usb_wishes(struct device *device)
{
    return &device->usb_wishes;
}

struct faults *device_faults(struct device *device)
{
    return &device->faults;
}

bool device_begin_therapy(struct device *device)
{
    if (device->trial)
        return false;
    device->interlock.use = USE_THERAPY;
    return true;
}

bool device_settings(struct device *device, const char *text, struct failure *why)
{
    char *copy = text ? strdup(text) : NULL;

    if (text != NULL && copy == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for the settings");
    free(device->settings);
    device->settings = copy;
    return true;
}

void device_status(const struct device *device, struct device_status *out)
{
    struct record_copy copies[2];

    *out = (struct device_status){
        .state = device->state,
        .boot = device->boot,
        .boots = device->boots,
        .operations = device->power.operations,
        .trial = device->trial,
        .faults = flash_cells_faults(device->cells),
        .torn_units = flash_cells_torn(device->cells),
    };
    memcpy(out->version, device->version, sizeof out->version);
    record_read(&device->bystander, 0, &copies[0]);
    record_read(&device->bystander, 1, &copies[1]);
    int ruling = record_ruling(copies);
    out->has_record = ruling >= 0;
    if (out->has_record)
        out->record = copies[ruling].record;
}

const struct layout *device_layout(const struct device *device)
{
    return &device->bystander;
}

const struct profile_file *device_profile(const struct device *device)
{
    return device->profile;
}

void device_on_event(struct device *device, device_event *event, void *context)
{
    device->event = event;
    device->event_context = context;
}
