/* Releases that the vendor's own key has signed and that lie: the stream gives more than the manifest says, or less, or
 * another image, or sizes no device has. No honest program makes them. The station refuses each before a byte is sent; and
 * a whole simulated pump refuses it too when somebody sends it past the station: it never counts as staged, what ran
 * before runs on, and an honest release still goes in. */
#include "tests/support/pump.h"
#include "tests/support/test.h"

#include "agent/layout.h"
#include "keys/base/file.h"
#include "keys/root.h"
#include "loader/session/choose.h"

#include <stdlib.h>

/* Before anything is erased, or once its stream has shown it: then only the other slot and its notes have changed. */
enum device_sees { BY_THE_MANIFEST, BY_THE_STREAM };

static struct pump pump;

static int set_up(void **state)
{
    (void)state;
    pump_make(&pump, "service: true\n");
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    pump_gone(&pump);
    return 0;
}

static void switch_on(void)
{
    client_link_reset(&pump.client, pump.now);
    device_power_on(pump.device, pump.now);
    assert_true(pump_reaches(&pump, WAIT_SETTLED, 10000));
}

static uint8_t *copy_of(struct span bytes)
{
    uint8_t *copy = malloc(bytes.size);

    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.size);
    return copy;
}

/* What a loader would know of this pump. */
static struct device_facts facts_of_pump(void)
{
    struct message_capabilities capabilities;
    struct message_identity identity;
    struct device_facts facts = {.model = "P-200", .hardware = "B", .serial = PUMP_SERIAL};

    assert_int_equal(pump_ask(&pump, VERB_CAPABILITIES, span_of("", 0)), CLIENT_ANSWER);
    assert_int_equal(message_capabilities_read(client_answer(&pump.client), &capabilities), OK);
    facts.manifest_max = capabilities.manifest_max;
    facts.block_max = capabilities.block_max;
    facts.segment_max = capabilities.segment_max;
    facts.ram = capabilities.ram;
    facts.root_version = capabilities.root_version;
    assert_int_equal(pump_ask(&pump, VERB_IDENTITY, span_of("", 0)), CLIENT_ANSWER);
    assert_int_equal(message_identity_read(client_answer(&pump.client), &identity), OK);
    memcpy(facts.vendor, identity.vendor, UUID_SIZE);
    memcpy(facts.class_id, identity.class_id, UUID_SIZE);
    facts.boot_kind = identity.boot_kind;
    facts.slot_count = identity.slot_count;
    memcpy(facts.slots, identity.slots, sizeof facts.slots);
    return facts;
}

/* FAIL_NONE, or why a station that trusts this vendor does not send it. */
static enum failure_id station_says(const char *name)
{
    struct choose_from from = {.file = pump_file(&pump, name)};
    struct device_facts facts = facts_of_pump();
    struct chosen chosen = {0};
    struct buffer root;
    struct trust trust;
    struct failure why = {FAIL_NONE, ""};
    char path[512];

    snprintf(path, sizeof path, "%s", from.file);
    from.file = path;
    assert_true(file_read(pump_file(&pump, "vendor.root"), ROOT_MAX, &root, &why));
    assert_int_equal(root_read(span_used(&root), &trust), OK);
    if (choose_bundle(&from, CHOOSE_TO_INSTALL, &facts, &trust, 1767225600, &chosen, &why))
        chosen_free(&chosen);
    free(root.data);
    return why.id;
}

/* Sends a push file past every station. */
static enum client_event sent(const struct buffer *push)
{
    pump_upload_start(&pump, push);
    return pump_await(&pump, 600000);
}

static void runs_the_first_release_and_nothing_else(void)
{
    struct device_status status = pump_status(&pump);

    assert_int_equal(status.boot.running, SLOT_A);
    assert_int_equal(status.version[0], 1);
    assert_int_equal(status.record.primary, SLOT_A);
    assert_int_not_equal(status.record.slots[SLOT_B].state, SLOT_STAGED);
    assert_int_not_equal(status.record.slots[SLOT_B].state, SLOT_GOOD);
    assert_int_equal(status.faults.violations, 0);
}

static void slot_a_is_as_it_was(const uint8_t *before)
{
    const struct area *slot = &device_layout(pump.device)->areas[AREA_SLOT_A];
    struct span now = flash_cells_raw(device_cells(pump.device));

    assert_memory_equal(now.data + slot->offset, before + slot->offset, slot->size);
}

static void an_honest_release_goes_in(void)
{
    pump_bundle(&pump, "honest.suture",
                &(struct pump_release){.version = {3}, .sequence = 3, .image_size = 30000, .healthy = 1});
    assert_int_equal(station_says("honest.suture"), FAIL_NONE);
    struct buffer push = pump_push(&pump, "honest.suture", NULL);
    assert_int_equal(sent(&push), CLIENT_DONE);
    assert_int_equal(pump_status(&pump).record.slots[SLOT_B].state, SLOT_STAGED);
    free(push.data);
}

static void lie_is_refused(void (*lie)(struct suit_content *content), enum failure_id station,
                           enum device_sees sees)
{
    struct buffer push;

    pump_bundle(
        &pump, "lie.suture",
        &(struct pump_release){.version = {2}, .sequence = 2, .image_size = 30000, .healthy = 1, .lie = lie});
    push = pump_push_unread(&pump, "lie.suture");
    switch_on();
    uint8_t *before = copy_of(flash_cells_raw(device_cells(pump.device)));

    assert_int_equal(station_says("lie.suture"), station);
    assert_int_equal(failure_entry(station)->exit, EXIT_REFUSED_BUNDLE);
    assert_true(failure_entry(station)->next[0] != '\0');
    struct span now = flash_cells_raw(device_cells(pump.device));
    assert_memory_equal(now.data, before, now.size);

    assert_int_equal(sent(&push), CLIENT_REFUSED);
    if (sees == BY_THE_MANIFEST)
        assert_memory_equal(now.data, before, now.size);
    slot_a_is_as_it_was(before);
    runs_the_first_release_and_nothing_else();
    device_power_off(pump.device);
    switch_on();
    runs_the_first_release_and_nothing_else();
    slot_a_is_as_it_was(before);
    an_honest_release_goes_in();
    free(push.data);
    free(before);
}

/* ---- what the stream makes */

static void one_byte_less(struct suit_content *content)
{
    content->image_size -= 1;
}
static void a_stream_that_makes_one_byte_more_than_the_image(void **state)
{
    (void)state;
    lie_is_refused(one_byte_less, FAIL_STREAM, BY_THE_STREAM);
}

static void a_few_bytes(struct suit_content *content)
{
    content->image_size = 100;
}
static void a_block_that_inflates_to_more_than_the_whole_image(void **state)
{
    (void)state;
    lie_is_refused(a_few_bytes, FAIL_STREAM, BY_THE_STREAM);
}

static void one_byte_more(struct suit_content *content)
{
    content->image_size += 1;
}
static void a_stream_that_ends_before_the_image_does(void **state)
{
    (void)state;
    lie_is_refused(one_byte_more, FAIL_STREAM, BY_THE_STREAM);
}

static void another_image(struct suit_content *content)
{
    content->image_digest[31] ^= 1;
}
static void a_stream_of_another_image(void **state)
{
    (void)state;
    lie_is_refused(another_image, FAIL_STREAM, BY_THE_STREAM);
}

static void another_first_block(struct suit_content *content)
{
    content->streams[0].patch.first_digest[0] ^= 0x80;
}
static void a_stream_that_begins_with_another_block(void **state)
{
    (void)state;
    lie_is_refused(another_first_block, FAIL_BUNDLE_DIGEST, BY_THE_STREAM);
}

static void short_segments(struct suit_content *content)
{
    content->streams[0].patch.segment_max = content->streams[0].patch.block_max;
}
static void segments_longer_than_the_manifest_says(void **state)
{
    (void)state;
    lie_is_refused(short_segments, FAIL_STREAM, BY_THE_STREAM);
}

static void a_longer_stream(struct suit_content *content)
{
    content->streams[0].patch.stream_size += 1;
}
static void a_stream_shorter_than_the_manifest_says(void **state)
{
    (void)state;
    lie_is_refused(a_longer_stream, FAIL_BUNDLE_ENTRY, BY_THE_STREAM);
}

/* ---- giant sizes */

static void a_giant_image(struct suit_content *content)
{
    content->image_size = UINT64_MAX;
}
static void an_image_as_large_as_numbers_go(void **state)
{
    (void)state;
    lie_is_refused(a_giant_image, FAIL_STREAM, BY_THE_MANIFEST);
}

static void a_giant_stream(struct suit_content *content)
{
    content->streams[0].patch.stream_size = UINT64_MAX;
}
static void a_stream_as_long_as_numbers_go(void **state)
{
    (void)state;
    lie_is_refused(a_giant_stream, FAIL_BUNDLE_ENTRY, BY_THE_MANIFEST);
}

static void giant_blocks(struct suit_content *content)
{
    struct patch_description *patch = &content->streams[0].patch;

    patch->ram += 0x70000000 - patch->block_max;
    patch->block_max = 0x70000000;
    patch->segment_max = 0x70000000;
}
static void blocks_larger_than_any_memory(void **state)
{
    (void)state;
    lie_is_refused(giant_blocks, FAIL_STREAM, BY_THE_MANIFEST);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_stream_that_makes_one_byte_more_than_the_image),
        STORY(a_block_that_inflates_to_more_than_the_whole_image),
        STORY(a_stream_that_ends_before_the_image_does),
        STORY(a_stream_of_another_image),
        STORY(a_stream_that_begins_with_another_block),
        STORY(segments_longer_than_the_manifest_says),
        STORY(a_stream_shorter_than_the_manifest_says),
        STORY(an_image_as_large_as_numbers_go),
        STORY(a_stream_as_long_as_numbers_go),
        STORY(blocks_larger_than_any_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
