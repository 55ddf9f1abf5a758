/* Records, marks and boots on a chip that loses power: every state that a device can reach when power is cut at up to two
 * flash operations of a story, before, torn or after, and every read of a torn unit is free to differ from the one
 * before. The search runs over states, not over runs, so stories are followed to their end however many power-ons they
 * take. The device's deeds are those of FORMATS 3; record.c and boot.c are the real ones.
 *
 * Checked in each state: (1) what was never confirmed runs only on trial, beside a confirmed slot; (2) nothing runs that is
 * not whole, and the boot loader always finds something; (3) without a further cut there is a way to the story's end;
 * (4) the floor never falls; (5) what the agent once acted on, and so may have reported, is never forgotten. */
#include "agent/boot.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "keys/digest.h"
#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#include <stdio.h>

#define CUTS_MAX    2
#define IMAGE_SIZE  32
#define RECORD_AREA 512
#define UNIT        16

enum deed { CONFIRMS, FAILS_ITS_SELF_TEST, HANGS };

enum mistake { NO_MISTAKE, DOES_NOT_MEND, MAKES_WHATEVER_RUNS_PRIMARY, SETTLES_BELOW_THE_FLOOR };

struct story {
    const char *name;
    enum deed new_image;
    uint32_t floor_after;
    bool rolls_back;      /* after the confirm */
    enum mistake mistake; /* made by this device, to see that the search finds it */
};

enum { V1 = 1, V2 = 2 };

/* All that outlives a power-on, and what the world knows. Compared as bytes: padding is zero. */
struct world_state {
    uint8_t records[2 * RECORD_AREA], records_before[2 * RECORD_AREA], records_torn[2 * RECORD_AREA / UNIT];
    uint8_t slots[2 * IMAGE_SIZE], slots_before[2 * IMAGE_SIZE], slots_torn[2 * IMAGE_SIZE / UNIT];
    uint32_t acted_number, acted_crc, floor_seen;
    uint8_t cuts, confirmed; /* confirmed: bit per version */
    uint8_t booted, running, kind;
    uint8_t rolled_back, ended;
    uint8_t padding;
};

struct node {
    struct world_state state;
    uint32_t parent, next_in_bucket;
    uint32_t *reaches; /* states one step without a cut away */
    uint32_t reach_count;
    bool can_end;
};

#define BUCKETS     65536
#define CHOICES_MAX 256

static struct world {
    const struct story *story;
    struct memory_flash *records, *slots;
    struct layout layout;
    struct world_state now;
    jmp_buf power;
    /* depth-first choices inside one step */
    uint8_t choice[CHOICES_MAX], options[CHOICES_MAX];
    unsigned choices, at;
    /* the confirm stands from the first affirm on, torn or not */
    unsigned confirming; /* operations until that affirm; 0: no confirm is being written */
    const char *violation;
    uint32_t violated_at;
    struct node *nodes;
    uint32_t node_count, node_room;
    uint32_t buckets[BUCKETS];
    unsigned long steps;
} * world;

static unsigned choose(unsigned options)
{
    if (world->at == world->choices) {
        assert_true(world->choices < CHOICES_MAX);
        world->choice[world->choices] = 0;
        world->options[world->choices++] = (uint8_t)options;
    }
    return world->choice[world->at++];
}

static bool next_choices(void)
{
    world->choices = world->at;
    while (world->choices > 0) {
        unsigned last = world->choices - 1;
        if (++world->choice[last] < world->options[last])
            return true;
        world->choices = last;
    }
    return false;
}

static unsigned torn_read(void *context)
{
    (void)context;
    return choose(2);
}

static bool cut_here(void *context, enum cut_when *when)
{
    unsigned how = world->now.cuts < CUTS_MAX ? choose(4) : 0;

    (void)context;
    if (world->confirming && --world->confirming == 0 && how != 1)
        world->now.confirmed |= 1 << V2;
    if (how == 0)
        return false;
    world->now.cuts++;
    *when = how == 1 ? CUT_BEFORE : how == 2 ? CUT_TORN : CUT_AFTER;
    return true;
}

static void violated(const char *what)
{
    world->violation = what;
    longjmp(world->power, 1);
}

static void reset(void)
{
    longjmp(world->power, 1);
}

/* ---- the world's flash and images */

static void load(const struct world_state *state)
{
    world->now = *state;
    memcpy(world->records->bytes, state->records, sizeof state->records);
    memcpy(world->records->before, state->records_before, sizeof state->records);
    memcpy(world->records->torn, state->records_torn, sizeof state->records_torn);
    memcpy(world->slots->bytes, state->slots, sizeof state->slots);
    memcpy(world->slots->before, state->slots_before, sizeof state->slots);
    memcpy(world->slots->torn, state->slots_torn, sizeof state->slots_torn);
}

static void keep_before(const struct memory_flash *chip, uint8_t *before)
{
    for (uint32_t at = 0; at < chip->size; at++)
        before[at] = chip->torn[at / UNIT] ? chip->before[at] : 0;
}

static void store(struct world_state *state)
{
    *state = world->now;
    memcpy(state->records, world->records->bytes, sizeof state->records);
    memcpy(state->records_torn, world->records->torn, sizeof state->records_torn);
    keep_before(world->records, state->records_before);
    memcpy(state->slots, world->slots->bytes, sizeof state->slots);
    memcpy(state->slots_torn, world->slots->torn, sizeof state->slots_torn);
    keep_before(world->slots, state->slots_before);
}

static void image_of(unsigned version, uint8_t out[IMAGE_SIZE])
{
    memset(out, (int)(0x40 + version), IMAGE_SIZE);
}

/* The version that a slot wholly holds, 0 for none. */
static unsigned version_in(unsigned slot)
{
    const uint8_t *bytes = world->slots->bytes + slot * IMAGE_SIZE;

    for (unsigned i = 0; i < IMAGE_SIZE / UNIT; i++)
        if (world->slots->torn[slot * IMAGE_SIZE / UNIT + i])
            return 0;
    for (unsigned version = V1; version <= V2; version++)
        if (bytes_all(bytes, IMAGE_SIZE, (uint8_t)(0x40 + version)))
            return version;
    return 0;
}

static bool confirmed_in(unsigned slot)
{
    return version_in(slot) && world->now.confirmed >> version_in(slot) & 1;
}

static struct record_slot slot_of(unsigned version, uint8_t state)
{
    struct record_slot slot = {.state = state, .sequence = version, .size = IMAGE_SIZE};
    uint8_t image[IMAGE_SIZE];

    image_of(version, image);
    digest_of(span_of(image, sizeof image), slot.digest);
    return slot;
}

/* ---- the device */

static void boot(void)
{
    uint8_t page[64];
    struct boot_outcome outcome;

    boot_run(&world->layout, 0, buffer_over(page, sizeof page), &outcome);
    if (outcome.kind == BOOT_RECOVERY)
        violated("2: nothing to boot");
    unsigned version = version_in(outcome.running);
    if (!version)
        violated("2: runs a slot that is not whole");
    if (!(world->now.confirmed >> version & 1)) {
        if (outcome.kind != BOOT_TRIAL)
            violated("1: runs what was never confirmed, outside a trial");
        if (!confirmed_in(1u - outcome.running))
            violated("1: what was never confirmed is the only bootable one");
    }
    world->now.running = outcome.running;
    world->now.kind = outcome.kind;
    world->now.booted = 1;
}

struct agent_view {
    struct record_copy copies[2];
    unsigned ruling;
    struct record record;
};

static uint32_t crc_of(const struct record *record)
{
    uint8_t bytes[RECORD_SIZE];

    record_encode(record, bytes);
    return crc32_of(span_of(bytes, sizeof bytes));
}

/* From here on the agent does and reports things on this record's word. */
static void act_on(const struct record *record)
{
    if (record->number < world->now.acted_number)
        violated("5: a record that was acted on is forgotten");
    if (record->number == world->now.acted_number && crc_of(record) != world->now.acted_crc)
        violated("5: another record under the number that was acted on");
    if (record->floor < world->now.floor_seen)
        violated("4: the floor fell");
    world->now.acted_number = record->number;
    world->now.acted_crc = crc_of(record);
    world->now.floor_seen = record->floor;
}

static void write_record(struct agent_view *view, struct record next)
{
    next.number = view->record.number + 1;
    if (next.kind == RECORD_SETTLED) {
        next.floor_after = next.floor;
        next.tries = 0;
    }
    world->confirming =
        next.outcome == OUTCOME_CONFIRMED && next.kind == RECORD_SETTLED && !(world->now.confirmed >> V2 & 1)
            ? 3 /* erase, body, first affirm */
            : 0;
    unsigned other = 1 - view->ruling;
    if (record_write(&world->layout, other, &next))
        violated("record_write fails on flash that works");
    view->ruling = other;
    view->record = next;
    act_on(&next);
}

static bool may_settle_on(const struct record *record, unsigned running)
{
    if (world->story->mistake == MAKES_WHATEVER_RUNS_PRIMARY)
        return true;
    if (world->story->mistake == SETTLES_BELOW_THE_FLOOR)
        return record->slots[running].state == SLOT_GOOD;
    return record_allows(record, (uint8_t)running);
}

static void start(struct agent_view *view)
{
    record_read(&world->layout, 0, &view->copies[0]);
    record_read(&world->layout, 1, &view->copies[1]);
    enum status status = OK;
    if (world->story->mistake != DOES_NOT_MEND)
        status = record_mend(&world->layout, view->copies);
    if (status == NOT_FOUND)
        violated("2: the agent finds no record");
    if (status)
        reset();
    int ruling = record_ruling(view->copies);
    if (ruling < 0)
        violated("2: the agent finds no record after mending");
    view->ruling = (unsigned)ruling;
    view->record = view->copies[ruling].record;
    act_on(&view->record);

    unsigned running = world->now.running;
    if (running == view->record.primary)
        return;
    if (may_settle_on(&view->record, running)) {
        struct record next = view->record;
        next.kind = RECORD_SETTLED;
        next.primary = (uint8_t)running;
        next.fallback = SLOT_NONE;
        next.slots[running].state = SLOT_GOOD;
        next.slots[1 - running].state = SLOT_BAD;
        next.outcome = OUTCOME_TRIES_USED;
        write_record(view, next);
    } else {
        reset();
    }
}

static void stage_and_activate(struct agent_view *view)
{
    unsigned running = world->now.running, target = 1 - running;
    const struct area *slot = &world->layout.areas[AREA_SLOT_A + target];
    struct record next = view->record;
    uint8_t image[IMAGE_SIZE];

    next.kind = RECORD_SETTLED;
    next.primary = (uint8_t)running;
    next.fallback = SLOT_NONE;
    next.slots[target] = slot_of(V2, SLOT_STAGING);
    write_record(view, next);

    image_of(V2, image);
    if (area_erase_all(slot) || area_program(slot, 0, image, sizeof image))
        violated("flash fails");

    next = view->record;
    next.slots[target].state = SLOT_STAGED;
    write_record(view, next);

    next = view->record;
    next.kind = RECORD_TRIAL;
    next.primary = (uint8_t)target;
    next.fallback = (uint8_t)running;
    next.tries = 2;
    next.floor_after = world->story->floor_after;
    next.outcome = OUTCOME_NONE;
    write_record(view, next);
    reset();
}

static void confirm(struct agent_view *view)
{
    struct record next = view->record;

    next.kind = RECORD_SETTLED;
    next.floor = view->record.floor_after;
    if (next.slots[next.fallback].sequence < next.floor)
        next.fallback = SLOT_NONE;
    next.slots[next.primary].state = SLOT_GOOD;
    next.outcome = OUTCOME_CONFIRMED;
    write_record(view, next);
}

static void give_up(struct agent_view *view)
{
    struct record next = view->record;

    next.kind = RECORD_SETTLED;
    next.primary = view->record.fallback;
    next.fallback = SLOT_NONE;
    next.slots[view->record.primary].state = SLOT_BAD;
    next.outcome = OUTCOME_SELF_TEST;
    write_record(view, next);
    reset();
}

static void roll_back(struct agent_view *view)
{
    struct record next = view->record;

    next.primary = view->record.fallback;
    next.fallback = view->record.primary;
    next.outcome = OUTCOME_OPERATOR;
    write_record(view, next);
    world->now.rolled_back = 1;
    reset();
}

static void end(void)
{
    world->now.ended = 1;
    reset();
}

/* What the device does next, once per power-on; it ends by a reset, by a cut or with the story. */
static void agent(void)
{
    struct agent_view view;

    start(&view);
    const struct record *record = &view.record;
    unsigned running = world->now.running, other = 1 - running;

    if (world->now.ended)
        reset(); /* the device is only looked at: start has compared it with what it was */
    if (record->kind == RECORD_TRIAL && running == record->primary) {
        if (world->story->new_image == HANGS)
            reset();
        if (world->story->new_image == FAILS_ITS_SELF_TEST)
            give_up(&view);
        confirm(&view);
        reset();
    }
    if (record->slots[running].sequence == V2) {
        if (world->story->rolls_back && record->fallback == other && record->slots[other].state == SLOT_GOOD)
            roll_back(&view);
        end();
    }
    if (record->slots[other].state == SLOT_BAD || (world->story->rolls_back && confirmed_in(other)))
        end();
    stage_and_activate(&view);
}

/* ---- the search */

static uint32_t node_of(const struct world_state *state, uint32_t parent)
{
    uint32_t bucket = crc32_of(span_of(state, sizeof *state)) % BUCKETS;

    for (uint32_t i = world->buckets[bucket]; i; i = world->nodes[i].next_in_bucket)
        if (memcmp(&world->nodes[i].state, state, sizeof *state) == 0)
            return i;
    if (world->node_count == world->node_room) {
        world->node_room *= 2;
        world->nodes = realloc(world->nodes, world->node_room * sizeof *world->nodes);
        assert_non_null(world->nodes);
    }
    struct node *node = &world->nodes[world->node_count];
    *node = (struct node){.state = *state, .parent = parent, .next_in_bucket = world->buckets[bucket]};
    world->buckets[bucket] = world->node_count;
    return world->node_count++;
}

static void print_state(const struct world_state *state)
{
    load(state);
    for (unsigned i = 0; i < 2; i++) {
        struct record record;
        const uint8_t *torn = state->records_torn + i * RECORD_AREA / UNIT;
        bool valid = record_decode(state->records + i * RECORD_AREA, &record);
        bool was = record_decode(state->records_before + i * RECORD_AREA, &record);
        print_message("#   copy %u:%s number %u kind %u primary %u; units torn:", i,
                      valid ? ""
                      : was ? " (was)"
                            : " none,",
                      valid || was ? record.number : 0, valid || was ? record.kind : 0,
                      valid || was ? record.primary : 0);
        for (unsigned u = 0; u < RECORD_AREA / UNIT; u++)
            if (torn[u])
                print_message(" %u", u);
        print_message("\n");
    }
}

static void print_way_to(uint32_t index)
{
    if (index > 1)
        print_way_to(world->nodes[index].parent);
    const struct world_state *state = &world->nodes[index].state;
    print_message("# state %u: cuts %u, booted %u, running %u, slots v%c v%c, acted on %u\n", index,
                  state->cuts, state->booted, state->running, state->slots[0], state->slots[IMAGE_SIZE],
                  state->acted_number);
    print_state(state);
}

static void add_edge(struct node *from, uint32_t to)
{
    for (uint32_t i = 0; i < from->reach_count; i++)
        if (from->reaches[i] == to)
            return;
    from->reaches = realloc(from->reaches, (from->reach_count + 1) * sizeof *from->reaches);
    assert_non_null(from->reaches);
    from->reaches[from->reach_count++] = to;
}

/* One step (a boot, or an agent's life) under the choices set; what it led to becomes a state. */
static void step_once(uint32_t index)
{
    struct world_state after;

    world->at = 0;
    world->confirming = 0;
    load(&world->nodes[index].state);
    unsigned cuts = world->now.cuts;
    if (setjmp(world->power) == 0) {
        if (!world->now.booted) {
            boot();
        } else {
            world->now.booted = 0;
            agent();
        }
    } else {
        world->now.booted = 0;
    }
    world->steps++;
    if (world->records->abuses || world->slots->abuses)
        world->violation = "the flash contract is broken";
    if (world->violation) {
        world->violated_at = index;
        return;
    }
    if (!world->now.booted)
        world->now.running = world->now.kind = 0;
    store(&after);
    uint32_t to = node_of(&after, index);
    if (after.cuts == cuts)
        add_edge(&world->nodes[index], to);
}

static void every_state_can_end(void)
{
    bool changed = true;

    while (changed) {
        changed = false;
        for (uint32_t i = world->node_count; i-- > 1;) {
            struct node *node = &world->nodes[i];
            bool can = node->state.ended;
            for (uint32_t k = 0; !can && k < node->reach_count; k++)
                can = world->nodes[node->reaches[k]].can_end;
            if (can && !node->can_end)
                changed = node->can_end = true;
        }
    }
    for (uint32_t i = 1; i < world->node_count && !world->violation; i++)
        if (!world->nodes[i].can_end) {
            world->violation = "3: no way to the end";
            world->violated_at = i;
        }
}

static struct world_state first_state(void)
{
    struct world_state state;
    struct record record = {.number = 1,
                            .primary = SLOT_A,
                            .fallback = SLOT_NONE,
                            .kind = RECORD_SETTLED,
                            .floor = 1,
                            .floor_after = 1};

    record.slots[SLOT_A] = slot_of(V1, SLOT_GOOD);
    image_of(V1, world->slots->bytes);
    world->now.cuts = CUTS_MAX; /* the factory is not cut */
    assert_int_equal(record_write(&world->layout, 0, &record), OK);
    world->now = (struct world_state){.confirmed = 1 << V1};
    store(&state);
    return state;
}

static void world_begin(const struct story *story)
{
    world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->story = story;
    world->records = memory_flash_new(2 * RECORD_AREA, UNIT, RECORD_AREA, 0xff);
    world->slots = memory_flash_new(2 * IMAGE_SIZE, UNIT, IMAGE_SIZE, 0xff);
    assert_true(world->records && world->slots);
    struct memory_flash *chips[] = {world->records, world->slots};
    for (unsigned i = 0; i < 2; i++) {
        chips[i]->torn_read = torn_read;
        chips[i]->cut_here = cut_here;
        chips[i]->power = &world->power;
        world->layout.areas[AREA_RECORD0 + i] =
            (struct area){&world->records->flash, i * RECORD_AREA, RECORD_AREA};
        world->layout.areas[AREA_SLOT_A + i] =
            (struct area){&world->slots->flash, i * IMAGE_SIZE, IMAGE_SIZE};
    }
    world->node_room = 1024;
    world->nodes = malloc(world->node_room * sizeof *world->nodes);
    assert_non_null(world->nodes);
    world->node_count = 1; /* 0 means none */
}

static void world_end(void)
{
    for (uint32_t i = 1; i < world->node_count; i++)
        free(world->nodes[i].reaches);
    free(world->nodes);
    memory_flash_free(world->records);
    memory_flash_free(world->slots);
    free(world);
}

/* Visits every state; stops at the first violation, which stays in the world. */
static void search(const struct story *story)
{
    world_begin(story);
    struct world_state first = first_state();
    node_of(&first, 0);
    for (uint32_t i = 1; i < world->node_count && !world->violation; i++) {
        world->choices = 0;
        do
            step_once(i);
        while (!world->violation && next_choices());
    }
    if (!world->violation)
        every_state_can_end();
}

static void explore(const struct story *story)
{
    search(story);
    print_message("# %s: %u states, %lu steps\n", story->name, world->node_count - 1, world->steps);
    if (world->violation) {
        print_way_to(world->violated_at);
        fail_msg("%s: %s", story->name, world->violation);
    }
    world_end();
}

static void finds(enum mistake mistake, uint32_t floor_after, const char *violation)
{
    search(&(struct story){"planted mistake", CONFIRMS, floor_after, false, mistake});
    assert_non_null(world->violation);
    assert_string_equal(world->violation, violation);
    world_end();
}

static void an_update_survives_two_cuts_anywhere(void **state)
{
    (void)state;
    explore(&(struct story){"update", CONFIRMS, 1, false, NO_MISTAKE});
}

static void an_update_that_raises_the_floor_survives_two_cuts_anywhere(void **state)
{
    (void)state;
    explore(&(struct story){"update with floor", CONFIRMS, 2, false, NO_MISTAKE});
}

static void a_bad_update_goes_back_whatever_two_cuts_do(void **state)
{
    (void)state;
    explore(&(struct story){"bad update", FAILS_ITS_SELF_TEST, 1, false, NO_MISTAKE});
}

static void an_update_that_hangs_uses_up_its_tries_whatever_two_cuts_do(void **state)
{
    (void)state;
    explore(&(struct story){"hanging update", HANGS, 2, false, NO_MISTAKE});
}

static void a_rollback_survives_two_cuts_anywhere(void **state)
{
    (void)state;
    explore(&(struct story){"rollback", CONFIRMS, 1, true, NO_MISTAKE});
}

static void the_search_finds_an_agent_that_does_not_mend(void **state)
{
    (void)state;
    finds(DOES_NOT_MEND, 2, "1: runs what was never confirmed, outside a trial");
}

static void the_search_finds_an_agent_that_makes_whatever_runs_primary(void **state)
{
    (void)state;
    finds(MAKES_WHATEVER_RUNS_PRIMARY, 1, "1: runs what was never confirmed, outside a trial");
}

static void the_search_finds_an_agent_that_settles_on_a_slot_below_the_floor(void **state)
{
    (void)state;
    finds(SETTLES_BELOW_THE_FLOOR, 2, "2: nothing to boot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_update_survives_two_cuts_anywhere),
        cmocka_unit_test(an_update_that_raises_the_floor_survives_two_cuts_anywhere),
        cmocka_unit_test(a_bad_update_goes_back_whatever_two_cuts_do),
        cmocka_unit_test(an_update_that_hangs_uses_up_its_tries_whatever_two_cuts_do),
        cmocka_unit_test(a_rollback_survives_two_cuts_anywhere),
        cmocka_unit_test(the_search_finds_an_agent_that_does_not_mend),
        cmocka_unit_test(the_search_finds_an_agent_that_makes_whatever_runs_primary),
        cmocka_unit_test(the_search_finds_an_agent_that_settles_on_a_slot_below_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
