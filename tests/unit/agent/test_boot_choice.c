/* The boot loader's choice against the text of docs/formats.md 3, restated here in its own words: all pairs of record
 * states, as a pure function; then the boot itself on a chip, with slots that are and are not what the record says. */
#include "agent/boot.h"

#include "keys/base/bytes.h"
#include "keys/digest.h"
#include "tests/support/bench.h"
#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#include <stdio.h>

static unsigned long record_pairs, boot_runs;

/* ---- what a copy may hold: every combination of these */

static const struct marks {
    uint8_t kind, tries, used; /* used: bit i for mark i */
} all_marks[] = {
    {RECORD_SETTLED, 0, 0}, {RECORD_SETTLED, 0, 0x7f}, {RECORD_TRIAL, 2, 0},    {RECORD_TRIAL, 2, 1},
    {RECORD_TRIAL, 2, 2},   {RECORD_TRIAL, 2, 3},      {RECORD_TRIAL, 3, 0},    {RECORD_TRIAL, 3, 1},
    {RECORD_TRIAL, 3, 3},   {RECORD_TRIAL, 3, 5},      {RECORD_TRIAL, 3, 7},    {RECORD_TRIAL, 3, 0x78},
    {RECORD_TRIAL, 7, 0},   {RECORD_TRIAL, 7, 0x3f},   {RECORD_TRIAL, 7, 0x7e}, {RECORD_TRIAL, 7, 0x7f},
};
static const struct order {
    uint8_t primary, fallback;
} all_orders[] = {{SLOT_A, SLOT_NONE}, {SLOT_A, SLOT_B}, {SLOT_B, SLOT_NONE}, {SLOT_B, SLOT_A}};
/* Sequence of slot A is 5, of slot B 7. */
static const uint32_t all_floors[] = {0, 5, 6, 7, 8};

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define STATES      5
#define STATE_PAIRS (STATES * STATES)
#define CONTENTS    (COUNT(all_marks) * COUNT(all_orders) * COUNT(all_floors) * STATE_PAIRS)
#define PLAIN       (COUNT(all_marks) * COUNT(all_orders)) /* contents with good slots and no floor */

static struct record_copy content(size_t index)
{
    size_t i = index;
    const struct marks *marks = &all_marks[i % COUNT(all_marks)];
    i /= COUNT(all_marks);
    const struct order *order = &all_orders[i % COUNT(all_orders)];
    i /= COUNT(all_orders);
    uint8_t states = (uint8_t)(STATE_PAIRS - 1 - i % STATE_PAIRS);
    i /= STATE_PAIRS;
    struct record_copy copy = {.valid = true,
                               .tries_used = marks->used,
                               .record = {.number = 10,
                                          .primary = order->primary,
                                          .fallback = order->fallback,
                                          .kind = marks->kind,
                                          .tries = marks->tries,
                                          .floor = all_floors[i],
                                          .floor_after = all_floors[i]}};

    copy.record.slots[SLOT_A] = (struct record_slot){.state = states % STATES, .sequence = 5};
    copy.record.slots[SLOT_B] = (struct record_slot){.state = states / STATES, .sequence = 7};
    return copy;
}

/* The first PLAIN contents have both slots bad; these have both good. */
static struct record_copy plain_content(size_t index)
{
    struct record_copy copy = content(index);

    copy.record.slots[SLOT_A].state = copy.record.slots[SLOT_B].state = SLOT_GOOD;
    return copy;
}

/* How a copy stands in flash. */
enum standing {
    ABSENT,
    TORN,
    UNAFFIRMED,
    AFFIRMED_ONCE,
    AFFIRMED_LAST,
    WHOLE,
    WHOLE_AND_VOIDS_THE_OTHER,
    STANDINGS
};

static void stand(struct record_copy *copy, enum standing standing, uint32_t number, uint32_t other_number)
{
    copy->record.number = number;
    copy->voids = standing == WHOLE_AND_VOIDS_THE_OTHER ? other_number : 0;
    copy->affirm[0] = standing == AFFIRMED_ONCE || standing >= WHOLE;
    copy->affirm[1] = standing >= WHOLE;
    copy->affirm[2] = standing == AFFIRMED_LAST || standing >= WHOLE;
    if (standing == ABSENT || standing == TORN)
        *copy = (struct record_copy){.tries_used = standing == TORN ? 0x7f : 0};
}

/* ---- the text, restated */

static bool is_affirmed(const struct record_copy *copy)
{
    return copy->affirm[0] || copy->affirm[1] || copy->affirm[2];
}

/* "A record counts from its affirm on", unless the other copy voids it; two later affirms are beyond voiding. */
static bool counts(const struct record_copy *copy, const struct record_copy *other)
{
    if (!copy->valid || !is_affirmed(copy))
        return false;
    if (other->valid && other->voids >= copy->record.number)
        return copy->affirm[1] && copy->affirm[2];
    return true;
}

/* "An affirmed valid record beats an unaffirmed one, then the higher number." */
static int text_rules(const struct record_copy copies[2])
{
    int best = -1;

    for (int i = 0; i < 2; i++) {
        if (!copies[i].valid)
            continue;
        if (best < 0) {
            best = i;
            continue;
        }
        bool this_counts = counts(&copies[i], &copies[best]), best_counts = counts(&copies[best], &copies[i]);
        if (this_counts > best_counts ||
            (this_counts == best_counts && copies[i].record.number > copies[best].record.number))
            best = i;
    }
    return best;
}

/* "A slot is tried only when it is good (or the trial's primary), its sequence is not below the floor." */
static bool text_tries(const struct record *record, uint8_t slot)
{
    bool trials_primary = record->kind == RECORD_TRIAL && slot == record->primary;

    if (slot == SLOT_NONE || record->slots[slot].sequence < record->floor)
        return false;
    return trials_primary || record->slots[slot].state == SLOT_GOOD;
}

/* "Settled: primary, then fallback. Trial: while marks are left, program one and read it back, then primary; if its digest
 * fails or the tries are used, fallback." */
static struct boot_choice text_chooses(const struct record_copy copies[2])
{
    struct boot_choice choice = {.ruling = text_rules(copies), .mark = -1, .slots = {SLOT_NONE, SLOT_NONE}};

    if (choice.ruling < 0)
        return choice;
    const struct record_copy *copy = &copies[choice.ruling];
    const uint8_t wanted[2] = {copy->record.primary, copy->record.fallback};
    for (unsigned i = 0; i < 2; i++) {
        if (!text_tries(&copy->record, wanted[i]))
            continue;
        if (i == 0 && copy->record.kind == RECORD_TRIAL) {
            unsigned mark = 0;
            while (mark < copy->record.tries && copy->tries_used & 1u << mark)
                mark++;
            if (mark == copy->record.tries)
                continue;
            choice.mark = (int)mark;
        }
        choice.slots[choice.count++] = wanted[i];
    }
    return choice;
}

/* ---- all pairs */

static bool same_choice(const struct boot_choice *a, const struct boot_choice *b)
{
    return a->ruling == b->ruling && a->mark == b->mark && a->count == b->count &&
           a->slots[0] == b->slots[0] && a->slots[1] == b->slots[1];
}

static void check_pair(const struct record_copy copies[2])
{
    struct boot_choice chosen, expected = text_chooses(copies);

    memset(&chosen, 0x55, sizeof chosen);
    boot_choose(copies, &chosen);
    record_pairs++;
    if (!same_choice(&chosen, &expected)) {
        for (unsigned i = 0; i < 2; i++) {
            const struct record *r = &copies[i].record;
            print_message(
                "copy %u: valid %d number %u kind %u tries %u used %02x primary %u fallback %u floor %u "
                "states %u %u affirms %d%d%d voids %u\n",
                i, copies[i].valid, r->number, r->kind, r->tries, copies[i].tries_used, r->primary,
                r->fallback, r->floor, r->slots[0].state, r->slots[1].state, copies[i].affirm[0],
                copies[i].affirm[1], copies[i].affirm[2], copies[i].voids);
        }
        fail_msg("ruling %d mark %d slots %u %u, but the text says %d %d %u %u", chosen.ruling, chosen.mark,
                 chosen.slots[0], chosen.slots[1], expected.ruling, expected.mark, expected.slots[0],
                 expected.slots[1]);
    }
}

/* Copy `first` holds `a` under number 10, the other `b` under 9 or 11, in every standing of both. */
static void check_standings(const struct record_copy *a, const struct record_copy *b, unsigned first)
{
    for (uint32_t other = 9; other <= 11; other += 2)
        for (enum standing i = 0; i < STANDINGS; i++)
            for (enum standing j = 0; j < STANDINGS; j++) {
                struct record_copy copies[2];
                copies[first] = *a;
                copies[1 - first] = *b;
                stand(&copies[first], i, 10, other);
                stand(&copies[1 - first], j, other, 10);
                check_pair(copies);
            }
}

static void every_content_beside_a_plain_one_is_chosen_as_the_text_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONTENTS; i++) {
        struct record_copy a = content(i);
        for (size_t j = 0; j < PLAIN; j++) {
            struct record_copy b = plain_content(j);
            check_standings(&a, &b, (unsigned)(i + j) & 1);
        }
    }
}

static void all_pairs_of_plain_contents_are_chosen_as_the_text_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLAIN; i++)
        for (size_t j = 0; j < PLAIN; j++)
            for (unsigned first = 0; first < 2; first++) {
                struct record_copy a = plain_content(i), b = plain_content(j);
                check_standings(&a, &b, first);
            }
}

/* ---- the boot, on a chip */

#define BLOCK 512u
#define IMAGE 48u

struct device {
    struct memory_flash *chip;
    struct layout layout;
};

static void device_make(struct device *device)
{
    device->chip = memory_flash_new(MEMORY_LAYOUT_BLOCKS(1) * BLOCK, 16, BLOCK, 0xff);
    assert_non_null(device->chip);
    memory_layout(device->chip, 1, &device->layout);
    assert_int_equal(layout_check(&device->layout), OK);
}

static uint8_t *bytes_of(struct device *device, enum area_id area)
{
    return device->chip->bytes + device->layout.areas[area].offset;
}

static uint8_t *mark_of(struct device *device, unsigned copy, unsigned mark)
{
    return bytes_of(device, copy ? AREA_RECORD1 : AREA_RECORD0) + 176 + 16 * mark;
}

static void set_mark(uint8_t *unit)
{
    memset(unit, 0, 16);
    unit[0] = 0xa5;
}

static void put_image(struct device *device, unsigned slot, bool right, struct record_slot *said)
{
    uint8_t *bytes = bytes_of(device, AREA_SLOT_A + slot);

    memset(bytes, 0x11 * (int)(slot + 1), IMAGE);
    said->size = IMAGE;
    digest_of(span_of(bytes, IMAGE), said->digest);
    if (!right)
        bytes[IMAGE - 1] ^= 0x80;
}

static void put_copy(struct device *device, unsigned which, const struct record_copy *copy)
{
    uint8_t *area = bytes_of(device, which ? AREA_RECORD1 : AREA_RECORD0);

    memset(area, 0xff, BLOCK);
    if (!copy->valid)
        return;
    record_encode(&copy->record, area);
    for (unsigned mark = 0; mark < RECORD_TRY_MARKS; mark++)
        if (copy->tries_used >> mark & 1)
            set_mark(mark_of(device, which, mark));
    for (unsigned k = 0; k < RECORD_AFFIRMS; k++)
        if (copy->affirm[k])
            set_mark(mark_of(device, which, RECORD_TRY_MARKS + k));
}

enum { DIGEST_A_WRONG = 1, DIGEST_B_WRONG = 2, MARK_DOES_NOT_STICK = 4, SITUATIONS = 8 };

static uint8_t free_marks(const struct record_copy *copy)
{
    uint8_t free_ones = 0;

    for (int mark = 0; mark < copy->record.tries; mark++)
        if (!(copy->tries_used & 1u << mark))
            free_ones++;
    return free_ones;
}

static struct boot_outcome text_boots(const struct record_copy copies[2], unsigned situation)
{
    struct boot_choice choice = text_chooses(copies);
    struct boot_outcome out = {.kind = BOOT_RECOVERY, .running = SLOT_NONE, .reset_cause = 3};

    if (choice.ruling < 0)
        return out;
    const struct record *record = &copies[choice.ruling].record;
    /* marks that do not stick are used up one after the other */
    if (!(situation & MARK_DOES_NOT_STICK) || choice.mark < 0)
        out.tries_left = (uint8_t)(free_marks(&copies[choice.ruling]) - (choice.mark >= 0));
    for (unsigned i = 0; i < choice.count && out.kind == BOOT_RECOVERY; i++) {
        uint8_t slot = choice.slots[i];
        if (i == 0 && choice.mark >= 0 && situation & MARK_DOES_NOT_STICK)
            continue;
        if (situation & (slot == SLOT_A ? DIGEST_A_WRONG : DIGEST_B_WRONG)) {
            out.digest_failed = true;
            continue;
        }
        out.running = slot;
        out.kind = record->kind == RECORD_TRIAL && slot == record->primary ? BOOT_TRIAL : BOOT_SETTLED;
    }
    return out;
}

static void check_boot(struct device *device, struct record_copy copies[2], unsigned situation)
{
    for (unsigned slot = 0; slot < 2; slot++) {
        struct record_slot said = {0};
        put_image(device, slot, !(situation & 1u << slot), &said);
        for (unsigned i = 0; i < 2; i++) {
            copies[i].record.slots[slot].size = said.size;
            memcpy(copies[i].record.slots[slot].digest, said.digest, sizeof said.digest);
        }
    }
    put_copy(device, 0, &copies[0]);
    put_copy(device, 1, &copies[1]);
    device->chip->deaf_to = situation & MARK_DOES_NOT_STICK ? device->chip->size : 0;
    device->chip->operations = 0;

    struct boot_choice choice = text_chooses(copies);
    struct boot_outcome expected = text_boots(copies, situation), out;
    uint8_t page[64];
    memset(&out, 0x55, sizeof out);
    boot_run(&device->layout, 3, buffer_over(page, sizeof page), &out);
    boot_runs++;

    assert_int_equal(out.kind, expected.kind);
    assert_int_equal(out.running, expected.running);
    assert_int_equal(out.tries_left, expected.tries_left);
    assert_int_equal(out.reset_cause, 3);
    assert_int_equal(out.digest_failed, expected.digest_failed);
    unsigned marked = choice.mark < 0                   ? 0
                      : situation & MARK_DOES_NOT_STICK ? free_marks(&copies[choice.ruling])
                                                        : 1;
    assert_int_equal(device->chip->operations, marked);
    assert_int_equal(device->chip->abuses, 0);
    if (choice.mark >= 0 && !(situation & MARK_DOES_NOT_STICK)) {
        const uint8_t *unit = mark_of(device, (unsigned)choice.ruling, (unsigned)choice.mark);
        assert_int_equal(unit[0], 0xa5);
        assert_int_equal(unit[1], 3);
        assert_true(bytes_all(unit + 2, 14, 0));
    }
}

static void every_boot_does_what_the_text_says_and_no_more(void **state)
{
    (void)state;
    struct device device;
    device_make(&device);
    const enum standing others[] = {ABSENT, UNAFFIRMED, WHOLE};

    for (size_t i = 0; i < CONTENTS; i++)
        for (unsigned situation = 0; situation < SITUATIONS; situation++) {
            unsigned which = (unsigned)(i + situation) & 1;
            struct record_copy copies[2];
            copies[which] = content(i);
            copies[1 - which] = plain_content((i * 5 + situation) % PLAIN);
            stand(&copies[which], WHOLE, 10, 0);
            stand(&copies[1 - which], others[(i / 3 + situation) % COUNT(others)], situation & 1 ? 11 : 9, 0);
            check_boot(&device, copies, situation);
        }
    memory_flash_free(device.chip);
}

/* A settled device with v1 in A alone. */
static void device_settled(struct device *device, struct record *record)
{
    device_make(device);
    *record = (struct record){.number = 1, .primary = SLOT_A, .fallback = SLOT_NONE, .kind = RECORD_SETTLED};
    record->slots[SLOT_A].state = SLOT_GOOD;
    put_image(device, SLOT_A, true, &record->slots[SLOT_A]);
    assert_int_equal(record_write(&device->layout, 0, record), OK);
}

static struct boot_outcome boots(struct device *device)
{
    uint8_t page[100];
    struct boot_outcome out;

    boot_run(&device->layout, 0, buffer_over(page, sizeof page), &out);
    return out;
}

static void an_empty_chip_stays_in_recovery(void **state)
{
    (void)state;
    struct device device;
    device_make(&device);
    struct boot_outcome out = boots(&device);
    assert_int_equal(out.kind, BOOT_RECOVERY);
    assert_int_equal(out.running, SLOT_NONE);
    assert_int_equal(out.tries_left, 0);
    assert_false(out.digest_failed);
    memory_flash_free(device.chip);
}

static void a_slot_that_cannot_be_read_is_not_run(void **state)
{
    (void)state;
    struct device device;
    struct record record;
    device_settled(&device, &record);
    assert_int_equal(boots(&device).running, SLOT_A);
    device.chip->dead_from = device.layout.areas[AREA_SLOT_A].offset + IMAGE - 1;
    device.chip->dead_to = device.chip->dead_from + 1;
    assert_int_equal(boots(&device).kind, BOOT_RECOVERY);
    memory_flash_free(device.chip);
}

static void a_try_mark_that_does_not_stick_is_used_up_and_the_next_takes_its_place(void **state)
{
    (void)state;
    struct device device;
    struct record record;
    device_settled(&device, &record);
    put_image(&device, SLOT_B, true, &record.slots[SLOT_B]);
    record.slots[SLOT_B].state = SLOT_STAGED;
    record.slots[SLOT_B].sequence = record.slots[SLOT_A].sequence + 1;
    record.number++;
    record.kind = RECORD_TRIAL;
    record.primary = SLOT_B;
    record.fallback = SLOT_A;
    record.tries = 3;
    assert_int_equal(record_write(&device.layout, 1, &record), OK);
    device.chip->deaf_from = (uint64_t)(mark_of(&device, 1, 0) - device.chip->bytes);
    device.chip->deaf_to = device.chip->deaf_from + 16;

    struct boot_outcome out = boots(&device);
    assert_int_equal(out.kind, BOOT_TRIAL);
    assert_int_equal(out.running, SLOT_B);
    assert_int_equal(out.tries_left, 1);
    memory_flash_free(device.chip);
}

static void an_image_said_to_be_larger_than_its_slot_is_not_run(void **state)
{
    (void)state;
    struct device device;
    struct record record;
    device_settled(&device, &record);
    for (unsigned i = 0; i < 2; i++) {
        record.number++;
        record.slots[SLOT_A].size = i ? UINT64_MAX : BLOCK + 1;
        assert_int_equal(record_write(&device.layout, 1 - i, &record), OK);
        struct boot_outcome out = boots(&device);
        assert_int_equal(out.kind, BOOT_RECOVERY);
        assert_true(out.digest_failed);
    }
    memory_flash_free(device.chip);
}

static void an_image_of_the_whole_slot_is_measured_to_its_last_byte(void **state)
{
    (void)state;
    struct device device;
    uint8_t page[64], digest[32];
    device_make(&device);
    const struct area *slot = &device.layout.areas[AREA_SLOT_B];
    uint8_t *bytes = bytes_of(&device, AREA_SLOT_B);
    memset(bytes, 0x5a, BLOCK);
    digest_of(span_of(bytes, BLOCK), digest);
    for (size_t capacity = 1; capacity <= sizeof page; capacity += 7)
        assert_int_equal(slot_measure(slot, BLOCK, digest, buffer_over(page, capacity)), OK);
    bytes[BLOCK - 1] ^= 1;
    assert_int_equal(slot_measure(slot, BLOCK, digest, buffer_over(page, sizeof page)), BAD_DIGEST);
    memory_flash_free(device.chip);
}

static int write_bench(void **state)
{
    (void)state;
    return bench_merge(
        "power",
        (struct bench_number[]){{"record_pairs", (double)record_pairs}, {"boot_runs", (double)boot_runs}}, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_content_beside_a_plain_one_is_chosen_as_the_text_says),
        cmocka_unit_test(all_pairs_of_plain_contents_are_chosen_as_the_text_says),
        cmocka_unit_test(every_boot_does_what_the_text_says_and_no_more),
        cmocka_unit_test(an_empty_chip_stays_in_recovery),
        cmocka_unit_test(a_slot_that_cannot_be_read_is_not_run),
        cmocka_unit_test(a_try_mark_that_does_not_stick_is_used_up_and_the_next_takes_its_place),
        cmocka_unit_test(an_image_said_to_be_larger_than_its_slot_is_not_run),
        cmocka_unit_test(an_image_of_the_whole_slot_is_measured_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, write_bench);
}
