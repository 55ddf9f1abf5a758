/* Slots behind a disk's cache: what was not synced may be gone after a power cut, in pieces and in any order. What the journal
 * says of a slot must be there all the same, and the update must end well. */
#include "agent/record.h"
#include "tests/support/bench_device.h"
#include "tests/support/test.h"

#define SECTOR 512u
#define AREA   (2 * BENCH_SLOT_SIZE) /* both slots, which stand beside each other */

/* The disk that both slots stand on; the chip holds what is on the medium. */
static struct disk {
    struct flash flash;
    struct bench *bench;
    uint64_t base;             /* of slot A on the chip */
    uint8_t bytes[AREA];       /* as reads answer */
    bool dirty[AREA / SECTOR]; /* not on the medium, and no sync of it was begun */
    bool begun[AREA / SECTOR];
    unsigned syncs;
    uint32_t chance;
    bool wrong; /* a disk, or an agent, that does not wait: its syncs do nothing */
} disk;

static uint8_t *medium(uint64_t offset)
{
    return disk.bench->chip->bytes + offset;
}

static void sector_keep(size_t sector)
{
    memcpy(medium(disk.base + sector * SECTOR), disk.bytes + sector * SECTOR, SECTOR);
    disk.dirty[sector] = disk.begun[sector] = false;
}

static enum status disk_read(void *context, uint64_t offset, uint8_t *data, size_t size)
{
    (void)context;
    memcpy(data, disk.bytes + (offset - disk.base), size);
    return OK;
}

static enum status disk_put(uint64_t offset, const uint8_t *data, size_t size)
{
    uint64_t at = offset - disk.base;

    memcpy(disk.bytes + at, data, size);
    for (uint64_t sector = at / SECTOR; sector <= (at + size - 1) / SECTOR; sector++) {
        disk.dirty[sector] = true;
        disk.begun[sector] = false;
    }
    return OK;
}

static enum status disk_program(void *context, uint64_t offset, const uint8_t *data, size_t size)
{
    (void)context;
    return disk_put(offset, data, size);
}

static enum status disk_erase(void *context, uint64_t offset)
{
    uint8_t erased[BENCH_ERASE_BLOCK];

    (void)context;
    memset(erased, 0xff, sizeof erased);
    return disk_put(offset, erased, sizeof erased);
}

static enum status disk_sync_begin(void *context)
{
    (void)context;
    for (size_t sector = 0; sector < AREA / SECTOR; sector++)
        disk.begun[sector] = disk.dirty[sector];
    return OK;
}

static enum status disk_sync(void *context)
{
    (void)context;
    disk.syncs++;
    for (size_t sector = 0; !disk.wrong && sector < AREA / SECTOR; sector++)
        if (disk.begun[sector])
            sector_keep(sector);
    return OK;
}

/* Power is gone: each sector that was not synced got there or not, by chance. */
static void disk_forget(void)
{
    for (size_t sector = 0; sector < AREA / SECTOR; sector++) {
        disk.chance = disk.chance * 1664525u + 1013904223u;
        if (disk.dirty[sector] && (disk.chance >> 16 & 1))
            sector_keep(sector);
        disk.dirty[sector] = disk.begun[sector] = false;
    }
    memcpy(disk.bytes, medium(disk.base), AREA);
}

static struct bench *bench_on_disk(uint32_t seed)
{
    struct bench *bench = bench_new(NULL);
    struct layout *layout = &bench->port.layout;

    disk = (struct disk){.bench = bench, .base = layout->areas[AREA_SLOT_A].offset, .chance = seed};
    disk.flash = (struct flash){NULL,         16,         BENCH_ERASE_BLOCK, 0xff,     disk_read,
                                disk_program, disk_erase, disk_sync_begin,   disk_sync};
    memcpy(disk.bytes, medium(disk.base), AREA);
    layout->areas[AREA_SLOT_A].flash = layout->areas[AREA_SLOT_B].flash = &disk.flash;
    assert_int_equal(layout->areas[AREA_SLOT_B].offset, disk.base + BENCH_SLOT_SIZE);
    assert_int_equal(layout_check(layout), OK);
    return bench;
}

static void upload(struct bench *bench, void *with)
{
    bench_upload(bench, with, WITH_SHA);
}

/* What the last journal entry and the record say of slot B stands on the medium. */
static bool claims_hold(const struct bench *bench, const struct push *push)
{
    struct record_copy copies[2];
    struct journal journal;
    uint64_t claimed = 0;

    record_read(&bench->port.layout, 0, &copies[0]);
    record_read(&bench->port.layout, 1, &copies[1]);
    const struct record_slot *slot = &copies[record_ruling(copies)].record.slots[SLOT_B];
    journal_open(&journal, &bench->port.layout.areas[AREA_JOURNAL]);
    if (slot->state == SLOT_STAGED)
        claimed = push->image_size;
    else if (slot->state == SLOT_STAGING && journal.has_last)
        claimed = journal.last.output_done;
    return memcmp(medium(disk.base + BENCH_SLOT_SIZE), push->image, (size_t)claimed) == 0;
}

static void whatever_is_lost_what_the_journal_says_is_there(void **state)
{
    struct push push = push_of(&(struct bench_release){.codec = PATCH_DEFLATE, .image_size = 12000});
    bool reached = true;
    unsigned cuts = 0;

    (void)state;
    for (unsigned at = 1; reached; at++) {
        struct bench *bench = bench_on_disk(at);
        bench_power_on(bench);
        reached = bench_cut(bench, at, CUT_AFTER, upload, &push);
        disk_forget();
        if (!claims_hold(bench, &push))
            fail_msg("cut after operation %u (the seed): the journal claims what is not there", at);
        bench_power_on(bench);
        if (bench_upload(bench, &push, WITH_SHA) != CLIENT_DONE)
            fail_msg("cut after operation %u (the seed): the update does not go on", at);
        disk_forget();
        assert_true(bench_slot_holds(bench, SLOT_B, &push));
        bench_free(bench);
        cuts += reached;
    }
    assert_true(cuts > 20);
    push_free(&push);
}

static void a_sync_that_does_not_wait_is_found_by_the_same_look(void **state)
{
    struct push push = push_of(&(struct bench_release){.image_size = 12000});
    bool reached = true;
    unsigned lost = 0;

    (void)state;
    for (unsigned at = 1; reached; at++) {
        struct bench *bench = bench_on_disk(at);
        disk.wrong = true;
        bench_power_on(bench);
        reached = bench_cut(bench, at, CUT_AFTER, upload, &push);
        disk_forget();
        lost += reached && !claims_hold(bench, &push);
        bench_free(bench);
    }
    assert_true(lost > 5);
    push_free(&push);
}

static void the_journal_is_one_block_behind_and_ends_with_all(void **state)
{
    struct push push = push_of(&(struct bench_release){.image_size = 12000});
    struct bench *bench = bench_on_disk(1);

    (void)state;
    bench_power_on(bench);
    assert_int_equal(bench_upload(bench, &push, WITH_SHA), CLIENT_DONE);
    /* one for each block but the last, and the image's end */
    assert_int_equal(disk.syncs, 12000 / BENCH_ERASE_BLOCK);
    assert_true(bench->agent.journal.last.finished);
    assert_int_equal(bench->agent.journal.last.output_done, 12000);
    push_free(&push);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_lost_what_the_journal_says_is_there),
        cmocka_unit_test(a_sync_that_does_not_wait_is_found_by_the_same_look),
        cmocka_unit_test(the_journal_is_one_block_behind_and_ends_with_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
