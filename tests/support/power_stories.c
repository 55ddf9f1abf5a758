/* Every way that a patch comes into a device and out of it again, told as a technician or a watchdog would. */
#include "tests/support/power_stories.h"

#include "tests/support/bench_factory.h"
#include "tests/support/test.h"

#define CONFIRM_MS  11000
#define SILENCE_MS  62000
#define ATTEMPTS    5
#define TRIES       7
#define FLOOR_AFTER 2

enum { NEW = 1, NEWER = 2 }; /* images of sequence 2 and 3 */

/* ---- what happens in them */

static const char *verb(struct power_device *device, enum suture_verb verb, const char *key,
                        const uint8_t digest[DIGEST_SIZE])
{
    if (bench_verb(device->bench, verb, key, digest) != CLIENT_ANSWER)
        return "a verb was refused";
    bench_run(device->bench, 10);
    return NULL;
}

/* A trial ends as its manifest and its self test say. */
static const char *trial_end(struct power_device *device, const struct push *push)
{
    bench_run(device->bench, 200);
    if (!device->bench->agent.trial.running)
        return NULL;
    if (device->story->release.confirm_who == CONFIRM_BY_TECHNICIAN)
        return verb(device, VERB_CONFIRM, "hash", push->image_digest);
    bench_run(device->bench, device->story->self_test == SELF_TEST_NONE ? SILENCE_MS : CONFIRM_MS);
    return NULL;
}

static bool update_ended(const struct power_device *device, const struct message_identity *identity)
{
    const struct power_story *story = device->story;

    if (identity->boot_kind != BOOT_SETTLED || !identity->slots[story->ends_in].active)
        return false;
    if (story->self_test != SELF_TEST_PASSED)
        return identity->slots[1 - story->ends_in].state == SLOT_BAD;
    return identity->slots[story->ends_in].sequence == story->ends_with;
}

/* Uploads, activates and waits, from wherever the device stands. */
static const char *update(struct power_device *device, const struct push *push)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct message_identity identity = bench_identity(device->bench);
        const char *what = NULL;
        if (update_ended(device, &identity))
            return NULL;
        if (identity.slots[identity.slots[SLOT_A].active ? SLOT_B : SLOT_A].state == SLOT_BAD)
            device->taken = 0; /* a torn try mark costs the trial: begun again */
        if (identity.boot_kind != BOOT_TRIAL)
            what = power_upload(device, push);
        if (!what && identity.boot_kind != BOOT_TRIAL)
            what = verb(device, VERB_ACTIVATE, "manifest", push->manifest);
        if (!what)
            what = trial_end(device, push);
        if (what)
            return what;
    }
    return "rule 3: the update did not end";
}

static const char *tell_update(struct power_device *device)
{
    return update(device, &device->images[NEW]);
}

static const char *tell_replacement(struct power_device *device)
{
    return update(device, &device->images[NEWER]);
}

static const char *tell_rollback(struct power_device *device)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (bench_identity(device->bench).slots[SLOT_A].active)
            return NULL;
        const char *what = verb(device, VERB_ROLLBACK, "hash", device->images[NEW].image_digest);
        if (what)
            return what;
    }
    return "the rollback did not end";
}

static const char *tell_abort(struct power_device *device)
{
    if (bench_identity(device->bench).slots[SLOT_B].state == SLOT_EMPTY)
        return NULL;
    return verb(device, VERB_ABORT, "manifest", device->images[NEW].manifest);
}

/* The image hangs: the watchdog resets the device until its tries are used up. */
static const char *tell_watchdog(struct power_device *device)
{
    for (int boot = 0; boot <= TRIES; boot++) {
        bench_run(device->bench, 1000);
        if (bench_identity(device->bench).boot_kind == BOOT_SETTLED)
            return NULL;
        bench_power_on(device->bench);
    }
    return "the tries were not used up";
}

/* The boot loader finds out by itself. */
static const char *tell_boot(struct power_device *device)
{
    bench_run(device->bench, 1000);
    return NULL;
}

/* A station brings the next root document. */
static const char *tell_root(struct power_device *device)
{
    uint8_t memory[ROOT_MAX];
    struct buffer root = buffer_over(memory, sizeof memory);

    if (device->bench->agent.trust.version == 2)
        return NULL;
    factory_root(&root, 2, BENCH_RELEASE_KEY, NULL);
    if (bench_transfer(device->bench, VERB_TRUST, span_used(&root)) != CLIENT_DONE)
        return "the next root was refused";
    return device->bench->agent.trust.version == 2 ? NULL : "the next root does not rule";
}

/* ---- what comes before them */

static void half_staged(struct power_device *device)
{
    struct bench *bench = device->bench;
    const struct push *push = &device->images[NEW];

    bench_power_on(bench);
    bench->deliver = push->envelope_size + (push->size - push->envelope_size) / 2;
    assert_int_equal(bench_upload(bench, push, WITH_SHA), CLIENT_TIMEOUT);
    assert_int_equal(bench->agent.staging.state, STAGING_WRITING);
    bench_power_off(bench);
    bench->deliver = SIZE_MAX;
    bench->link_cut = false;
}

static void staged(struct power_device *device)
{
    bench_power_on(device->bench);
    assert_int_equal(bench_upload(device->bench, &device->images[NEW], WITH_SHA), CLIENT_DONE);
    bench_power_off(device->bench);
}

static void on_trial(struct power_device *device)
{
    device->bench->self_test.result = SELF_TEST_NONE;
    bench_power_on(device->bench);
    bench_update_to_trial(device->bench, &device->images[NEW]);
    bench_power_off(device->bench);
}

static void confirmed(struct power_device *device)
{
    bench_power_on(device->bench);
    bench_update_to_trial(device->bench, &device->images[NEW]);
    bench_run(device->bench, CONFIRM_MS);
    assert_int_equal(power_record(device->bench).outcome, OUTCOME_CONFIRMED);
    bench_power_off(device->bench);
}

static void rot(struct power_device *device)
{
    struct bench *bench = device->bench;

    bench->chip->bytes[bench->port.layout.areas[AREA_SLOT_B].offset + 3000] ^= 0x10;
}

static void rotten_on_trial(struct power_device *device)
{
    on_trial(device);
    rot(device);
}

static void rotten_when_confirmed(struct power_device *device)
{
    confirmed(device);
    rot(device);
}

/* ---- the stories */

#define ONE_OF(outcome) (1u << (outcome))
/* A trial whose try marks are torn may end by its tries before its own reason comes. */
#define OR_TRIES(outcome) (1u << (outcome) | 1u << OUTCOME_TRIES_USED)
#define BY_TECHNICIAN                                                                                        \
    {                                                                                                        \
        .confirm_who = CONFIRM_BY_TECHNICIAN, .tries = TRIES                                                 \
    }

const struct power_story story_update = {
    .name = "update",
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_update_with_floor = {
    .name = "update that raises the floor",
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .release = {.floor_after = FLOOR_AFTER},
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .floor = FLOOR_AFTER,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_technician = {
    .name = "confirm by a technician",
    .pairs = PAIRS_ALL,
    .prepare = on_trial,
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .release = BY_TECHNICIAN,
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_failing_trial = {
    .name = "failing trial",
    .prepare = staged,
    .tell = tell_update,
    .self_test = SELF_TEST_FAILED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_SELF_TEST),
};
const struct power_story story_silent_trial = {
    .name = "trial whose self test never ends",
    .prepare = staged,
    .tell = tell_update,
    .self_test = SELF_TEST_NONE,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_TRIES_USED),
};
const struct power_story story_watchdog = {
    .name = "trial that uses up its tries",
    .prepare = on_trial,
    .tell = tell_watchdog,
    .self_test = SELF_TEST_NONE,
    .release = {.tries = TRIES},
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_TRIES_USED),
};
const struct power_story story_rotten_trial = {
    .name = "trial whose slot rots",
    .pairs = PAIRS_ALL,
    .prepare = rotten_on_trial,
    .tell = tell_boot,
    .self_test = SELF_TEST_PASSED,
    .release = {.tries = TRIES},
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_DIGEST),
};
const struct power_story story_rotten_primary = {
    .name = "confirmed slot that rots",
    .pairs = PAIRS_ALL,
    .prepare = rotten_when_confirmed,
    .tell = tell_boot,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = ONE_OF(OUTCOME_DIGEST),
};
const struct power_story story_rollback = {
    .name = "rollback",
    .pairs = PAIRS_ALL,
    .prepare = confirmed,
    .tell = tell_rollback,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_OPERATOR),
};
const struct power_story story_rollback_on_trial = {
    .name = "rollback of a trial",
    .pairs = PAIRS_ALL,
    .prepare = on_trial,
    .tell = tell_rollback,
    .self_test = SELF_TEST_PASSED,
    .release = BY_TECHNICIAN,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_BAD,
    .outcomes = OR_TRIES(OUTCOME_OPERATOR),
};
const struct power_story story_abort_staged = {
    .name = "abort of what is staged",
    .pairs = PAIRS_ALL,
    .prepare = staged,
    .tell = tell_abort,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_EMPTY,
    .outcomes = ONE_OF(OUTCOME_ABORTED),
};
const struct power_story story_abort_half = {
    .name = "abort in the middle of a staging",
    .pairs = PAIRS_ALL,
    .prepare = half_staged,
    .tell = tell_abort,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_EMPTY,
    .outcomes = ONE_OF(OUTCOME_ABORTED),
};
const struct power_story story_repair = {
    .name = "repair",
    .prepare = confirmed,
    .tell = tell_update,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_replaced_half = {
    .name = "replacement of a half staged update",
    .prepare = half_staged,
    .tell = tell_replacement,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 3,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_replaced_whole = {
    .name = "replacement of a staged update",
    .prepare = staged,
    .tell = tell_replacement,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_B,
    .ends_with = 3,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_other_stream = {
    .name = "the other stream of a half staged manifest",
    .prepare = half_staged,
    .tell = tell_replacement,
    .self_test = SELF_TEST_PASSED,
    .third = THIRD_IS_OTHER_STREAM,
    .ends_in = SLOT_B,
    .ends_with = 2,
    .other_ends = SLOT_GOOD,
    .outcomes = ONE_OF(OUTCOME_CONFIRMED),
};
const struct power_story story_root = {
    .name = "new root document",
    .pairs = PAIRS_ALL,
    .tell = tell_root,
    .self_test = SELF_TEST_PASSED,
    .ends_in = SLOT_A,
    .ends_with = 1,
    .other_ends = SLOT_EMPTY,
    .outcomes = ONE_OF(OUTCOME_NONE),
};
