/* The bundle for the device at hand: found among others, and refused before a byte is sent when it is not for it, not the
 * vendor's, not whole, too old, or too large. All bundles are real ones. */
#include "tests/unit/loader/loader_kit.h"

#include "keys/base/version.h"
#include "loader/session/choose.h"

static struct device_facts pump;
static struct chosen chosen;
static struct failure why;
static struct trust trust;
static struct shelf shelf; /* of the run; empty at first */

/* A pump of revision B that runs an old release in slot A. */
static struct device_facts a_pump(void)
{
    struct device_facts facts = {.model = "P-200",
                                 .hardware = "B",
                                 .serial = PUMP_SERIAL,
                                 .boot_kind = 1,
                                 .floor = 3,
                                 .slot_count = 2,
                                 .slots = {{.state = 3, .sequence = 4, .active = true}, {.slot = 1}},
                                 .buffer_size = 512,
                                 .buffer_count = 4,
                                 .manifest_max = 4096,
                                 .block_max = 4096,
                                 .segment_max = 65536,
                                 .ram = 16384,
                                 .root_version = 1};
    memcpy(facts.vendor, kit.content.vendor, UUID_SIZE);
    memcpy(facts.class_id, kit.content.classes[0], UUID_SIZE);
    memset(facts.slots[0].hash, 0x0d, sizeof facts.slots[0].hash);
    return facts;
}

static int set_up(void **state)
{
    int opened = station_open(state);

    pump = a_pump();
    trust = kit_trust(1);
    memset(&chosen, 0, sizeof chosen);
    assert_int_equal(mkdir(in_folder("stick"), 0700), 0);
    return opened;
}

static int clean_up(void **state)
{
    chosen_free(&chosen);
    shelf_clear(&shelf);
    return station_close(state);
}

/* Writes the kit's release, as it stands, into the stick. */
static void on_the_stick(const char *name, const struct test_key *signer)
{
    char file[64];

    snprintf(file, sizeof file, "stick/%s", name);
    write_manifest();
    if (signer != NULL)
        sign_manifest(signer);
    write_kit(file);
}

static void release_of(const char *name, uint32_t sequence)
{
    kit.content.sequence = sequence;
    kit.content.floor_after = 0;
    kit.content.version[2] = sequence;
    on_the_stick(name, &kit.release_key);
}

static void text_on_the_stick(const char *name, const char *text)
{
    char file[64];
    snprintf(file, sizeof file, "stick/%s", name);
    put(file, span_text(text));
}

static enum failure_id chosen_for(enum choose_purpose purpose, const char *file)
{
    char folder[512];
    struct choose_from from = {.file = file, .folder = file ? NULL : folder, .shelf = &shelf};

    snprintf(folder, sizeof folder, "%s/stick", kit.folder);
    chosen_free(&chosen);
    why = (struct failure){FAIL_NONE, ""};
    bool found = choose_bundle(&from, purpose, &pump, &trust, 1750000000, &chosen, &why);
    assert_true(found == (why.id == FAIL_NONE));
    assert_true(found == (chosen.bundle != NULL));
    return why.id;
}

static enum failure_id from_the_stick(void)
{
    return chosen_for(CHOOSE_TO_INSTALL, NULL);
}

static void assert_chosen(const char *name)
{
    if (from_the_stick() != FAIL_NONE)
        fail_msg("E-%d %s", why.id, why.what);
    assert_string_equal(strrchr(bundle_path(chosen.bundle), '/') + 1, name);
}

/* ---- which one */

static void the_one_that_fits_is_found_among_others(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    uuid_of_class(kit.content.vendor, "Q-9", "B", kit.content.classes[0]);
    uuid_of_class(kit.content.vendor, "P-200", "A", kit.content.classes[1]);
    release_of("another-model.suture", 90);
    uuid_of_vendor("rival.example", kit.content.vendor);
    release_of("another-vendor.suture", 91);
    text_on_the_stick("notes.txt", "no bundle");
    text_on_the_stick(".hidden.suture", "no bundle");
    assert_chosen("pump.suture");
    assert_int_equal(chosen.passed_over, 0);
    assert_int_equal(chosen.plan.sequence, 7);
    assert_int_equal(chosen.signer_count, 1);
    assert_memory_equal(chosen.signers[0], kit.release_key.id, KEY_ID_SIZE);
}

static void the_highest_sequence_is_taken_whatever_the_names_are(void **state)
{
    (void)state;
    release_of("z-9.9.9.suture", 5);
    release_of("a-1.0.0.suture", 12);
    release_of("m-5.0.0.suture", 11);
    assert_chosen("a-1.0.0.suture");
}

static void the_same_release_twice_is_no_question(void **state)
{
    (void)state;
    release_of("one.suture", 7);
    on_the_stick("copy.suture", &kit.release_key);
    assert_chosen("copy.suture");
}

static void two_releases_of_one_sequence_are_a_question(void **state)
{
    (void)state;
    release_of("one.suture", 7);
    kit.content.confirm_healthy += 1;
    on_the_stick("two.suture", &kit.release_key);
    assert_int_equal(from_the_stick(), FAIL_AMBIGUOUS_BUNDLE);
    assert_non_null(strstr(why.what, "one.suture"));
    assert_non_null(strstr(why.what, "two.suture"));
}

static void older_ones_that_clash_do_not_matter_below_a_newer_one(void **state)
{
    (void)state;
    release_of("a.suture", 7);
    kit.content.confirm_healthy += 1;
    on_the_stick("b.suture", &kit.release_key);
    release_of("c.suture", 8);
    assert_chosen("c.suture");
}

static void an_empty_folder_and_none_are_said(void **state)
{
    (void)state;
    assert_int_equal(from_the_stick(), FAIL_NO_BUNDLE);
    assert_int_equal(rmdir(in_folder("stick")), 0);
    assert_int_equal(from_the_stick(), FAIL_FILE_OPEN);
}

static void a_file_in_the_place_of_the_folder_is_said(void **state)
{
    (void)state;
    assert_int_equal(rmdir(in_folder("stick")), 0);
    put("stick", span_text("x"));
    assert_int_equal(from_the_stick(), FAIL_FILE_OPEN);
}

/* ---- not this one */

static void a_named_file_for_another_device_is_refused_with_the_reason(void **state)
{
    char file[512];

    (void)state;
    release_of("pump.suture", 7);
    snprintf(file, sizeof file, "%s/stick/pump.suture", kit.folder);
    uuid_of_class(kit.content.vendor, "P-200", "A", pump.class_id);
    assert_int_equal(chosen_for(CHOOSE_TO_INSTALL, file), FAIL_WRONG_CLASS);
    uuid_of_vendor("rival.example", pump.vendor);
    assert_int_equal(chosen_for(CHOOSE_TO_INSTALL, file), FAIL_WRONG_VENDOR);
    assert_int_equal(from_the_stick(), FAIL_NO_BUNDLE);
}

static void a_revision_that_the_bundle_names_too_is_served(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    memcpy(pump.class_id, kit.content.classes[1], UUID_SIZE);
    assert_chosen("pump.suture");
    assert_memory_equal(chosen.plan.class_id, kit.content.classes[1], UUID_SIZE);
}

static void a_broken_file_beside_a_good_one_is_passed_over_and_told(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    text_on_the_stick("a-broken.suture", "hello");
    text_on_the_stick("b-broken.suture", "");
    assert_int_equal(mkdir(in_folder("stick/folder.suture"), 0700), 0);
    assert_int_equal(mkfifo(in_folder("stick/pipe.suture"), 0600), 0);
    assert_chosen("pump.suture");
    assert_int_equal(chosen.passed_over, 4);
    assert_non_null(strstr(chosen.passed_first.what, "a-broken.suture"));
}

static void only_a_broken_file_is_shown_with_its_own_failure(void **state)
{
    (void)state;
    text_on_the_stick("broken.suture", "hello");
    assert_int_equal(from_the_stick(), FAIL_BUNDLE_TRUNCATED);
    assert_non_null(strstr(why.what, "broken.suture"));
}

/* ---- not the vendor's */

static void an_unsigned_bundle_is_refused(void **state)
{
    (void)state;
    on_the_stick("pump.suture", NULL);
    assert_int_equal(from_the_stick(), FAIL_UNSIGNED);
}

static void a_key_that_the_vendor_does_not_list_is_refused(void **state)
{
    (void)state;
    on_the_stick("pump.suture", &kit.other_key);
    assert_int_equal(from_the_stick(), FAIL_KEY_UNKNOWN);
}

static void one_signature_where_two_are_asked_for_is_refused(void **state)
{
    (void)state;
    trust.keys[trust.key_count++] = test_trust_key(&kit.other_key, ROLE_RELEASE);
    trust.release = (struct trust_policy){2, 0, 2};
    on_the_stick("pump.suture", &kit.release_key);
    assert_int_equal(from_the_stick(), FAIL_TOO_FEW_SIGNATURES);
}

static void a_withdrawn_key_and_a_withdrawn_release_are_refused(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    assert_chosen("pump.suture");
    memcpy(trust.withdrawn_manifests[trust.withdrawn_manifest_count++],
           bundle_envelope(chosen.bundle)->digest, TRUST_MANIFEST_ID);
    assert_int_equal(from_the_stick(), FAIL_MANIFEST_WITHDRAWN);
    trust.withdrawn_manifest_count = 0;
    memcpy(trust.withdrawn_keys[trust.withdrawn_key_count++], kit.release_key.id, KEY_ID_SIZE);
    assert_int_equal(from_the_stick(), FAIL_KEY_WITHDRAWN);
}

static void a_key_of_another_purpose_or_class_is_refused(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    trust.keys[0].roles = ROLE_DEVICE;
    assert_int_equal(from_the_stick(), FAIL_KEY_SCOPE);
    trust.keys[0].roles = ROLE_RELEASE;
    trust.keys[0].class_count = 1;
    assert_int_equal(from_the_stick(), FAIL_KEY_SCOPE);
    memcpy(trust.keys[0].classes[0], pump.class_id, UUID_SIZE);
    assert_int_equal(from_the_stick(), FAIL_NONE);
}

static void each_byte_of_a_small_bundle_counts(void **state)
{
    struct span whole;
    uint8_t *copy;

    (void)state;
    write_manifest();
    sign_manifest(&kit.release_key);
    whole = write_kit("stick/pump.suture");
    copy = malloc(whole.size);
    assert_non_null(copy);
    memcpy(copy, whole.data, whole.size);
    for (size_t at = 0; at < whole.size; at += 61) {
        copy[at] ^= 0x20;
        put("stick/pump.suture", span_of(copy, whole.size));
        copy[at] ^= 0x20;
        if (from_the_stick() == FAIL_NONE)
            fail_msg("byte %zu was changed and nobody saw it", at);
        assert_true(failure_exit(&why) == EXIT_REFUSED_BUNDLE || failure_exit(&why) == EXIT_NO_DEVICE);
    }
    put("stick/pump.suture", span_of(copy, whole.size - 1));
    assert_int_equal(from_the_stick(), FAIL_BUNDLE_TRUNCATED);
    free(copy);
}

/* A newest one that can't be proven is a matter for a person: an older one is not taken in silence. */
static void an_older_good_one_does_not_stand_in_for_a_newer_bad_one(void **state)
{
    (void)state;
    release_of("good.suture", 7);
    kit.content.sequence = 8;
    on_the_stick("bad.suture", &kit.other_key);
    assert_int_equal(from_the_stick(), FAIL_KEY_UNKNOWN);
}

/* ---- order */

static void older_than_what_runs_is_refused(void **state)
{
    (void)state;
    release_of("pump.suture", 4);
    assert_int_equal(from_the_stick(), FAIL_OLD_SEQUENCE);
    pump.slots[0].sequence = 5;
    assert_int_equal(from_the_stick(), FAIL_OLD_SEQUENCE);
}

static void the_same_sequence_repairs_the_same_image_only(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    pump.slots[0].sequence = 7;
    assert_int_equal(from_the_stick(), FAIL_OLD_SEQUENCE);
    memcpy(pump.slots[0].hash, kit.content.image_digest, DIGEST_SIZE);
    assert_int_equal(from_the_stick(), FAIL_NONE);
}

static void below_the_floor_is_refused_even_where_nothing_runs(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    pump.floor = 8;
    assert_int_equal(from_the_stick(), FAIL_BELOW_FLOOR);
    pump.slots[0].active = false;
    assert_int_equal(from_the_stick(), FAIL_BELOW_FLOOR);
    pump.floor = 7;
    assert_int_equal(from_the_stick(), FAIL_NONE);
}

/* "Is it this release?" is a question about any release, also an older one. */
static void to_compare_neither_order_nor_size_matter(void **state)
{
    (void)state;
    release_of("pump.suture", 4);
    pump.slots[0].sequence = 9;
    pump.ram = pump.block_max = pump.manifest_max = 1;
    assert_int_equal(from_the_stick(), FAIL_OLD_SEQUENCE);
    assert_int_equal(chosen_for(CHOOSE_TO_COMPARE, NULL), FAIL_NONE);
    assert_int_equal(chosen.plan.sequence, 4);
    assert_memory_equal(chosen.plan.image_digest, kit.content.image_digest, DIGEST_SIZE);
    trust.keys[0].roles = ROLE_DEVICE;
    assert_int_equal(chosen_for(CHOOSE_TO_COMPARE, NULL), FAIL_KEY_SCOPE);
}

/* ---- size and version */

static void what_the_device_can_not_hold_is_refused(void **state)
{
    const struct patch_description *patch = &kit.content.streams[0].patch;

    (void)state;
    release_of("pump.suture", 7);
    pump.block_max = patch->block_max;
    pump.segment_max = patch->segment_max;
    pump.ram = patch->ram;
    assert_int_equal(from_the_stick(), FAIL_NONE);
    pump.block_max -= 1;
    assert_int_equal(from_the_stick(), FAIL_BLOCK_TOO_LARGE);
    pump.block_max += 1;
    pump.segment_max -= 1;
    assert_int_equal(from_the_stick(), FAIL_BLOCK_TOO_LARGE);
    pump.segment_max += 1;
    pump.ram -= 1;
    assert_int_equal(from_the_stick(), FAIL_DEVICE_MEMORY);
    pump.ram += 1;
    pump.manifest_max = 200;
    assert_int_equal(from_the_stick(), FAIL_MANIFEST_TOO_LARGE);
}

static void a_loader_that_is_too_old_says_so(void **state)
{
    static const char *const later[] = {"999.0.0", "0.999.0", "9"};

    (void)state;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        kit.content.least_loader = later[i];
        release_of("pump.suture", 7);
        assert_int_equal(from_the_stick(), FAIL_LOADER_TOO_OLD);
    }
    kit.content.least_loader = "soon";
    release_of("pump.suture", 7);
    assert_int_equal(from_the_stick(), FAIL_MANIFEST_FORMAT);
    kit.content.least_loader = SUTURE_VERSION;
    release_of("pump.suture", 7);
    assert_int_equal(from_the_stick(), FAIL_NONE);
    kit.content.least_loader = NULL;
    release_of("pump.suture", 7);
    assert_int_equal(from_the_stick(), FAIL_NONE);
}

/* ---- the stream that the device wants */

static void a_stream_that_the_bundle_lacks_is_nonsense(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    assert_chosen("pump.suture");
    assert_true(choose_stream(&chosen, 0, &pump, &why));
    assert_false(choose_stream(&chosen, 1, &pump, &why));
    assert_int_equal(why.id, FAIL_NONSENSE);
    assert_false(choose_stream(&chosen, 255, &pump, &why));
    pump.ram = 1;
    assert_false(choose_stream(&chosen, 0, &pump, &why));
    assert_int_equal(why.id, FAIL_DEVICE_MEMORY);
}

/* ---- the next device of the run */

static void the_next_device_gets_what_was_verified_and_its_signers_are_judged_anew(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    assert_chosen("pump.suture");
    const struct bundle *first = chosen.bundle;
    assert_chosen("pump.suture");
    assert_ptr_equal(chosen.bundle, first);
    assert_int_equal(shelf.count, 1);
    pump.root_version = 2;
    trust = kit_trust(2);
    assert_int_equal(from_the_stick(), FAIL_TOO_FEW_SIGNATURES);
}

static void a_file_that_was_written_again_is_verified_again(void **state)
{
    (void)state;
    release_of("pump.suture", 7);
    assert_chosen("pump.suture");
    release_of("pump.suture", 8);
    assert_chosen("pump.suture");
    assert_int_equal(chosen.plan.sequence, 8);
    assert_int_equal(shelf.count, 2);
}

static void a_full_shelf_only_costs_time(void **state)
{
    (void)state;
    for (uint32_t sequence = 7; sequence < 7 + SHELF_MAX + 2; sequence++) {
        release_of("pump.suture", sequence);
        assert_chosen("pump.suture");
        assert_int_equal(chosen.plan.sequence, sequence);
    }
    assert_int_equal(shelf.count, SHELF_MAX);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_one_that_fits_is_found_among_others),
        STORY(the_highest_sequence_is_taken_whatever_the_names_are),
        STORY(the_same_release_twice_is_no_question),
        STORY(two_releases_of_one_sequence_are_a_question),
        STORY(older_ones_that_clash_do_not_matter_below_a_newer_one),
        STORY(an_empty_folder_and_none_are_said),
        STORY(a_file_in_the_place_of_the_folder_is_said),
        STORY(a_named_file_for_another_device_is_refused_with_the_reason),
        STORY(a_revision_that_the_bundle_names_too_is_served),
        STORY(a_broken_file_beside_a_good_one_is_passed_over_and_told),
        STORY(only_a_broken_file_is_shown_with_its_own_failure),
        STORY(an_unsigned_bundle_is_refused),
        STORY(a_key_that_the_vendor_does_not_list_is_refused),
        STORY(one_signature_where_two_are_asked_for_is_refused),
        STORY(a_withdrawn_key_and_a_withdrawn_release_are_refused),
        STORY(a_key_of_another_purpose_or_class_is_refused),
        STORY(each_byte_of_a_small_bundle_counts),
        STORY(an_older_good_one_does_not_stand_in_for_a_newer_bad_one),
        STORY(older_than_what_runs_is_refused),
        STORY(the_same_sequence_repairs_the_same_image_only),
        STORY(below_the_floor_is_refused_even_where_nothing_runs),
        STORY(to_compare_neither_order_nor_size_matter),
        STORY(what_the_device_can_not_hold_is_refused),
        STORY(a_loader_that_is_too_old_says_so),
        STORY(a_stream_that_the_bundle_lacks_is_nonsense),
        STORY(the_next_device_gets_what_was_verified_and_its_signers_are_judged_anew),
        STORY(a_file_that_was_written_again_is_verified_again),
        STORY(a_full_shelf_only_costs_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
