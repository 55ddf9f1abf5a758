/* Boot records: their bytes (docs/formats.md 3), what is refused, which copy rules, and how one is written. */
#include "agent/record.h"

#include "keys/base/bytes.h"
#include "keys/base/crc.h"
#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#define BLOCK 4096u

static struct record a_trial(uint32_t number)
{
    struct record record = {.number = number,
                            .primary = SLOT_B,
                            .fallback = SLOT_A,
                            .kind = RECORD_TRIAL,
                            .tries = 3,
                            .floor = 0x01020304,
                            .floor_after = 0x05060708,
                            .outcome = OUTCOME_OPERATOR,
                            .confirmed_by = CONFIRMED_BY_PORT,
                            .self_test = 1,
                            .self_test_code = 0x0a0b};

    record.slots[SLOT_A] =
        (struct record_slot){.state = SLOT_GOOD, .sequence = 0x11121314, .size = 0x2122232425262728};
    record.slots[SLOT_B] = (struct record_slot){.state = SLOT_STAGED, .sequence = 0x31323334, .size = 0x41};
    memset(record.slots[SLOT_A].digest, 0xd1, 32);
    memset(record.slots[SLOT_A].manifest_id, 0xe1, 16);
    memset(record.slots[SLOT_B].digest, 0xd2, 32);
    memset(record.slots[SLOT_B].manifest_id, 0xe2, 16);
    return record;
}

static struct record a_settled(uint32_t number)
{
    struct record record = a_trial(number);

    record.kind = RECORD_SETTLED;
    record.tries = 0;
    record.primary = SLOT_A;
    record.fallback = SLOT_NONE;
    return record;
}

static bool same_record(const struct record *a, const struct record *b)
{
    uint8_t left[RECORD_SIZE], right[RECORD_SIZE];

    record_encode(a, left);
    record_encode(b, right);
    return memcmp(left, right, RECORD_SIZE) == 0;
}

static void seal(uint8_t bytes[RECORD_SIZE])
{
    put_le32(bytes + 172, crc32_of(span_of(bytes, 172)));
}

/* ---- bytes */

static void every_field_stands_where_the_format_says(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_SIZE];
    struct record record = a_trial(0x0c0d0e0f);
    record_encode(&record, bytes);

    static const uint8_t head[32] = {'S',  'U',  'T', 'B', 1, 0,    176,  0,    0x0f, 0x0e, 0x0d,
                                     0x0c, 1,    0,   2,   3, 0x04, 0x03, 0x02, 0x01, 0x08, 0x07,
                                     0x06, 0x05, 5,   2,   1, 0,    0x0b, 0x0a, 0,    0};
    static const uint8_t slot_a[16] = {3,    0,    0,    0,    0x14, 0x13, 0x12, 0x11,
                                       0x28, 0x27, 0x26, 0x25, 0x24, 0x23, 0x22, 0x21};
    static const uint8_t slot_b[16] = {2, 0, 0, 0, 0x34, 0x33, 0x32, 0x31, 0x41, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(bytes, head, 32);
    assert_memory_equal(bytes + 32, slot_a, 16);
    assert_true(bytes_all(bytes + 48, 32, 0xd1) && bytes_all(bytes + 80, 16, 0xe1));
    assert_memory_equal(bytes + 96, slot_b, 16);
    assert_true(bytes_all(bytes + 112, 32, 0xd2) && bytes_all(bytes + 144, 16, 0xe2));
    assert_true(bytes_all(bytes + 160, 12, 0));
    assert_int_equal(get_le32(bytes + 172), crc32_of(span_of(bytes, 172)));
}

static void what_was_encoded_decodes_to_the_same(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_SIZE];
    struct record in[] = {a_trial(1), a_settled(UINT32_MAX)}, out;

    for (unsigned i = 0; i < 2; i++) {
        memset(&out, 0x55, sizeof out);
        record_encode(&in[i], bytes);
        assert_true(record_decode(bytes, &out));
        assert_true(same_record(&in[i], &out));
    }
}

static void each_flipped_bit_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_SIZE];
    struct record record = a_trial(7), out, untouched;
    memset(&out, 0x55, sizeof out);
    untouched = out;
    record_encode(&record, bytes);

    for (unsigned bit = 0; bit < RECORD_SIZE * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(record_decode(bytes, &out));
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_memory_equal(&out, &untouched, sizeof out);
    assert_true(record_decode(bytes, &out));
}

static void a_blank_area_is_no_record(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_SIZE];
    struct record out;
    memset(bytes, 0, sizeof bytes);
    assert_false(record_decode(bytes, &out));
    memset(bytes, 0xff, sizeof bytes);
    assert_false(record_decode(bytes, &out));
}

/* One byte changed and the CRC made right again. */
static bool decodes_with(const struct record *record, unsigned at, uint8_t value)
{
    uint8_t bytes[RECORD_SIZE];
    struct record out;

    record_encode(record, bytes);
    bytes[at] = value;
    seal(bytes);
    return record_decode(bytes, &out);
}

static void what_is_out_of_range_is_refused_even_with_a_right_crc(void **state)
{
    (void)state;
    struct record trial = a_trial(7), settled = a_settled(7);

    for (unsigned value = 0; value < 256; value++) {
        uint8_t v = (uint8_t)value;
        assert_int_equal(decodes_with(&trial, 4, v), v == 1); /* layout */
        assert_int_equal(decodes_with(&trial, 5, v), v == 0);
        assert_int_equal(decodes_with(&trial, 6, v), v == 176); /* size */
        assert_int_equal(decodes_with(&trial, 7, v), v == 0);
        assert_int_equal(decodes_with(&trial, 12, v), v == 1);              /* primary; the fallback is A */
        assert_int_equal(decodes_with(&trial, 13, v), v == 0 || v == 0xff); /* fallback; primary is B */
        assert_int_equal(decodes_with(&settled, 12, v), v <= 1);
        assert_int_equal(decodes_with(&settled, 13, v), v == 1 || v == 0xff);
        assert_int_equal(decodes_with(&trial, 14, v), v == 2);           /* kind, with 3 tries */
        assert_int_equal(decodes_with(&settled, 14, v), v == 1);         /* kind, with none */
        assert_int_equal(decodes_with(&trial, 15, v), v >= 2 && v <= 7); /* tries */
        assert_int_equal(decodes_with(&settled, 15, v), v == 0);
        assert_int_equal(decodes_with(&trial, 24, v), v <= 7); /* outcome */
        assert_int_equal(decodes_with(&trial, 25, v), v <= 2); /* confirmed by */
        assert_int_equal(decodes_with(&trial, 26, v), v <= 2); /* self test */
        assert_int_equal(decodes_with(&trial, 32, v), v <= 4); /* states */
        assert_int_equal(decodes_with(&trial, 96, v), v <= 4);
    }
}

static void bytes_that_must_be_zero_are(void **state)
{
    (void)state;
    static const uint8_t zeros[] = {27,  30,  31,  33,  34,  35,  97,  98,  99,  160, 161,
                                    162, 163, 164, 165, 166, 167, 168, 169, 170, 171};
    struct record record = a_trial(7);

    for (unsigned i = 0; i < sizeof zeros; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            assert_false(decodes_with(&record, zeros[i], (uint8_t)(1u << bit)));
}

static void the_number_is_never_zero(void **state)
{
    (void)state;
    struct record record = a_trial(0);
    assert_false(decodes_with(&record, 0, 'S'));
}

/* ---- on a chip */

struct device {
    struct memory_flash *chip;
    struct layout layout;
};

static void device_make(struct device *device, uint32_t write_unit, uint8_t erased)
{
    device->chip = memory_flash_new(MEMORY_LAYOUT_BLOCKS(1) * BLOCK, write_unit, BLOCK, erased);
    assert_non_null(device->chip);
    memory_layout(device->chip, 1, &device->layout);
}

static uint8_t *copy_bytes(struct device *device, unsigned which)
{
    return device->chip->bytes + device->layout.areas[AREA_RECORD0 + which].offset;
}

static void read_both(struct device *device, struct record_copy copies[2])
{
    record_read(&device->layout, 0, &copies[0]);
    record_read(&device->layout, 1, &copies[1]);
}

static void write_copy(struct device *device, unsigned which, const struct record *record)
{
    assert_int_equal(record_write(&device->layout, which, record), OK);
}

static void marks_stand_behind_the_record_one_unit_each(void **state)
{
    (void)state;
    static const struct {
        uint32_t write_unit, unit, first;
    } rows[] = {{1, 16, 176},  {4, 16, 176},    {16, 16, 176},  {32, 32, 192},
                {64, 64, 192}, {128, 128, 256}, {256, 256, 256}};

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned erased = 0; erased <= 0xff; erased += 0xff) {
            struct device device;
            struct record record = a_trial(9);
            device_make(&device, rows[i].write_unit, (uint8_t)erased);
            write_copy(&device, 1, &record);
            assert_int_equal(record_mark_try(&device.layout, 1, 2, 0x42), OK);

            const uint8_t *area = copy_bytes(&device, 1), *marks = area + rows[i].first;
            uint32_t unit = rows[i].unit;
            assert_true(bytes_all(area + 176, rows[i].first - 176, (uint8_t)erased));
            for (unsigned mark = 0; mark < 11; mark++) {
                const uint8_t *at = marks + mark * unit;
                if (mark == 2 || (mark >= 7 && mark <= 9)) {
                    assert_int_equal(at[0], 0xa5);
                    assert_int_equal(at[1], mark == 2 ? 0x42 : 0);
                    assert_true(bytes_all(at + 2, unit - 2, 0));
                } else {
                    assert_true(bytes_all(at, unit, (uint8_t)erased));
                }
            }
            struct record_copy copy;
            record_read(&device.layout, 1, &copy);
            assert_true(copy.valid && same_record(&copy.record, &record));
            assert_int_equal(copy.tries_used, 1 << 2);
            assert_true(copy.affirm[0] && copy.affirm[1] && copy.affirm[2]);
            assert_int_equal(copy.voids, 0);
            assert_int_equal(device.chip->abuses, 0);
            memory_flash_free(device.chip);
        }
}

static void a_try_unit_with_any_bit_set_counts_as_used(void **state)
{
    (void)state;
    struct device device;
    struct record record = a_trial(9);
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &record);

    for (unsigned bit = 0; bit < 16 * 8; bit++) {
        uint8_t *byte = copy_bytes(&device, 0) + 176 + 16 * 4 + bit / 8;
        *byte ^= (uint8_t)(1u << bit % 8);
        struct record_copy copy;
        record_read(&device.layout, 0, &copy);
        assert_int_equal(copy.tries_used, 1 << 4);
        assert_int_equal(record_mark_try(&device.layout, 0, 4, 0), FLASH_FAILED);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(device.chip->abuses, 0);
    memory_flash_free(device.chip);
}

static void an_affirm_counts_only_when_exact(void **state)
{
    (void)state;
    struct device device;
    struct record record = a_settled(9);
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &record);

    for (unsigned bit = 0; bit < 3 * 16 * 8; bit++) {
        uint8_t *byte = copy_bytes(&device, 0) + 176 + 16 * 7 + bit / 8;
        *byte ^= (uint8_t)(1u << bit % 8);
        struct record_copy copy;
        record_read(&device.layout, 0, &copy);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(copy.affirm[k], k != bit / 128);
        *byte ^= (uint8_t)(1u << bit % 8);
    }
    memory_flash_free(device.chip);
}

static void a_mark_that_cannot_be_read_is_used_or_absent(void **state)
{
    (void)state;
    struct device device;
    struct record record = a_trial(9);
    struct record_copy copy;
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &record);

    device.chip->dead_from = 176 + 16 * 3;
    device.chip->dead_to = 176 + 16 * 5;
    record_read(&device.layout, 0, &copy);
    assert_true(copy.valid);
    assert_int_equal(copy.tries_used, 3 << 3);

    device.chip->dead_from = 176 + 16 * 8;
    device.chip->dead_to = 176 + 16 * 9;
    record_read(&device.layout, 0, &copy);
    assert_true(copy.affirm[0] && !copy.affirm[1] && copy.affirm[2]);

    device.chip->dead_from = 175;
    device.chip->dead_to = 176;
    record_read(&device.layout, 0, &copy);
    assert_false(copy.valid);
    memory_flash_free(device.chip);
}

static void an_affirmed_record_rules_over_a_newer_unaffirmed_one(void **state)
{
    (void)state;
    struct record_copy copies[2] = {{.valid = true, .record = a_settled(5), .affirm = {true}},
                                    {.valid = true, .record = a_trial(6)}};
    assert_int_equal(record_ruling(copies), 0);
    copies[1].affirm[2] = true;
    assert_int_equal(record_ruling(copies), 1);
    copies[0].voids = 6;
    assert_int_equal(record_ruling(copies), 0);
    copies[1].affirm[1] = true;
    assert_int_equal(record_ruling(copies), 1);
    copies[1].valid = false;
    assert_int_equal(record_ruling(copies), 0);
    copies[0].valid = false;
    assert_int_equal(record_ruling(copies), -1);
}

static void a_record_that_could_not_be_read_again_is_not_written(void **state)
{
    (void)state;
    struct device device;
    struct record record = a_settled(1), bad[6];
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &record);
    for (unsigned i = 0; i < 6; i++)
        bad[i] = record;
    bad[0].number = 0;
    bad[1].tries = 2;
    bad[2].primary = SLOT_NONE;
    bad[3].fallback = bad[3].primary;
    bad[4].slots[SLOT_B].state = SLOT_BAD + 1;
    bad[5].outcome = 8;

    device.chip->operations = 0;
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(record_write(&device.layout, 0, &bad[i]), BAD_FORMAT);
    assert_int_equal(record_mark_try(&device.layout, 0, RECORD_TRY_MARKS, 0), BAD_FORMAT);
    assert_int_equal(device.chip->operations, 0);
    memory_flash_free(device.chip);
}

static void flash_that_does_not_take_a_record_is_noticed(void **state)
{
    (void)state;
    struct record record = a_settled(2);

    for (unsigned unit = 0; unit < 22; unit++) {
        bool body = unit < 11, affirm = unit >= 18 && unit <= 20;
        struct device device;
        device_make(&device, 16, 0xff);
        device.chip->deaf_from = unit * 16;
        device.chip->deaf_to = device.chip->deaf_from + 16;
        assert_int_equal(record_write(&device.layout, 0, &record), body || affirm ? FLASH_FAILED : OK);
        memory_flash_free(device.chip);
    }
}

/* ---- cuts */

#define WRITE_OPERATIONS 5 /* erase, body, three affirms */

/* Old record 5 in copy 0; the write of record 6 to copy 1 is cut. */
static void cut_write(struct device *device, unsigned operation, enum cut_when when, uint64_t seed)
{
    struct record older = a_settled(4), old = a_settled(5), new = a_trial(6);
    jmp_buf power;

    device_make(device, 16, 0xff);
    device->chip->seed = seed;
    write_copy(device, 1, &older);
    write_copy(device, 0, &old);
    memory_flash_cut(device->chip, operation, when, &power);
    if (setjmp(power) == 0)
        record_write(&device->layout, 1, &new);
    memory_flash_cut(device->chip, 0, CUT_BEFORE, NULL);
}

static uint32_t ruling_number(const struct record_copy copies[2])
{
    int ruling = record_ruling(copies);

    assert_true(ruling >= 0);
    return copies[ruling].record.number;
}

static void a_cut_anywhere_keeps_the_old_record_or_the_new_one(void **state)
{
    (void)state;
    for (unsigned operation = 1; operation <= WRITE_OPERATIONS; operation++)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++)
            for (uint64_t seed = 1; seed <= 50; seed++) {
                struct device device;
                struct record_copy copies[2];
                cut_write(&device, operation, when, seed);
                for (unsigned look = 0; look < 10; look++) {
                    read_both(&device, copies);
                    uint32_t number = ruling_number(copies);
                    if (operation < 3 || (operation == 3 && when == CUT_BEFORE))
                        assert_int_equal(number, 5);
                    else if (operation > 3 || when == CUT_AFTER)
                        assert_int_equal(number, 6);
                    else
                        assert_true(number == 5 || number == 6);
                }
                assert_int_equal(device.chip->abuses, 0);
                memory_flash_free(device.chip);
            }
}

/* The record rules with what it says, however often it is looked at. */
static void rules_for_good(struct device *device, bool old_rules)
{
    struct record_copy copies[2];

    for (unsigned look = 0; look < 20; look++) {
        read_both(device, copies);
        const struct record *record = &copies[record_ruling(copies)].record;
        assert_int_equal(record->kind, old_rules ? RECORD_SETTLED : RECORD_TRIAL);
        assert_true(record->number >= 5);
    }
}

static void mending_makes_what_rules_rule_for_good(void **state)
{
    (void)state;
    for (unsigned operation = 1; operation <= WRITE_OPERATIONS; operation++)
        for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++)
            for (uint64_t seed = 1; seed <= 50; seed++) {
                struct device device;
                struct record_copy copies[2];
                cut_write(&device, operation, when, seed);
                read_both(&device, copies);
                bool old_rules = ruling_number(copies) == 5;
                if (record_mend(&device.layout, copies) == OK)
                    rules_for_good(&device, old_rules);
                assert_int_equal(device.chip->abuses, 0);
                memory_flash_free(device.chip);
            }
}

/* Cuts the mend of a device at `operation`; true when it was cut. */
static bool cut_mend(struct device *device, unsigned operation, enum cut_when when)
{
    struct record_copy copies[2];
    jmp_buf power;
    volatile bool cut = true;

    memory_flash_cut(device->chip, operation, when, &power);
    if (setjmp(power) == 0) {
        read_both(device, copies);
        record_mend(&device->layout, copies);
        cut = false;
    }
    memory_flash_cut(device->chip, 0, CUT_BEFORE, NULL);
    return cut;
}

static void a_cut_mend_is_mended_at_the_next_start(void **state)
{
    (void)state;
    unsigned cuts = 0;

    for (unsigned first = 1; first <= WRITE_OPERATIONS; first++)
        for (unsigned second = 1; second <= 8; second++)
            for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++)
                for (uint64_t seed = 1; seed <= 20; seed++) {
                    struct device device;
                    struct record_copy copies[2];
                    cut_write(&device, first, CUT_TORN, seed);
                    cuts += cut_mend(&device, second, when);
                    read_both(&device, copies);
                    if (record_mend(&device.layout, copies) == OK) {
                        bool old_rules = copies[record_ruling(copies)].record.kind == RECORD_SETTLED;
                        rules_for_good(&device, old_rules);
                    }
                    assert_int_equal(device.chip->abuses, 0);
                    memory_flash_free(device.chip);
                }
    assert_true(cuts > 400);
}

/* ---- mending */

static void a_whole_record_needs_no_mending(void **state)
{
    (void)state;
    struct device device;
    struct record old = a_settled(5), new = a_trial(6);
    struct record_copy copies[2];
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &old);
    write_copy(&device, 1, &new);
    device.chip->operations = 0;
    read_both(&device, copies);
    assert_int_equal(record_mend(&device.layout, copies), OK);
    assert_int_equal(device.chip->operations, 0);
    memory_flash_free(device.chip);
}

static void no_record_is_nothing_to_mend(void **state)
{
    (void)state;
    struct device device;
    struct record_copy copies[2];
    device_make(&device, 16, 0xff);
    read_both(&device, copies);
    assert_int_equal(record_mend(&device.layout, copies), NOT_FOUND);
    assert_int_equal(device.chip->operations, 0);
    memory_flash_free(device.chip);
}

static void a_missing_affirm_is_programmed_and_a_torn_one_is_left_alone(void **state)
{
    (void)state;
    struct device device;
    struct record record = a_settled(5);
    struct record_copy copies[2];
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &record);
    uint8_t *affirms = copy_bytes(&device, 0) + 176 + 16 * 7;
    memset(affirms + 16, 0xff, 16);
    affirms[32] = 0xa1;
    device.chip->operations = 0;
    read_both(&device, copies);
    assert_int_equal(record_mend(&device.layout, copies), OK);
    assert_int_equal(device.chip->operations, 1);
    assert_true(copies[0].affirm[0] && copies[0].affirm[1] && !copies[0].affirm[2]);
    assert_int_equal(affirms[32], 0xa1);
    assert_int_equal(device.chip->abuses, 0);
    memory_flash_free(device.chip);
}

static void an_unaffirmed_record_alone_is_written_again_with_the_tries_that_are_left(void **state)
{
    (void)state;
    for (unsigned used = 0; used <= 3; used++) {
        struct device device;
        struct record record = a_trial(5);
        struct record_copy copies[2];
        device_make(&device, 16, 0xff);
        write_copy(&device, 0, &record);
        memset(copy_bytes(&device, 0) + 176 + 16 * 7, 0xff, 48);
        for (unsigned mark = 0; mark < used; mark++)
            assert_int_equal(record_mark_try(&device.layout, 0, mark, 1), OK);
        read_both(&device, copies);
        assert_int_equal(record_mend(&device.layout, copies), OK);
        assert_int_equal(record_ruling(copies), 1);
        assert_int_equal(copies[1].record.number, 6);
        assert_int_equal(record_tries_left(&copies[1]), 3 - used);
        assert_in_range(copies[1].record.tries, 2, 3);
        assert_int_equal(device.chip->abuses, 0);
        memory_flash_free(device.chip);
    }
}

static void a_record_given_up_stays_void_even_if_it_reads_affirmed_again(void **state)
{
    (void)state;
    struct device device;
    struct record old = a_settled(5), new = a_trial(6);
    struct record_copy copies[2];
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &old);
    write_copy(&device, 1, &new);
    uint8_t *affirms = copy_bytes(&device, 1) + 176 + 16 * 7;
    memset(affirms, 0xff, 48);
    jmp_buf power;
    memory_flash_cut(device.chip, 2, CUT_BEFORE, &power); /* after the void mark, before the erase */
    if (setjmp(power) == 0) {
        read_both(&device, copies);
        record_mend(&device.layout, copies);
        fail_msg("mend did not erase");
    }
    memory_flash_cut(device.chip, 0, CUT_BEFORE, NULL);
    memset(affirms, 0, 16);
    affirms[0] = 0xa5;
    read_both(&device, copies);
    assert_true(copies[1].valid && copies[1].affirm[0]);
    assert_int_equal(copies[0].voids, 6);
    assert_int_equal(record_ruling(copies), 0);
    assert_int_equal(record_mend(&device.layout, copies), OK);
    assert_int_equal(ruling_number(copies), 7);
    assert_int_equal(copies[record_ruling(copies)].record.kind, RECORD_SETTLED);
    memory_flash_free(device.chip);
}

static void a_mend_that_fails_leaves_the_ruling_record(void **state)
{
    (void)state;
    struct device device;
    struct record old = a_settled(5), new = a_trial(6);
    struct record_copy copies[2];
    device_make(&device, 16, 0xff);
    write_copy(&device, 0, &old);
    write_copy(&device, 1, &new);
    memset(copy_bytes(&device, 1) + 176 + 16 * 7, 0xff, 48);
    read_both(&device, copies);
    device.chip->dead_from = BLOCK;
    device.chip->dead_to = 2 * BLOCK;
    assert_int_equal(record_mend(&device.layout, copies), FLASH_FAILED);
    read_both(&device, copies);
    assert_int_equal(ruling_number(copies), 5);
    memory_flash_free(device.chip);
}

static void only_a_good_slot_at_or_above_the_floor_is_allowed(void **state)
{
    (void)state;
    struct record record = a_settled(1);
    record.floor = 5;
    record.slots[SLOT_B].sequence = 5;
    for (uint8_t slot_state = SLOT_EMPTY; slot_state <= SLOT_BAD; slot_state++) {
        record.slots[SLOT_B].state = slot_state;
        assert_int_equal(record_allows(&record, SLOT_B), slot_state == SLOT_GOOD);
    }
    record.slots[SLOT_B].state = SLOT_GOOD;
    record.slots[SLOT_B].sequence = 4;
    assert_false(record_allows(&record, SLOT_B));
    assert_false(record_allows(&record, SLOT_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_stands_where_the_format_says),
        cmocka_unit_test(what_was_encoded_decodes_to_the_same),
        cmocka_unit_test(each_flipped_bit_is_refused),
        cmocka_unit_test(a_blank_area_is_no_record),
        cmocka_unit_test(what_is_out_of_range_is_refused_even_with_a_right_crc),
        cmocka_unit_test(bytes_that_must_be_zero_are),
        cmocka_unit_test(the_number_is_never_zero),
        cmocka_unit_test(marks_stand_behind_the_record_one_unit_each),
        cmocka_unit_test(a_try_unit_with_any_bit_set_counts_as_used),
        cmocka_unit_test(an_affirm_counts_only_when_exact),
        cmocka_unit_test(a_mark_that_cannot_be_read_is_used_or_absent),
        cmocka_unit_test(an_affirmed_record_rules_over_a_newer_unaffirmed_one),
        cmocka_unit_test(a_record_that_could_not_be_read_again_is_not_written),
        cmocka_unit_test(flash_that_does_not_take_a_record_is_noticed),
        cmocka_unit_test(a_cut_anywhere_keeps_the_old_record_or_the_new_one),
        cmocka_unit_test(mending_makes_what_rules_rule_for_good),
        cmocka_unit_test(a_cut_mend_is_mended_at_the_next_start),
        cmocka_unit_test(a_whole_record_needs_no_mending),
        cmocka_unit_test(no_record_is_nothing_to_mend),
        cmocka_unit_test(a_missing_affirm_is_programmed_and_a_torn_one_is_left_alone),
        cmocka_unit_test(an_unaffirmed_record_alone_is_written_again_with_the_tries_that_are_left),
        cmocka_unit_test(a_record_given_up_stays_void_even_if_it_reads_affirmed_again),
        cmocka_unit_test(a_mend_that_fails_leaves_the_ruling_record),
        cmocka_unit_test(only_a_good_slot_at_or_above_the_floor_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
