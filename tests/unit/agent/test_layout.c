/* Which layouts are refused, and that access can't leave an area (docs/formats.md 2). */
#include "agent/layout.h"

#include "tests/support/memory_flash.h"
#include "tests/support/test.h"

#define BLOCK       4096u
#define SLOT_BLOCKS 2u

static struct memory_flash *chip;
static struct layout layout;

static int set_up(void **state)
{
    (void)state;
    chip = memory_flash_new(MEMORY_LAYOUT_BLOCKS(SLOT_BLOCKS) * BLOCK, 16, BLOCK, 0xff);
    if (!chip)
        return -1;
    memory_layout(chip, SLOT_BLOCKS, &layout);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    memory_flash_free(chip);
    return 0;
}

static void the_plain_layout_is_accepted(void **state)
{
    (void)state;
    assert_int_equal(layout_check(&layout), OK);
}

static void an_area_off_its_erase_blocks_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AREA_COUNT; i++) {
        struct area good = layout.areas[i];
        layout.areas[i].offset += 16;
        assert_int_equal(layout_check(&layout), BAD_FORMAT);
        layout.areas[i] = good;
        layout.areas[i].size -= 16;
        assert_int_equal(layout_check(&layout), BAD_FORMAT);
        layout.areas[i].size = 0;
        assert_int_equal(layout_check(&layout), BAD_FORMAT);
        layout.areas[i] = good;
        layout.areas[i].flash = NULL;
        assert_int_equal(layout_check(&layout), BAD_FORMAT);
        layout.areas[i] = good;
    }
    assert_int_equal(layout_check(&layout), OK);
}

static void two_areas_that_share_a_block_are_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < AREA_COUNT; i++)
        for (unsigned j = 0; j < AREA_COUNT; j++) {
            struct area good = layout.areas[i];
            layout.areas[i].offset = layout.areas[j].offset;
            assert_int_equal(layout_check(&layout), i == j ? OK : BAD_FORMAT);
            layout.areas[i] = good;
        }
}

static void the_same_place_on_two_chips_is_no_overlap(void **state)
{
    (void)state;
    struct flash other = chip->flash;
    layout.areas[AREA_SLOT_B].flash = &other;
    layout.areas[AREA_SLOT_B].offset = layout.areas[AREA_SLOT_A].offset;
    assert_int_equal(layout_check(&layout), OK);
}

static void an_area_past_the_last_address_is_refused(void **state)
{
    (void)state;
    layout.areas[AREA_SLOT_B].offset = UINT64_MAX - BLOCK + 1;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
}

static void slots_of_different_size_are_refused(void **state)
{
    (void)state;
    layout.areas[AREA_SLOT_B].size -= BLOCK;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
}

static void a_ring_of_one_block_is_refused(void **state)
{
    (void)state;
    for (enum area_id id = AREA_JOURNAL; id <= AREA_LOG; id++) {
        layout.areas[id].size = BLOCK;
        assert_int_equal(layout_check(&layout), BAD_FORMAT);
        layout.areas[id].size = 2 * BLOCK;
    }
}

static enum status check_geometry(uint32_t write_unit, uint32_t erase_block, uint8_t erased)
{
    chip->flash.write_unit = write_unit;
    chip->flash.erase_block = erase_block;
    chip->flash.erased = erased;
    memory_layout(chip, SLOT_BLOCKS, &layout);
    return layout_check(&layout);
}

static void the_write_unit_is_a_power_of_two_up_to_256(void **state)
{
    (void)state;
    for (uint32_t unit = 0; unit <= 1024; unit++) {
        bool power = unit && !(unit & (unit - 1)) && unit <= 256;
        assert_int_equal(check_geometry(unit, BLOCK, 0xff), power ? OK : BAD_FORMAT);
    }
}

static void the_erased_value_is_all_ones_or_all_zeros(void **state)
{
    (void)state;
    for (unsigned erased = 0; erased < 256; erased++)
        assert_int_equal(check_geometry(16, BLOCK, (uint8_t)erased),
                         erased == 0 || erased == 0xff ? OK : BAD_FORMAT);
}

static void a_record_needs_room_for_its_eleven_marks(void **state)
{
    (void)state;
    assert_int_equal(check_geometry(16, 176 + 11 * 16, 0xff), OK);
    assert_int_equal(check_geometry(16, 176 + 10 * 16, 0xff), BAD_FORMAT);
    assert_int_equal(check_geometry(16, 0, 0xff), BAD_FORMAT);
    assert_int_equal(check_geometry(16, BLOCK + 8, 0xff), BAD_FORMAT);
    assert_int_equal(check_geometry(256, 256 + 11 * 256, 0xff), OK);
}

static void a_record_may_span_small_erase_blocks(void **state)
{
    (void)state;
    check_geometry(16, 256, 0xff);
    struct flash small = chip->flash;
    layout.areas[AREA_RECORD0] = (struct area){&small, 0, 512};
    layout.areas[AREA_RECORD1] = (struct area){&small, 512, 512};
    assert_int_equal(layout_check(&layout), OK);
}

static void a_flash_without_a_function_is_refused(void **state)
{
    (void)state;
    struct flash good = chip->flash;
    chip->flash.read = NULL;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
    chip->flash = good;
    chip->flash.program = NULL;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
    chip->flash = good;
    chip->flash.erase = NULL;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
}

static void access_cannot_leave_an_area(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset;
        size_t size;
    } outside[] = {
        {2 * BLOCK, 16}, {2 * BLOCK - 16, 32}, {2 * BLOCK + 16, 0}, {UINT64_MAX, 1}, {16, SIZE_MAX}};
    const struct area *slot = &layout.areas[AREA_SLOT_A];
    static uint8_t bytes[64];

    for (unsigned i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_int_equal(area_read(slot, outside[i].offset, bytes, outside[i].size), TOO_LARGE);
        assert_int_equal(area_program(slot, outside[i].offset, bytes, outside[i].size), TOO_LARGE);
    }
    assert_int_equal(area_erase_block(slot, 2 * BLOCK), TOO_LARGE);
    assert_int_equal(area_erase_block(slot, UINT64_MAX - 16), TOO_LARGE);
    assert_int_equal(chip->operations, 0);
    assert_int_equal(area_program(slot, 2 * BLOCK - 16, bytes, 16), OK);
    assert_int_equal(area_read(slot, 0, bytes, sizeof bytes), OK);
    assert_int_equal(area_read(slot, 2 * BLOCK, bytes, 0), OK);
}

static void erasing_an_area_touches_nothing_else(void **state)
{
    (void)state;
    memset(chip->bytes, 0x12, chip->size);
    assert_int_equal(area_erase_all(&layout.areas[AREA_SLOT_A]), OK);
    for (uint64_t at = 0; at < chip->size; at++) {
        bool inside = at >= layout.areas[AREA_SLOT_A].offset && at < layout.areas[AREA_SLOT_B].offset;
        assert_int_equal(chip->bytes[at], inside ? 0xff : 0x12);
    }
    assert_int_equal(chip->operations, 2);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static enum status sync_now(void *context)
{
    (void)context;
    return OK;
}

static void only_slots_may_stand_where_writes_wait_for_a_sync(void **state)
{
    struct flash disk = chip->flash;

    (void)state;
    disk.sync = disk.sync_begin = sync_now;
    for (unsigned i = 0; i < AREA_COUNT; i++) {
        const struct flash *flash = layout.areas[i].flash;
        layout.areas[i].flash = &disk;
        assert_int_equal(layout_check(&layout), i >= AREA_SLOT_A ? OK : BAD_FORMAT);
        layout.areas[i].flash = flash;
    }
    disk.sync_begin = NULL;
    layout.areas[AREA_SLOT_B].flash = &disk;
    assert_int_equal(layout_check(&layout), BAD_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(the_plain_layout_is_accepted),
        test(an_area_off_its_erase_blocks_is_refused),
        test(two_areas_that_share_a_block_are_refused),
        test(the_same_place_on_two_chips_is_no_overlap),
        test(an_area_past_the_last_address_is_refused),
        test(slots_of_different_size_are_refused),
        test(a_ring_of_one_block_is_refused),
        test(the_write_unit_is_a_power_of_two_up_to_256),
        test(the_erased_value_is_all_ones_or_all_zeros),
        test(a_record_needs_room_for_its_eleven_marks),
        test(a_record_may_span_small_erase_blocks),
        test(a_flash_without_a_function_is_refused),
        test(access_cannot_leave_an_area),
        test(erasing_an_area_touches_nothing_else),
        test(only_slots_may_stand_where_writes_wait_for_a_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
