/* Telling, watching, cutting, counting. The rules stand in power_rules.c. */
#include "tests/support/power.h"
#include "tests/support/test.h"

#define NEAR_OPERATIONS 64u /* of a second telling: boot, mending, the first record */
#define SHOWN           20u /* violations that are printed */
#define REPORT_ONE_IN   8u  /* of the tellings after a second cut: signing is slow */

static struct power_counts *counting;
static struct power_device last;
static bool last_runs;

unsigned long power_number(const char *name, unsigned long otherwise)
{
    const char *value = getenv(name);

    return value && *value ? strtoul(value, NULL, 10) : otherwise;
}

static uint64_t mixed(uint64_t seed)
{
    uint64_t z = seed + 0x9e3779b97f4a7c15u; /* splitmix64 */

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A number of its own for every way to come to this device: what torn units read as, and what is cut next. */
static uint64_t seed_of(const struct power_device *device)
{
    uint64_t seed = mixed(power_number("POWER_SEED", 1));

    for (const char *c = device->story->name; *c; c++)
        seed = mixed(seed ^ (uint8_t)*c);
    for (unsigned i = 0; i < device->cut_count; i++)
        seed = mixed(seed ^ ((uint64_t)device->cuts[i].operation << 2 | (uint64_t)device->cuts[i].when));
    return seed;
}

static void device_print(const struct power_device *device, const char *what)
{
    static const char *const names[] = {"before", "torn", "after"};

    print_message("# %s, write unit %u, erased %02x, seed %lu", device->story->name,
                  device->bench->chip->flash.write_unit, device->bench->chip->flash.erased,
                  power_number("POWER_SEED", 1));
    for (unsigned i = 0; i < device->cut_count; i++)
        print_message(", cut %s operation %u", names[device->cuts[i].when], device->cuts[i].operation);
    print_message(": %s\n", what);
}

void power_print_last(void)
{
    if (last_runs)
        device_print(&last, "the test ended here");
    last_runs = false;
}

/* ---- resuming */

/* Bytes of the push file that may be sent again after a cut: one segment, what one erase block of output takes, and a block
 * that was not whole yet. */
static uint64_t again_most(const struct power_device *device)
{
    uint64_t block = device->bench->chip->flash.erase_block;
    uint64_t heads = PATCH_HEAD_SIZE * (block / POWER_BLOCK_MAX + 2);

    return POWER_SEGMENT_MAX + block + block / 50 + heads + POWER_BLOCK_MAX;
}

static unsigned image_blocks(const struct power_device *device, const struct push *push)
{
    uint32_t block = device->bench->chip->flash.erase_block;

    return (unsigned)((push->image_size + block - 1) / block);
}

const char *power_upload(struct power_device *device, const struct push *push)
{
    if (bench_upload(device->bench, push, WITH_SHA) != CLIENT_DONE)
        return "rule 3: an upload that went on after a cut was refused";
    uint64_t sent = client_progress(&device->bench->client)->sent;
    if (device->taken > 0 && sent + device->taken > push->size + again_most(device) + BENCH_BUFFER)
        return "rule 3: more was sent again than a segment and an erase block";
    if (device->slot_erases > image_blocks(device, push) + 2 * device->cut_count)
        return "rule 3: more than one erase block was made again";
    device->taken = 0;
    device->slot_erases = 0;
    return NULL;
}

/* What the flash of a device that is cut now may know of a push file. */
static uint64_t taken_by(const struct power_device *device)
{
    const struct agent *agent = &device->bench->agent;

    if (!device->bench->powered)
        return device->taken;
    switch (agent->staging.state) {
    case STAGING_WRITING:
        return agent->staging.meta.stream_offset + agent->staging.reader.offset;
    case STAGING_READING_BACK:
    case STAGING_STAGED:
        return agent->staging.meta.push_length;
    default:
        return device->taken;
    }
}

/* ---- cutting */

static void survive(struct power_device *device);

static void cut_here(struct power_device *device, const struct flash_operation *operation, enum cut_when when)
{
    struct power_device twin = *device;

    twin.bench = bench_twin(device->bench);
    twin.cuts[twin.cut_count++] = (struct power_cut){device->operations, when};
    twin.operations = 0;
    twin.taken = taken_by(device);
    twin.bench->chip->seed = seed_of(&twin);
    memory_flash_apply(twin.bench->chip, operation, when);
    if (twin.cut_count == 1)
        counting->cut_points++;
    else
        counting->cut_pairs++;
    survive(&twin);
    bench_free(twin.bench);
}

/* First cuts are made everywhere, or one in so many; second ones by chance, more often where the device recovers. */
static bool is_cut(const struct power_device *device, enum cut_when when)
{
    uint64_t random = mixed(seed_of(device) ^ ((uint64_t)device->operations << 8 | (uint64_t)when));

    if (device->cut_count == 0)
        return random % device->first_chance == 0;
    if (device->terms->second_budget == 0 || device->cut_count >= POWER_CUTS_MAX)
        return false;
    return random % (device->operations <= NEAR_OPERATIONS ? (device->chance + 3) / 4 : device->chance) == 0;
}

static bool in_slots(const struct bench *bench, uint64_t offset)
{
    return offset >= bench->port.layout.areas[AREA_SLOT_A].offset;
}

static void watch(void *context, const struct flash_operation *operation)
{
    struct power_device *device = context;

    device->operations++;
    for (enum cut_when when = CUT_BEFORE; when <= CUT_AFTER; when++)
        if (is_cut(device, when))
            cut_here(device, operation, when);
    if (!operation->data && in_slots(device->bench, operation->offset))
        device->slot_erases++;
}

static void watched(struct power_device *device)
{
    device->bench->chip->grain = CUT_UNITS;
    device->bench->chip->watch = watch;
    device->bench->chip->context = device;
}

/* Switched on after a cut: the rules, the story again, its end, the rules again. */
static void survive(struct power_device *device)
{
    enum power_proof proof =
        device->cut_count == 1 || mixed(seed_of(device)) % REPORT_ONE_IN == 0 ? POWER_PROVEN : POWER_UNPROVEN;

    last = *device;
    last_runs = true;
    watched(device);
    bench_power_on(device->bench);
    const char *what = power_broken(device, proof);
    if (!what)
        what = device->story->tell(device);
    if (!what)
        what = power_wrong_end(device);
    if (!what)
        what = power_broken(device, POWER_UNPROVEN);
    last_runs = false;
    if (!what)
        return;
    if (++counting->violations <= SHOWN)
        device_print(device, what);
}

/* ---- stories */

static void images_make(const struct power_story *story, const struct power_terms *terms,
                        struct push images[POWER_IMAGES])
{
    struct bench_release release = story->release;
    bool by_stream = story->third == THIRD_IS_OTHER_STREAM;

    images[0] = push_of(&(struct bench_release){.sequence = 1});
    release.codec = terms->codec;
    release.image_size = terms->image_size;
    release.block_max = POWER_BLOCK_MAX;
    release.segment_max = POWER_SEGMENT_MAX;
    release.base = by_stream ? images[0].image_digest : NULL;
    images[1] = push_of(&release);
    release.sequence = by_stream ? 2 : 3;
    release.offer = by_stream;
    images[2] = push_of(&release);
}

struct power_device power_device_begin(const struct power_story *story, const struct power_terms *terms,
                                       struct push images[POWER_IMAGES])
{
    struct bench_options options = terms->bench;
    struct power_device device = {.story = story, .terms = terms, .images = images, .chance = 1};

    images_make(story, terms, images);
    options.seed = seed_of(&device);
    device.bench = bench_new(&options);
    if (story->prepare)
        story->prepare(&device);
    device.bench->self_test =
        (struct self_test_result){story->self_test, story->self_test == SELF_TEST_FAILED};
    device.slot_erases = 0;
    device.taken = 0;
    return device;
}

void power_device_end(struct power_device *device, struct push images[POWER_IMAGES])
{
    bench_free(device->bench);
    for (unsigned i = 0; i < POWER_IMAGES; i++)
        push_free(&images[i]);
}

/* Operations of the story when nothing is cut. */
static unsigned operations_of(const struct power_story *story, const struct power_terms *terms)
{
    struct push images[POWER_IMAGES];
    struct power_device device = power_device_begin(story, terms, images);

    device.bench->chip->grain = CUT_UNITS;
    device.bench->chip->operations = 0;
    bench_power_on(device.bench);
    const char *what = story->tell(&device);
    unsigned operations = device.bench->chip->operations;
    if (!what)
        what = power_wrong_end(&device);
    if (what)
        fail_msg("%s, told without a cut: %s", story->name, what);
    power_device_end(&device, images);
    return operations;
}

static unsigned first_chance_of(const struct power_terms *terms, unsigned operations)
{
    return terms->first_budget == 0 ? 1 : 3 * operations / terms->first_budget + 1;
}

/* So that about second_budget of the pairs are tried: each first cut is followed by about as many operations again. */
static unsigned chance_of(const struct power_story *story, const struct power_terms *terms,
                          unsigned operations)
{
    uint64_t firsts = 3 * (uint64_t)operations / first_chance_of(terms, operations);
    uint64_t seconds = 3 * ((uint64_t)operations / 2 + 4 * NEAR_OPERATIONS);

    if (terms->second_budget == 0 || (terms->first_budget == 0 && story->pairs == PAIRS_ALL))
        return 1;
    return (unsigned)(firsts * seconds / terms->second_budget + 1);
}

void power_cut_story(const struct power_story *story, const struct power_terms *terms,
                     struct power_counts *counts)
{
    struct push images[POWER_IMAGES];
    struct power_counts before = *counts;
    unsigned operations = operations_of(story, terms);
    struct power_device device = power_device_begin(story, terms, images);

    counting = counts;
    device.first_chance = first_chance_of(terms, operations);
    device.chance = chance_of(story, terms, operations);
    watched(&device);
    bench_power_on(device.bench);
    assert_null(story->tell(&device));
    assert_null(power_wrong_end(&device));
    assert_int_equal(device.operations, operations);
    unsigned long points = counts->cut_points - before.cut_points;
    if (terms->first_budget == 0)
        assert_int_equal(points, 3 * operations); /* a cut point that is skipped is a failure */
    print_message("# %s: write unit %u, erased %02x, seed %lu: %u operations, %lu cuts, %lu pairs\n",
                  story->name, device.bench->chip->flash.write_unit, device.bench->chip->flash.erased,
                  power_number("POWER_SEED", 1), operations, points, counts->cut_pairs - before.cut_pairs);
    power_device_end(&device, images);
    assert_int_equal(counts->violations, before.violations);
}
