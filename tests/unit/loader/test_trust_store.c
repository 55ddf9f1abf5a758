/* The station's trust store: vendors come in by hand, go forward one version at a time, and whatever lies in the folder
 * that does not belong there changes nothing or stops everything, never something in between. */
#include "tests/unit/loader/loader_kit.h"

#include "keys/base/hex.h"

#include <limits.h>

static uint8_t vendor[UUID_SIZE], rival[UUID_SIZE];

static int set_up(void **state)
{
    uuid_of_vendor("acme.example", vendor);
    uuid_of_vendor("rival.example", rival);
    return station_open(state);
}

static enum failure_id found(const uint8_t id[UUID_SIZE], uint32_t *version)
{
    struct trust_document document;
    struct failure why = {FAIL_NONE, ""};

    if (trust_store_find(trust_folder(), id, &document, &why)) {
        *version = document.trust.version;
        trust_document_free(&document);
    }
    return why.id;
}

static void assert_rules(const uint8_t id[UUID_SIZE], uint32_t version)
{
    uint32_t found_version = 0;
    assert_int_equal(found(id, &found_version), FAIL_NONE);
    assert_int_equal(found_version, version);
}

static const char *stored(const uint8_t id[UUID_SIZE], uint32_t version)
{
    static char path[1024];
    char hex[2 * UUID_SIZE + 1];
    hex_of(span_of(id, UUID_SIZE), hex);
    snprintf(path, sizeof path, "%s/%s.%u.root", trust_folder(), hex, version);
    return path;
}

static void write_stored(const uint8_t id[UUID_SIZE], uint32_t version, struct span bytes)
{
    struct failure why;
    assert_true(file_write(stored(id, version), bytes, 0644, &why));
}

static void nobody_is_trusted_at_first(void **state)
{
    uint32_t version;
    (void)state;
    assert_int_equal(found(vendor, &version), FAIL_NO_ROOT);
}

static void a_vendor_that_was_added_is_found_and_its_folder_is_closed_to_others(void **state)
{
    struct stat about;
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    assert_rules(vendor, 1);
    assert_int_equal(stat(trust_folder(), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
}

static void the_same_again_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    assert_int_equal(files_in(trust_folder()), 1);
}

static void the_first_document_of_a_vendor_may_have_any_version(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){.version = 5, .also_signed_by = "old root"}),
                     FAIL_NONE);
    assert_rules(vendor, 5);
}

static void versions_follow_one_by_one_and_all_are_kept(void **state)
{
    struct trust_document document;
    struct failure why;

    (void)state;
    for (uint32_t version = 1; version <= 3; version++)
        assert_int_equal(trust_added("root", (struct root_tale){.version = version}), FAIL_NONE);
    assert_rules(vendor, 3);
    for (uint32_t version = 1; version <= 3; version++) {
        assert_true(trust_store_version(trust_folder(), vendor, version, &document, &why));
        assert_int_equal(document.trust.version, version);
        trust_document_free(&document);
    }
    assert_false(trust_store_version(trust_folder(), vendor, 4, &document, &why));
    assert_int_equal(why.id, FAIL_NO_ROOT);
}

static void a_version_that_is_left_out_or_goes_back_is_refused(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){.version = 2}), FAIL_NONE);
    assert_int_equal(trust_added("root", (struct root_tale){.version = 4}), FAIL_ROOT_OLD);
    assert_int_equal(trust_added("root", (struct root_tale){.version = 1}), FAIL_ROOT_OLD);
    assert_rules(vendor, 2);
    assert_int_equal(files_in(trust_folder()), 1);
}

static void another_document_of_the_same_version_is_refused(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    assert_int_equal(trust_added("root", (struct root_tale){.release_key = "other"}), FAIL_ROOT_OLD);
    assert_rules(vendor, 1);
}

static void a_new_root_key_comes_only_with_the_old_ones_signature(void **state)
{
    (void)state;
    assert_int_equal(trust_added("root", (struct root_tale){0}), FAIL_NONE);
    assert_int_equal(trust_added("root", (struct root_tale){.version = 2, .root_key = "thief"}),
                     FAIL_ROOT_SIGNATURE);
    assert_rules(vendor, 1);
    assert_int_equal(
        trust_added("root",
                    (struct root_tale){.version = 2, .root_key = "new root", .also_signed_by = ROOT_KEY}),
        FAIL_NONE);
    assert_rules(vendor, 2);
}

static void each_bit_of_a_document_counts(void **state)
{
    struct buffer root = root_of((struct root_tale){0});
    struct trust_document added;
    struct failure why;

    (void)state;
    for (size_t bit = 0; bit < 8 * root.size; bit += 37) {
        root.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put("flipped", span_used(&root));
        root.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (trust_store_add(trust_folder(), in_folder("flipped"), &added, &why))
            fail_msg("bit %zu was flipped and nobody saw it", bit);
        assert_int_equal(failure_exit(&why), EXIT_REFUSED_BUNDLE);
    }
    assert_int_equal(files_in(trust_folder()), 0);
    free(root.data);
}

static void what_is_no_document_is_refused(void **state)
{
    static uint8_t large[ROOT_MAX + 1];
    struct trust_document added;
    struct failure why;

    (void)state;
    put("empty", span_of(large, 0));
    assert_false(trust_store_add(trust_folder(), in_folder("empty"), &added, &why));
    assert_int_equal(why.id, FAIL_ROOT_FORMAT);
    put("large", span_of(large, sizeof large));
    assert_false(trust_store_add(trust_folder(), in_folder("large"), &added, &why));
    assert_int_equal(why.id, FAIL_FILE_TOO_LARGE);
    assert_false(trust_store_add(trust_folder(), in_folder("absent"), &added, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    assert_false(trust_store_add(trust_folder(), kit.folder, &added, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
    assert_false(trust_store_add(trust_folder(), "/dev/zero", &added, &why));
    assert_int_equal(why.id, FAIL_FILE_OPEN);
}

/* ---- two vendors */

static void two_vendors_do_not_know_each_other(void **state)
{
    struct failure why;
    uint32_t version;

    (void)state;
    assert_int_equal(trust_added("acme", (struct root_tale){0}), FAIL_NONE);
    assert_int_equal(trust_added("rival", (struct root_tale){.domain = "rival.example", .version = 7}),
                     FAIL_NONE);
    assert_rules(vendor, 1);
    assert_rules(rival, 7);
    assert_true(trust_store_remove(trust_folder(), rival, &why));
    assert_int_equal(found(rival, &version), FAIL_NO_ROOT);
    assert_rules(vendor, 1);
}

static void a_removed_vendor_is_gone_with_all_versions(void **state)
{
    struct failure why;

    (void)state;
    for (uint32_t version = 1; version <= 3; version++)
        assert_int_equal(trust_added("root", (struct root_tale){.version = version}), FAIL_NONE);
    assert_true(trust_store_remove(trust_folder(), vendor, &why));
    assert_int_equal(files_in(trust_folder()), 0);
    assert_false(trust_store_remove(trust_folder(), vendor, &why));
    assert_int_equal(why.id, FAIL_NO_ROOT);
}

struct listing {
    unsigned roots, others;
    uint32_t versions[8];
};

static void note(void *context, const struct trust *trust, const char *name)
{
    struct listing *listing = context;

    assert_non_null(name);
    if (trust == NULL)
        listing->others += 1;
    else
        listing->versions[listing->roots++] = trust->version;
}

static struct listing listed(void)
{
    struct listing listing = {0};
    struct failure why;
    assert_true(trust_store_each(trust_folder(), note, &listing, &why));
    return listing;
}

static void a_list_shows_each_vendor_once_by_its_ruling_document(void **state)
{
    (void)state;
    assert_int_equal(listed().roots, 0);
    assert_int_equal(trust_added("acme", (struct root_tale){.version = 1}), FAIL_NONE);
    assert_int_equal(trust_added("acme", (struct root_tale){.version = 2}), FAIL_NONE);
    assert_int_equal(trust_added("rival", (struct root_tale){.domain = "rival.example"}), FAIL_NONE);
    struct listing listing = listed();
    assert_int_equal(listing.roots, 2);
    assert_int_equal(listing.others, 0);
    assert_int_equal(listing.versions[0] + listing.versions[1], 3);
}

/* ---- a folder that others touched */

static void foreign_files_are_shown_and_otherwise_ignored(void **state)
{
    static const char *const names[] = {"notes.txt",
                                        "x.root",
                                        "c8d8.1.root",
                                        "00000000000000000000000000000000.0.root",
                                        "00000000000000000000000000000000.01.root",
                                        "00000000000000000000000000000000.1.root.bak",
                                        "00000000000000000000000000000000.4294967296.root"};
    char path[1024];
    struct failure why;

    (void)state;
    assert_int_equal(trust_added("acme", (struct root_tale){0}), FAIL_NONE);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", trust_folder(), names[i]);
        assert_true(file_write(path, span_text("hello"), 0644, &why));
    }
    struct listing listing = listed();
    assert_int_equal(listing.roots, 1);
    assert_int_equal(listing.others, sizeof names / sizeof *names);
    assert_rules(vendor, 1);
}

static void a_tampered_document_stops_its_vendor_and_no_older_one_rules(void **state)
{
    struct buffer root = root_of((struct root_tale){.version = 2});
    uint32_t version;

    (void)state;
    assert_int_equal(trust_added("acme", (struct root_tale){.version = 1}), FAIL_NONE);
    assert_int_equal(trust_added("acme", (struct root_tale){.version = 2}), FAIL_NONE);
    root.data[root.size - 1] ^= 1;
    write_stored(vendor, 2, span_used(&root));
    assert_int_equal(found(vendor, &version), FAIL_ROOT_SIGNATURE);
    assert_int_equal(trust_added("acme", (struct root_tale){.version = 3}), FAIL_ROOT_SIGNATURE);
    assert_int_equal(listed().others, 1);
    free(root.data);
}

static void a_document_under_another_name_is_not_taken_for_it(void **state)
{
    struct buffer root = root_of((struct root_tale){.domain = "rival.example"});
    struct buffer later = root_of((struct root_tale){.version = 3});
    uint32_t version;

    (void)state;
    assert_int_equal(trust_added("acme", (struct root_tale){0}), FAIL_NONE);
    write_stored(vendor, 2, span_used(&root));
    assert_int_equal(found(vendor, &version), FAIL_STORE);
    write_stored(vendor, 2, span_used(&later));
    assert_int_equal(found(vendor, &version), FAIL_STORE);
    free(root.data);
    free(later.data);
}

static void a_file_in_the_place_of_the_folder_is_said_and_stays(void **state)
{
    struct trust_document added;
    struct failure why;
    struct listing listing = {0};
    uint32_t version;

    (void)state;
    put("trust", span_text("not a folder"));
    assert_int_equal(found(vendor, &version), FAIL_STORE);
    assert_false(trust_store_add(trust_folder(), root_file("root", (struct root_tale){0}), &added, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_false(trust_store_remove(trust_folder(), vendor, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_false(trust_store_each(trust_folder(), note, &listing, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_int_equal(access(in_folder("trust"), F_OK), 0);
}

static void a_folder_below_a_file_can_not_be_made(void **state)
{
    char folder[1024];
    struct trust_document added;
    struct failure why;

    (void)state;
    put("file", span_text("x"));
    snprintf(folder, sizeof folder, "%s/trust", in_folder("file"));
    assert_false(trust_store_add(folder, root_file("root", (struct root_tale){0}), &added, &why));
    assert_int_equal(why.id, FAIL_STORE);
}

/* Root may write anywhere but here: nothing can be made in /proc. */
static void a_place_that_takes_no_files_is_the_stores_failure(void **state)
{
    struct trust_document added;
    struct failure why;

    (void)state;
    assert_false(
        trust_store_add("/proc/self/suture", root_file("root", (struct root_tale){0}), &added, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_false(
        trust_store_add("/proc/self/fdinfo", root_file("root", (struct root_tale){0}), &added, &why));
    assert_int_equal(why.id, FAIL_STORE);
}

static void a_name_that_is_too_long_is_said(void **state)
{
    static char folder[PATH_MAX + 64];
    struct trust_document document;
    struct failure why;

    (void)state;
    memset(folder, 'x', sizeof folder - 1);
    folder[0] = '/';
    assert_false(trust_store_version(folder, vendor, 1, &document, &why));
    assert_int_equal(why.id, FAIL_STORE);
    assert_false(trust_store_add(folder, root_file("root", (struct root_tale){0}), &document, &why));
    assert_int_equal(why.id, FAIL_STORE);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, station_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(nobody_is_trusted_at_first),
        STORY(a_vendor_that_was_added_is_found_and_its_folder_is_closed_to_others),
        STORY(the_same_again_changes_nothing),
        STORY(the_first_document_of_a_vendor_may_have_any_version),
        STORY(versions_follow_one_by_one_and_all_are_kept),
        STORY(a_version_that_is_left_out_or_goes_back_is_refused),
        STORY(another_document_of_the_same_version_is_refused),
        STORY(a_new_root_key_comes_only_with_the_old_ones_signature),
        STORY(each_bit_of_a_document_counts),
        STORY(what_is_no_document_is_refused),
        STORY(two_vendors_do_not_know_each_other),
        STORY(a_removed_vendor_is_gone_with_all_versions),
        STORY(a_list_shows_each_vendor_once_by_its_ruling_document),
        STORY(foreign_files_are_shown_and_otherwise_ignored),
        STORY(a_tampered_document_stops_its_vendor_and_no_older_one_rules),
        STORY(a_document_under_another_name_is_not_taken_for_it),
        STORY(a_file_in_the_place_of_the_folder_is_said_and_stays),
        STORY(a_folder_below_a_file_can_not_be_made),
        STORY(a_place_that_takes_no_files_is_the_stores_failure),
        STORY(a_name_that_is_too_long_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
