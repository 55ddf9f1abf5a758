/* Simulated NOR flash: its rules, torn units, exact power cuts, and content that survives the process. */
#include "hw-sim/flash.h"

#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEED 20260101u

static const struct flash_geometry internal = {16 * 1024, 8, 4096, 0xff, 20, 30000};
static const struct flash_geometry external = {128 * 1024, 4, 65536, 0xff, 5, 400000};
static const struct flash_geometry inverted = {8 * 1024, 16, 2048, 0x00, 20, 30000};

/* Cells with a power supply, and one operation to do while it is cut. */
struct bench {
    struct flash_cells *cells;
    const struct flash *flash;
    struct power power;
    struct flash_watch watch;
    enum { DO_PROGRAM, DO_ERASE } act;
    uint64_t offset;
    struct span data;
    enum status status;
};

static enum power_fate count(void *context, enum flash_act act, size_t chip, uint64_t offset, size_t size)
{
    (void)act, (void)chip, (void)offset, (void)size;
    return power_operation(&((struct bench *)context)->power);
}

static void lose(void *context)
{
    power_lost(&((struct bench *)context)->power);
}

static void attach(struct bench *bench, struct flash_cells *cells)
{
    memset(bench, 0, sizeof *bench);
    bench->cells = cells;
    bench->flash = flash_cells_chip(cells, 0);
    bench->watch = (struct flash_watch){bench, count, lose};
    power_start(&bench->power);
    flash_cells_watch(cells, &bench->watch);
}

static struct bench bench_of(const struct flash_geometry *geometry)
{
    struct flash_cells *cells;
    struct bench bench = {0};
    assert_true(flash_cells_new(geometry, 1, SEED, &cells, NULL));
    bench.cells = cells;
    bench.flash = flash_cells_chip(cells, 0);
    return bench;
}

static void act(void *context)
{
    struct bench *bench = context;
    bench->status = bench->act == DO_ERASE ? bench->flash->erase(bench->flash->context, bench->offset)
                                           : bench->flash->program(bench->flash->context, bench->offset,
                                                                   bench->data.data, bench->data.size);
}

static bool programs(struct bench *bench, uint64_t offset, const void *data, size_t size)
{
    bench->act = DO_PROGRAM, bench->offset = offset, bench->data = span_of(data, size);
    return power_run(&bench->power, act, bench);
}

static bool erases(struct bench *bench, uint64_t offset)
{
    bench->act = DO_ERASE, bench->offset = offset;
    return power_run(&bench->power, act, bench);
}

static enum status read_at(const struct flash *flash, uint64_t offset, void *data, size_t size)
{
    return flash->read(flash->context, offset, data, size);
}

static void fresh_flash_reads_erased_and_keeps_what_is_programmed(void **state)
{
    (void)state;
    const struct flash_geometry *rows[] = {&internal, &external, &inverted};
    for (size_t i = 0; i < 3; i++) {
        struct flash_cells *cells;
        struct bench bench;
        uint8_t data[32], back[64];
        memset(data, 0xa5, sizeof data);
        assert_true(flash_cells_new(rows[i], 1, SEED, &cells, NULL));
        attach(&bench, cells);

        assert_int_equal(read_at(bench.flash, 0, back, 64), OK);
        for (size_t k = 0; k < 64; k++)
            assert_int_equal(back[k], rows[i]->erased);
        assert_true(programs(&bench, 16, data, 32));
        assert_int_equal(bench.status, OK);
        assert_int_equal(bench.power.operations, 32 / rows[i]->write_unit);
        assert_int_equal(read_at(bench.flash, 16, back, 32), OK);
        assert_memory_equal(back, data, 32);
        assert_int_equal(read_at(bench.flash, 17, back, 3), OK);
        assert_memory_equal(back, data, 3);
        assert_int_equal(flash_cells_take_time(cells), 32 / rows[i]->write_unit * rows[i]->program_us);
        flash_cells_close(cells);
    }
}

static void a_unit_is_programmed_once_after_each_erase(void **state)
{
    (void)state;
    struct bench bench = bench_of(&internal);
    attach(&bench, bench.cells);
    uint8_t ones[8], word[8] = "written", back[8];
    memset(ones, 0xff, sizeof ones);

    assert_true(programs(&bench, 8, ones, 8));
    assert_int_equal(bench.status, OK);
    assert_true(programs(&bench, 8, word, 8));
    assert_int_equal(bench.status, FLASH_FAILED);
    assert_int_equal(flash_cells_faults(bench.cells).violations, 1);
    assert_int_equal(read_at(bench.flash, 8, back, 8), OK);
    assert_memory_equal(back, ones, 8);

    assert_true(erases(&bench, 0));
    assert_true(programs(&bench, 8, word, 8));
    assert_int_equal(bench.status, OK);
    flash_cells_close(bench.cells);
}

static void what_is_unaligned_or_outside_the_chip_is_refused_and_counted(void **state)
{
    (void)state;
    struct bench bench = bench_of(&internal);
    attach(&bench, bench.cells);
    uint8_t data[16] = {0};
    static const struct {
        uint64_t offset;
        size_t size;
    } wrong[] = {
        {1, 8}, {0, 7}, {16 * 1024, 8}, {16 * 1024 - 8, 16}, {UINT64_MAX - 7, 8}, {UINT64_MAX - 7, 16}};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(programs(&bench, wrong[i].offset, data, wrong[i].size));
        assert_int_equal(bench.status, FLASH_FAILED);
    }
    assert_true(erases(&bench, 8));
    assert_int_equal(bench.status, FLASH_FAILED);
    assert_true(erases(&bench, 16 * 1024));
    assert_int_equal(bench.status, FLASH_FAILED);
    assert_int_equal(flash_cells_faults(bench.cells).violations, sizeof wrong / sizeof *wrong + 2);
    assert_int_equal(read_at(bench.flash, UINT64_MAX, data, 2), FLASH_FAILED);
    assert_int_equal(read_at(bench.flash, 16 * 1024 - 1, data, 2), FLASH_FAILED);
    assert_int_equal(bench.power.operations, 0);
    flash_cells_close(bench.cells);
}

static void a_cut_before_leaves_the_unit_erased_and_one_after_leaves_it_whole(void **state)
{
    (void)state;
    uint8_t data[24], back[24], erased[24];
    memset(data, 0x3c, sizeof data);
    memset(erased, 0xff, sizeof erased);
    for (uint64_t operation = 1; operation <= 3; operation++) {
        for (int after = 0; after < 2; after++) {
            struct bench bench = bench_of(&internal);
            attach(&bench, bench.cells);
            power_cut_at(&bench.power, operation, after ? POWER_CUT_AFTER : POWER_CUT_BEFORE);
            assert_false(programs(&bench, 0, data, 24));
            assert_int_equal(bench.power.operations, operation);

            size_t written = (size_t)(operation - 1 + (after ? 1 : 0)) * 8;
            assert_int_equal(read_at(bench.flash, 0, back, 24), OK);
            assert_memory_equal(back, data, written);
            assert_memory_equal(back + written, erased, 24 - written);
            assert_int_equal(flash_cells_torn(bench.cells), 0);
            flash_cells_close(bench.cells);
        }
    }
}

static void a_cut_erase_happens_whole_or_not_at_all_unless_it_is_torn(void **state)
{
    (void)state;
    static const enum power_cut cuts[] = {POWER_CUT_BEFORE, POWER_CUT_TORN, POWER_CUT_AFTER};
    for (size_t i = 0; i < 3; i++) {
        struct bench bench = bench_of(&internal);
        attach(&bench, bench.cells);
        uint8_t word[8] = "written", back[8];
        assert_true(programs(&bench, 4096, word, 8));
        power_cut_at(&bench.power, 1, cuts[i]);
        assert_false(erases(&bench, 4096));

        assert_int_equal(flash_cells_torn(bench.cells), cuts[i] == POWER_CUT_TORN ? 4096 / 8 : 0);
        if (cuts[i] != POWER_CUT_TORN) {
            assert_int_equal(read_at(bench.flash, 4096, back, 8), OK);
            assert_int_equal(back[0], cuts[i] == POWER_CUT_BEFORE ? 'w' : 0xff);
        }
        assert_true(erases(&bench, 4096));
        assert_int_equal(flash_cells_torn(bench.cells), 0);
        assert_int_equal(read_at(bench.flash, 4096, back, 8), OK);
        assert_int_equal(back[0], 0xff);
        flash_cells_close(bench.cells);
    }
}

/* Reads a torn unit many times and notes what was seen. */
struct sightings {
    bool as_before, as_meant, mixed, error;
};

static struct sightings look_often(const struct bench *bench, uint64_t offset, const uint8_t *before,
                                   const uint8_t *meant)
{
    struct sightings seen = {0};
    uint8_t back[8];
    for (int i = 0; i < 400; i++) {
        if (read_at(bench->flash, offset, back, 8) != OK)
            seen.error = true;
        else if (memcmp(back, before, 8) == 0)
            seen.as_before = true;
        else if (memcmp(back, meant, 8) == 0)
            seen.as_meant = true;
        else
            seen.mixed = true;
    }
    return seen;
}

static void a_torn_program_may_read_as_anything_in_between_each_time(void **state)
{
    (void)state;
    struct bench bench = bench_of(&internal);
    attach(&bench, bench.cells);
    uint8_t word[8] = "written", erased[8], back[8];
    memset(erased, 0xff, sizeof erased);
    power_cut_at(&bench.power, 1, POWER_CUT_TORN);
    assert_false(programs(&bench, 64, word, 8));

    struct sightings seen = look_often(&bench, 64, erased, word);
    assert_true(seen.as_before && seen.as_meant && seen.mixed && seen.error);
    for (int i = 0; i < 400; i++)
        if (read_at(bench.flash, 64, back, 8) == OK)
            for (size_t k = 0; k < 8; k++)
                assert_int_equal(back[k] & word[k], word[k]); /* programming only clears bits */

    assert_true(programs(&bench, 64, word, 8));
    assert_int_equal(bench.status, FLASH_FAILED);
    assert_int_equal(flash_cells_faults(bench.cells).torn_programs, 1);
    assert_int_equal(flash_cells_faults(bench.cells).violations, 0);
    flash_cells_close(bench.cells);
}

static void a_torn_erase_may_read_as_anything_in_between_each_time(void **state)
{
    (void)state;
    struct bench bench = bench_of(&internal);
    attach(&bench, bench.cells);
    uint8_t word[8] = "written", erased[8];
    memset(erased, 0xff, sizeof erased);
    assert_true(programs(&bench, 0, word, 8));
    power_cut_at(&bench.power, 1, POWER_CUT_TORN);
    assert_false(erases(&bench, 0));

    struct sightings seen = look_often(&bench, 0, word, erased);
    assert_true(seen.as_before && seen.as_meant && seen.mixed && seen.error);
    flash_cells_close(bench.cells);
}

static void the_same_seed_tears_the_same_way(void **state)
{
    (void)state;
    uint8_t seen[2][64][8], word[8] = "written";
    enum status answers[2][64];
    for (int run = 0; run < 2; run++) {
        struct bench bench = bench_of(&internal);
        attach(&bench, bench.cells);
        memset(seen[run], 0, sizeof seen[run]);
        power_cut_at(&bench.power, 1, POWER_CUT_TORN);
        assert_false(programs(&bench, 0, word, 8));
        for (int i = 0; i < 64; i++)
            answers[run][i] = read_at(bench.flash, 0, seen[run][i], 8);
        flash_cells_close(bench.cells);
    }
    assert_memory_equal(seen[0], seen[1], sizeof seen[0]);
    assert_memory_equal(answers[0], answers[1], sizeof answers[0]);
}

static void a_bystander_changes_nothing_and_draws_no_chance(void **state)
{
    (void)state;
    struct bench bench = bench_of(&internal);
    attach(&bench, bench.cells);
    const struct flash *peek = flash_cells_peek(bench.cells, 0);
    uint8_t word[8] = "written", back[16], first[8] = {0}, again[8] = {0};
    assert_true(programs(&bench, 0, word, 8));
    power_cut_at(&bench.power, 1, POWER_CUT_TORN);
    assert_false(programs(&bench, 8, word, 8));
    struct flash_cells *copy;
    assert_true(flash_cells_new(&internal, 1, SEED, &copy, NULL));
    flash_cells_copy(copy, bench.cells);

    assert_int_equal(peek->read(peek->context, 0, back, 8), OK);
    assert_memory_equal(back, word, 8);
    assert_int_equal(peek->read(peek->context, 0, back, 9), FLASH_FAILED);
    assert_int_equal(peek->program(peek->context, 16, word, 8), FLASH_FAILED);
    assert_int_equal(peek->erase(peek->context, 0), FLASH_FAILED);
    assert_int_equal(bench.power.operations, 2);
    for (int i = 0; i < 32; i++) {
        const struct flash *other = flash_cells_chip(copy, 0);
        assert_int_equal(peek->read(peek->context, 8, back, 8), FLASH_FAILED);
        assert_int_equal(read_at(bench.flash, 8, first, 8), read_at(other, 8, again, 8));
        assert_memory_equal(first, again, 8);
    }
    flash_cells_close(copy);
    flash_cells_close(bench.cells);
}

static void two_chips_stand_one_after_another_and_keep_their_own_rules(void **state)
{
    (void)state;
    const struct flash_geometry chips[] = {internal, external};
    struct flash_cells *cells;
    uint8_t word[4] = {1, 2, 3, 4};
    assert_true(flash_cells_new(chips, 2, SEED, &cells, NULL));
    const struct flash *second = flash_cells_chip(cells, 1);

    assert_int_equal(second->write_unit, 4);
    assert_int_equal(second->erase_block, 65536);
    assert_int_equal(second->program(second->context, 4, word, 4), OK);
    assert_int_equal(flash_cells_raw(cells).size, internal.size + external.size);
    assert_memory_equal(flash_cells_raw(cells).data + internal.size + 4, word, 4);
    assert_int_equal(second->erase(second->context, 4096), FLASH_FAILED);
    flash_cells_close(cells);
}

static void geometries_that_no_flash_has_are_refused(void **state)
{
    (void)state;
    static const struct flash_geometry wrong[] = {
        {16384, 0, 4096, 0xff, 0, 0},      {16384, 3, 4096, 0xff, 0, 0},
        {16384, 512, 4096, 0xff, 0, 0},    {16384, 8, 0, 0xff, 0, 0},
        {16384, 8, 4100, 0xff, 0, 0},      {0, 8, 4096, 0xff, 0, 0},
        {16380, 8, 4096, 0xff, 0, 0},      {16384, 8, 4096, 0x7f, 0, 0},
        {1ull << 40, 8, 4096, 0xff, 0, 0}, {UINT64_MAX - 4095, 8, 4096, 0xff, 0, 0},
    };
    struct flash_cells *cells;
    struct failure why;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(flash_cells_new(&wrong[i], 1, SEED, &cells, &why));
        assert_int_equal(why.id, FAIL_LAYOUT);
    }
    assert_false(flash_cells_new(&internal, 0, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_LAYOUT);
}

/* A file of cells in its own folder; the caller unlinks both through `file_gone`. */
static void file_make(char path[64], struct span content)
{
    strcpy(path, "/tmp/suture-flash-XXXXXX");
    assert_non_null(mkdtemp(path));
    strcat(path, "/flash.bin");
    int file = open(path, O_CREAT | O_WRONLY | O_EXCL, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, content.data, content.size), content.size);
    close(file);
}

static void file_gone(char *path)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
}

static void blank_file(char path[64])
{
    static uint8_t blank[16 * 1024];
    memset(blank, 0xff, sizeof blank);
    file_make(path, span_of(blank, sizeof blank));
}

static void content_and_torn_marks_survive_a_killed_process(void **state)
{
    (void)state;
    char path[64];
    uint8_t word[8] = "written", back[8];
    blank_file(path);
    pid_t child = fork();
    if (child == 0) {
        struct bench bench;
        struct flash_cells *cells;
        if (!flash_cells_open(path, &internal, 1, SEED, &cells, NULL))
            _exit(1);
        attach(&bench, cells);
        programs(&bench, 0, word, 8);
        power_cut_at(&bench.power, 1, POWER_CUT_TORN);
        programs(&bench, 8, word, 8);
        raise(SIGKILL);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);

    struct flash_cells *cells;
    assert_true(flash_cells_open(path, &internal, 1, SEED, &cells, NULL));
    const struct flash *flash = flash_cells_chip(cells, 0);
    assert_int_equal(read_at(flash, 0, back, 8), OK);
    assert_memory_equal(back, word, 8);
    assert_int_equal(flash_cells_torn(cells), 1);
    assert_int_equal(flash->program(flash->context, 8, word, 8), FLASH_FAILED);
    assert_int_equal(flash->erase(flash->context, 0), OK);
    assert_int_equal(flash_cells_torn(cells), 0);
    flash_cells_close(cells);
    file_gone(path);
}

static void a_plain_image_knows_which_units_are_programmed(void **state)
{
    (void)state;
    char path[64];
    static uint8_t image[16 * 1024];
    uint8_t word[8] = "written";
    memset(image, 0xff, sizeof image);
    image[100] = 0;
    file_make(path, span_of(image, sizeof image));
    struct flash_cells *cells;
    assert_true(flash_cells_open(path, &internal, 1, SEED, &cells, NULL));
    const struct flash *flash = flash_cells_chip(cells, 0);

    assert_int_equal(flash->program(flash->context, 96, word, 8), FLASH_FAILED);
    assert_int_equal(flash->program(flash->context, 104, word, 8), OK);
    flash_cells_close(cells);
    file_gone(path);
}

static void a_file_of_another_size_or_in_use_is_refused_untouched(void **state)
{
    (void)state;
    char path[64];
    struct failure why;
    struct flash_cells *cells, *second;
    file_make(path, span_text("sixteen bytes!!!"));
    assert_false(flash_cells_open(path, &internal, 1, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    file_gone(path);

    blank_file(path);
    assert_true(flash_cells_open(path, &internal, 1, SEED, &cells, &why));
    assert_false(flash_cells_open(path, &internal, 1, SEED, &second, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    flash_cells_close(cells);
    assert_false(flash_cells_open(path, &external, 1, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    file_gone(path);
    assert_false(flash_cells_open("/nowhere/flash.bin", &internal, 1, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    assert_false(flash_cells_open("/dev/null", &internal, 1, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
}

static void a_damaged_trailer_is_refused(void **state)
{
    (void)state;
    char path[64];
    struct failure why;
    struct flash_cells *cells;
    blank_file(path);
    assert_true(flash_cells_open(path, &internal, 1, SEED, &cells, &why));
    flash_cells_close(cells);
    int file = open(path, O_WRONLY);
    assert_int_equal(pwrite(file, "X", 1, 16 * 1024), 1);
    close(file);

    assert_false(flash_cells_open(path, &internal, 1, SEED, &cells, &why));
    assert_int_equal(why.id, FAIL_FLASH_IMAGE);
    file_gone(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fresh_flash_reads_erased_and_keeps_what_is_programmed),
        cmocka_unit_test(a_unit_is_programmed_once_after_each_erase),
        cmocka_unit_test(what_is_unaligned_or_outside_the_chip_is_refused_and_counted),
        cmocka_unit_test(a_cut_before_leaves_the_unit_erased_and_one_after_leaves_it_whole),
        cmocka_unit_test(a_cut_erase_happens_whole_or_not_at_all_unless_it_is_torn),
        cmocka_unit_test(a_torn_program_may_read_as_anything_in_between_each_time),
        cmocka_unit_test(a_torn_erase_may_read_as_anything_in_between_each_time),
        cmocka_unit_test(the_same_seed_tears_the_same_way),
        cmocka_unit_test(a_bystander_changes_nothing_and_draws_no_chance),
        cmocka_unit_test(two_chips_stand_one_after_another_and_keep_their_own_rules),
        cmocka_unit_test(geometries_that_no_flash_has_are_refused),
        cmocka_unit_test(content_and_torn_marks_survive_a_killed_process),
        cmocka_unit_test(a_plain_image_knows_which_units_are_programmed),
        cmocka_unit_test(a_file_of_another_size_or_in_use_is_refused_untouched),
        cmocka_unit_test(a_damaged_trailer_is_refused),
    };
    return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
