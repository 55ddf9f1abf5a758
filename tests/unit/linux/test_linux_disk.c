/* State and slots on files: the contract of flash, and what reaches the file when. */
#include "agent/ports/linux/slot_disk.h"
#include "agent/ports/linux/state_disk.h"

#include "agent/record.h"
#include "agent/slot.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 4096u
#define SIZE  (8 * BLOCK)

static char path[] = "/tmp/suture-disk-XXXXXX";

static int disk_new(void **state)
{
    (void)state;
    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    int file = mkstemp(path);
    if (file < 0)
        return -1;
    close(file);
    return 0;
}

static int disk_gone(void **state)
{
    (void)state;
    return unlink(path);
}

/* What the file holds, seen by somebody else. */
static uint8_t file_byte(uint64_t offset)
{
    uint8_t byte = 0;
    int file = open(path, O_RDONLY);

    assert_true(file >= 0);
    assert_int_equal(pread(file, &byte, 1, (off_t)offset), 1);
    close(file);
    return byte;
}

static void file_fill(uint8_t value)
{
    uint8_t bytes[SIZE];
    int file = open(path, O_WRONLY);

    memset(bytes, value, sizeof bytes);
    assert_int_equal(write(file, bytes, sizeof bytes), sizeof bytes);
    close(file);
}

static void slot_open(struct slot_disk *slot)
{
    struct failure why;

    assert_true(slot_disk_open(path, DISK_MAKE, SIZE, BLOCK, slot, &why));
}

static uint8_t slot_byte(struct slot_disk *slot, uint64_t offset)
{
    uint8_t byte;

    assert_int_equal(slot->flash.read(slot, offset, &byte, 1), OK);
    return byte;
}

/* ---- slots */

static void an_erase_writes_nothing_and_reads_as_erased(void **state)
{
    struct slot_disk slot;

    (void)state;
    slot_open(&slot);
    file_fill(0x5a);
    assert_int_equal(slot.flash.erase(&slot, BLOCK), OK);
    assert_int_equal(slot_byte(&slot, BLOCK - 1), 0x5a);
    assert_int_equal(slot_byte(&slot, BLOCK), 0);
    assert_int_equal(slot_byte(&slot, 2 * BLOCK - 1), 0);
    assert_int_equal(slot_byte(&slot, 2 * BLOCK), 0x5a);
    assert_int_equal(file_byte(BLOCK), 0x5a);
    slot_disk_close(&slot);
}

static void a_sync_writes_what_was_erased_and_not_programmed(void **state)
{
    uint8_t data[32];
    struct slot_disk slot;

    (void)state;
    slot_open(&slot);
    file_fill(0x5a);
    memset(data, 0x77, sizeof data);
    assert_int_equal(slot.flash.erase(&slot, 0), OK);
    assert_int_equal(slot.flash.program(&slot, 64, data, sizeof data), OK);
    assert_int_equal(slot.flash.program(&slot, 256, data, sizeof data), OK);
    assert_int_equal(slot_byte(&slot, 128), 0);
    assert_int_equal(slot_byte(&slot, 1000), 0);
    assert_int_equal(slot.flash.sync_begin(&slot), OK);
    assert_int_equal(slot.flash.sync(&slot), OK);
    for (uint64_t at = 0; at < BLOCK; at++)
        assert_int_equal(file_byte(at), (at >= 64 && at < 96) || (at >= 256 && at < 288) ? 0x77 : 0);
    assert_int_equal(file_byte(BLOCK), 0x5a);
    slot_disk_close(&slot);
}

static void a_block_of_nothing_but_erased_bytes_survives_too(void **state)
{
    struct slot_disk slot;

    (void)state;
    slot_open(&slot);
    file_fill(0x5a);
    assert_int_equal(slot.flash.erase(&slot, 3 * BLOCK), OK);
    assert_int_equal(slot.flash.sync_begin(&slot), OK);
    assert_int_equal(slot.flash.sync(&slot), OK);
    assert_int_equal(file_byte(3 * BLOCK), 0);
    assert_int_equal(file_byte(4 * BLOCK - 1), 0);
    slot_disk_close(&slot);
}

static void the_next_erase_finishes_the_block_before(void **state)
{
    struct slot_disk slot;

    (void)state;
    slot_open(&slot);
    file_fill(0x5a);
    assert_int_equal(slot.flash.erase(&slot, 0), OK);
    assert_int_equal(slot.flash.erase(&slot, BLOCK), OK);
    assert_int_equal(file_byte(BLOCK - 1), 0);
    assert_int_equal(slot_byte(&slot, 0), 0);
    slot_disk_close(&slot);
}

static void nothing_leaves_the_slot(void **state)
{
    uint8_t data[64] = {0};
    struct slot_disk slot;

    (void)state;
    slot_open(&slot);
    assert_int_equal(slot.flash.erase(&slot, SIZE), FLASH_FAILED);
    assert_int_equal(slot.flash.erase(&slot, 16), FLASH_FAILED);
    assert_int_equal(slot.flash.program(&slot, SIZE - 16, data, 32), FLASH_FAILED);
    assert_int_equal(slot.flash.program(&slot, UINT64_MAX - 8, data, 16), FLASH_FAILED);
    assert_int_equal(slot.flash.read(&slot, SIZE - 1, data, 2), FLASH_FAILED);
    assert_int_equal(slot.flash.read(&slot, UINT64_MAX, data, 2), FLASH_FAILED);
    assert_int_equal(slot.flash.erase(&slot, 0), OK);
    assert_int_equal(slot.flash.program(&slot, BLOCK - 16, data, 32), FLASH_FAILED);
    slot_disk_close(&slot);
}

static void a_disk_that_failed_once_is_not_believed_again(void **state)
{
    uint8_t data[16] = {1};
    struct slot_disk slot;
    struct failure why;

    (void)state;
    slot_open(&slot);
    slot_disk_close(&slot);
    assert_true(slot_disk_open(path, DISK_READ, SIZE, BLOCK, &slot, &why));
    assert_int_equal(slot.flash.erase(&slot, 0), OK);
    assert_int_equal(slot.flash.program(&slot, 0, data, sizeof data), FLASH_FAILED);
    assert_int_equal(slot.flash.sync_begin(&slot), FLASH_FAILED);
    assert_int_equal(slot.flash.sync(&slot), FLASH_FAILED);
    assert_int_equal(slot.flash.erase(&slot, 0), FLASH_FAILED);
    slot_disk_close(&slot);
}

/* The engine's own writer over it: sparse images, sizes around the block. */
static void images_of_any_size_come_out_as_they_were(void **state)
{
    static const size_t sizes[] = {1, 15, 16, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 17, SIZE};
    static uint8_t image[SIZE], page[1024], back[SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof image; i++)
        image[i] = i / 700 % 3 == 1 ? 0 : (uint8_t)(i * 7 + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct slot_writer writer;
        struct slot_disk slot;
        bool done, erased;
        slot_open(&slot);
        file_fill(0x5a);
        struct area area = {&slot.flash, 0, SIZE};
        slot_writer_start(&writer, &area, sizes[i], 0, buffer_over(page, sizeof page));
        struct span bytes = span_of(image, sizes[i]);
        while (bytes.size > 0)
            assert_int_equal(slot_writer_put(&writer, &bytes, &done), OK);
        assert_int_equal(slot_writer_erase_ahead(&writer, &erased), OK);
        assert_false(erased);
        assert_int_equal(slot_writer_finish(&writer), OK);
        slot_disk_close(&slot);
        int file = open(path, O_RDONLY);
        assert_int_equal(pread(file, back, sizes[i], 0), sizes[i]);
        close(file);
        assert_memory_equal(back, image, sizes[i]);
    }
}

/* ---- state */

static void state_open(struct state_disk *state)
{
    struct failure why;

    assert_true(state_disk_open(path, DISK_MAKE, 4 * STATE_BLOCK, state, &why));
}

static void a_new_state_is_erased(void **unused)
{
    struct state_disk state;
    uint8_t byte = 1;

    (void)unused;
    state_open(&state);
    assert_int_equal(state.flash.read(&state, 3 * STATE_BLOCK + 17, &byte, 1), OK);
    assert_int_equal(byte, STATE_ERASED);
    state_disk_close(&state);
}

static void each_unit_has_a_sector_of_its_own(void **unused)
{
    uint8_t data[2 * STATE_UNIT], back[3 * STATE_UNIT];
    struct state_disk state;

    (void)unused;
    state_open(&state);
    memset(data, 0x31, sizeof data);
    assert_int_equal(state.flash.program(&state, STATE_UNIT, data, sizeof data), OK);
    assert_int_equal(file_byte(0), 0);
    assert_int_equal(file_byte(STATE_SECTOR), 0x31);
    assert_int_equal(file_byte(STATE_SECTOR + STATE_UNIT - 1), 0x31);
    assert_int_equal(file_byte(STATE_SECTOR + STATE_UNIT), 0);
    assert_int_equal(file_byte(2 * STATE_SECTOR), 0x31);
    assert_int_equal(file_byte(3 * STATE_SECTOR), 0);
    assert_int_equal(state.flash.read(&state, STATE_UNIT - 100, back, sizeof back), OK);
    for (size_t i = 0; i < sizeof back; i++)
        assert_int_equal(back[i], i >= 100 && i < 100 + sizeof data ? 0x31 : 0);
    assert_int_equal(state.flash.erase(&state, 0), OK);
    assert_int_equal(file_byte(STATE_SECTOR), 0);
    state_disk_close(&state);
}

static void state_takes_whole_units_and_blocks_only(void **unused)
{
    uint8_t data[STATE_UNIT] = {0};
    struct state_disk state;

    (void)unused;
    state_open(&state);
    assert_int_equal(state.flash.program(&state, 16, data, sizeof data), FLASH_FAILED);
    assert_int_equal(state.flash.program(&state, 0, data, 16), FLASH_FAILED);
    assert_int_equal(state.flash.program(&state, 4 * STATE_BLOCK, data, sizeof data), FLASH_FAILED);
    assert_int_equal(state.flash.erase(&state, STATE_UNIT), FLASH_FAILED);
    assert_int_equal(state.flash.erase(&state, 4 * STATE_BLOCK), FLASH_FAILED);
    assert_int_equal(state.flash.read(&state, 4 * STATE_BLOCK - 1, data, 2), FLASH_FAILED);
    assert_null(state.flash.sync);
    state_disk_close(&state);
}

static void a_second_writer_is_refused_and_a_reader_is_not(void **unused)
{
    struct state_disk state, second;
    struct failure why = {0};

    (void)unused;
    state_open(&state);
    assert_false(state_disk_open(path, DISK_WRITE, 4 * STATE_BLOCK, &second, &why));
    assert_int_equal(why.id, FAIL_AGENT_LOCKED);
    assert_true(state_disk_open(path, DISK_READ, 4 * STATE_BLOCK, &second, &why));
    state_disk_close(&second);
    state_disk_close(&state);
}

static void a_disk_that_is_too_small_or_no_disk_is_refused(void **unused)
{
    struct state_disk state;
    struct failure why = {0};

    (void)unused;
    assert_false(state_disk_open(path, DISK_WRITE, 4 * STATE_BLOCK, &state, &why));
    assert_int_equal(why.id, FAIL_AGENT_DISK);
    assert_non_null(strstr(why.what, "262144 are needed"));
    assert_false(state_disk_open("/tmp", DISK_READ, STATE_BLOCK, &state, &why));
    assert_false(state_disk_open("/dev/null", DISK_READ, STATE_BLOCK, &state, &why));
    assert_non_null(strstr(why.what, "neither"));
    assert_false(state_disk_open("/nonexistent/disk", DISK_MAKE, STATE_BLOCK, &state, &why));
    assert_int_equal(why.id, FAIL_AGENT_DISK);
}

#define WITH_DISK(test) cmocka_unit_test_setup_teardown(test, disk_new, disk_gone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DISK(an_erase_writes_nothing_and_reads_as_erased),
        WITH_DISK(a_sync_writes_what_was_erased_and_not_programmed),
        WITH_DISK(a_block_of_nothing_but_erased_bytes_survives_too),
        WITH_DISK(the_next_erase_finishes_the_block_before),
        WITH_DISK(nothing_leaves_the_slot),
        WITH_DISK(a_disk_that_failed_once_is_not_believed_again),
        WITH_DISK(images_of_any_size_come_out_as_they_were),
        WITH_DISK(a_new_state_is_erased),
        WITH_DISK(each_unit_has_a_sector_of_its_own),
        WITH_DISK(state_takes_whole_units_and_blocks_only),
        WITH_DISK(a_second_writer_is_refused_and_a_reader_is_not),
        WITH_DISK(a_disk_that_is_too_small_or_no_disk_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
