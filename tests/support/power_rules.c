/* The five rules of docs/design.md 5.1 as questions to a device: to its flash, to what its boot loader did, to its answers. */
#include "tests/support/power.h"
#include "tests/support/test.h"

struct record power_record(const struct bench *bench)
{
    struct record_copy copies[2];

    record_read(&bench->port.layout, 0, &copies[0]);
    record_read(&bench->port.layout, 1, &copies[1]);
    int ruling = record_ruling(copies);
    return ruling < 0 ? (struct record){0} : copies[ruling].record;
}

/* The slot holds one of the images that this vendor made, the one that the record says, to the last byte. */
static bool slot_is_genuine(const struct power_device *device, const struct record_slot *slot, uint8_t which)
{
    if (slot->sequence < 1 || slot->sequence > POWER_IMAGES)
        return false;
    const struct push *image = &device->images[slot->sequence - 1];
    return slot->size == image->image_size &&
           memcmp(slot->digest, image->image_digest, sizeof slot->digest) == 0 &&
           memcmp(slot->manifest_id, image->manifest, sizeof slot->manifest_id) == 0 &&
           bench_slot_holds(device->bench, which, image);
}

static bool slot_boots(const struct power_device *device, const struct record *record, uint8_t which)
{
    return which <= SLOT_B && record_allows(record, which) &&
           slot_is_genuine(device, &record->slots[which], which);
}

/* Rules 1 and 2: something confirmed can always be booted, and what runs is proven. */
static const char *slots_broken(const struct power_device *device, const struct record *record)
{
    uint8_t running = device->bench->boot.running;

    if (record->number == 0 || running > SLOT_B)
        return "nothing runs";
    if (!slot_boots(device, record, record->primary) && !slot_boots(device, record, record->fallback))
        return "rule 1: no confirmed slot is bootable";
    if (!slot_is_genuine(device, &record->slots[running], running))
        return "rule 2: what runs is not what the ruling record says";
    if (record->slots[running].sequence < record->floor)
        return "rule 2: what runs is below the floor";
    return NULL;
}

/* The slot's word: nothing is called staged or good that is not there. A slot that rots later is found at the next boot. */
static const char *states_broken(const struct power_device *device, const struct record *record)
{
    for (uint8_t slot = SLOT_A; slot <= SLOT_B; slot++) {
        uint8_t state = record->slots[slot].state;
        if ((state == SLOT_STAGED || state == SLOT_GOOD) &&
            !slot_is_genuine(device, &record->slots[slot], slot))
            return "rule 5: a slot is called staged or good and holds something else";
    }
    return NULL;
}

static const char *running_broken(const struct power_device *device, const struct record *record)
{
    uint8_t running = device->bench->boot.running;
    bool trial = record->kind == RECORD_TRIAL;

    if (running != record->primary)
        return "rule 2: what runs is not the primary";
    if (!trial && record->slots[running].state != SLOT_GOOD)
        return "rule 2: an unconfirmed image runs outside a trial";
    if (device->bench->trial_told != trial)
        return "rule 5: the port was told another thing about the trial";
    return NULL;
}

static const char *floor_broken(struct power_device *device, const struct record *record)
{
    if (record->floor < device->floor)
        return "rule 4: the floor fell";
    device->floor = record->floor;
    if (record->floor != 0 && record->slots[SLOT_B].state != SLOT_GOOD)
        return "rule 4: the floor rose before the confirm";
    return NULL;
}

/* A slot that holds an image says which: its version is in META, and is the sequence in these releases. */
static bool slot_says(const struct message_slot *said, const struct record_slot *slot)
{
    if (said->state != slot->state)
        return false;
    if (slot->state == SLOT_EMPTY)
        return true;
    bool whole = slot->state == SLOT_STAGED || slot->state == SLOT_GOOD;
    return said->sequence == slot->sequence && (!whole || said->version[0] == slot->sequence);
}

static bool identity_says(const struct message_identity *identity, const struct record *record,
                          uint8_t running)
{
    if (identity->floor != record->floor || identity->outcome != record->outcome ||
        (identity->boot_kind == BOOT_TRIAL) != (record->kind == RECORD_TRIAL))
        return false;
    for (uint8_t slot = SLOT_A; slot <= SLOT_B; slot++)
        if (identity->slots[slot].active != (slot == running) ||
            !slot_says(&identity->slots[slot], &record->slots[slot]))
            return false;
    return true;
}

static bool report_says(const struct report *report, const struct record *record, uint8_t running)
{
    const struct record_slot *runs = &record->slots[running], *other = &record->slots[1 - running];

    return report->has_running && report->running.slot == running &&
           report->running.sequence == runs->sequence && report->running.size == runs->size &&
           memcmp(report->running.digest, runs->digest, DIGEST_SIZE) == 0 &&
           report->other.state == other->state && report->other.sequence == other->sequence &&
           report->floor == record->floor && report->outcome == record->outcome &&
           report->confirmed_by ==
               (record->kind == RECORD_TRIAL ? CONFIRMED_BY_NOBODY : record->confirmed_by) &&
           (report->boot_kind == BOOT_TRIAL) == (record->kind == RECORD_TRIAL);
}

/* A trial may end between a question and its answer: what is said must have been so before or be so after. */
static const char *identity_broken(struct power_device *device)
{
    struct record before = power_record(device->bench);
    uint8_t running = device->bench->boot.running;
    struct message_identity identity = bench_identity(device->bench);
    struct record after = power_record(device->bench);

    return identity_says(&identity, &before, running) ||
                   identity_says(&identity, &after, device->bench->boot.running)
               ? NULL
               : "rule 5: the identity does not say what the record says";
}

static const char *report_broken(struct power_device *device, enum power_proof proof)
{
    uint8_t nonce[REPORT_NONCE_SIZE], bytes[REPORT_MAX];
    struct record before = power_record(device->bench);
    uint8_t running = device->bench->boot.running;
    struct report report;

    memset(nonce, (int)device->cut_count + 1, sizeof nonce);
    size_t size = bench_report(device->bench, nonce, bytes, sizeof bytes);
    struct span signed_report = span_of(bytes, size);
    enum status status = proof == POWER_PROVEN
                             ? report_verify(signed_report, &device->bench->trust, nonce, &report)
                             : report_read(signed_report, &report);
    if (status)
        return "rule 5: the report is not proven";
    struct record after = power_record(device->bench);
    return report_says(&report, &before, running) || report_says(&report, &after, device->bench->boot.running)
               ? NULL
               : "rule 5: the report does not say what the records say";
}

const char *power_broken(struct power_device *device, enum power_proof proof)
{
    struct record record = power_record(device->bench);
    const char *what = slots_broken(device, &record);

    /* An agent that read a torn record otherwise than its boot loader did asks for a reset before anything else. */
    if (!what && device->bench->agent.reset) {
        bench_run(device->bench, 1);
        record = power_record(device->bench);
        what = slots_broken(device, &record);
    }
    if (!what)
        what = running_broken(device, &record);
    if (!what)
        what = states_broken(device, &record);
    if (!what && !device->bench->agent.has_trust)
        what = "no root document is left";
    if (!what)
        what = floor_broken(device, &record);
    if (!what)
        what = identity_broken(device);
    return what ? what : report_broken(device, proof);
}

const char *power_wrong_end(struct power_device *device)
{
    const struct power_story *story = device->story;
    struct record record = power_record(device->bench);
    const struct record_slot *running = &record.slots[story->ends_in];

    if (device->bench->boot.running != story->ends_in || record.kind != RECORD_SETTLED ||
        record.primary != story->ends_in || running->sequence != story->ends_with)
        return "it does not end in the slot it was going to";
    if (record.slots[1 - story->ends_in].state != story->other_ends)
        return "the other slot ends in another state";
    if (record.floor != story->floor)
        return "the floor ends elsewhere";
    if (!(story->outcomes >> record.outcome & 1))
        return "the outcome is another";
    if (record.fallback != SLOT_NONE && !record_allows(&record, record.fallback))
        return "the fallback may not be booted";
    if (device->bench->chip->abuses != 0)
        return "the flash contract was broken";
    return NULL;
}
