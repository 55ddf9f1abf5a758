/* Hostile and broken bundles: tar tricks, cuts, flipped bytes, entries that the manifest does not bind, streams that lie.
 * Most files here are made by hand, byte by byte, because no honest writer makes them. */
#include "tests/unit/manifests/bundle_kit.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>

/* ---- the bytes of a good bundle, to be spoiled */

static uint8_t spoiled[65536];
static size_t spoiled_size;

static void take_good(void)
{
    struct span good = write_kit("good.suture");
    assert_true(good.size <= sizeof spoiled);
    memcpy(spoiled, good.data, good.size);
    spoiled_size = good.size;
}

static size_t header_of(size_t entry)
{
    size_t at = 0;
    for (size_t i = 0; i < entry; i++)
        at += TAR_BLOCK + tar_padded(kit.entries[i].bytes.size);
    return at;
}

static void put_spoiled(void)
{
    put("bad.suture", span_of(spoiled, spoiled_size));
}

static void spoiled_is_refused(enum failure_id id, const char *reason)
{
    put_spoiled();
    assert_refused("bad.suture", id, reason);
}

static void seal(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
    header[155] = ' ';
}

/* A good bundle but for bytes in one header, whose checksum is right again. */
static void header_refused(size_t entry, size_t at, const void *bytes, size_t size, enum failure_id id,
                           const char *reason)
{
    take_good();
    uint8_t *header = spoiled + header_of(entry);
    memcpy(header + at, bytes, size);
    seal(header);
    spoiled_is_refused(id, reason);
}

/* ---- headers */

static void names_that_lead_elsewhere_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"../notes.md", "/etc/passwd", "./notes.md", "notes.md/", "notes.md ",
                                        "NOTES.md",    "a/../b",      "",           "notes",     "\xff\xfe"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char field[100] = {0};
        memcpy(field, names[i], strlen(names[i]));
        header_refused(KIT_NOTES, 0, field, sizeof field, FAIL_BUNDLE_ENTRY,
                       "where notes.md should be stands");
        header_refused(KIT_MANIFEST, 0, field, sizeof field, FAIL_BUNDLE_ENTRY,
                       "where manifest.suit should be stands");
    }
    /* a name that fills its field has no end, and one with something after its end is another spelling */
    char full[100];
    memset(full, 'a', sizeof full);
    header_refused(KIT_NOTES, 0, full, sizeof full, FAIL_BUNDLE_ENTRY, "stands 'aaa");
    header_refused(KIT_NOTES, 50, "x", 1, FAIL_BUNDLE_ENTRY, "another mode, owner, time or form");
}

static void what_is_no_plain_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        char type;
        const char *words;
    } types[] = {{'1', "a hard link"},   {'2', "a symbolic link"}, {'3', "a device"},
                 {'4', "a device"},      {'5', "a folder"},        {'6', "a pipe"},
                 {'x', "a pax header"},  {'g', "a pax header"},    {'L', "GNU long"},
                 {'K', "GNU long"},      {'S', "a sparse file"},   {'7', "unknown type"},
                 {'\0', "another form"}, {'V', "unknown type"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t entry = 0; entry < KIT_ENTRIES; entry++)
            header_refused(entry, 156, &types[i].type, 1, FAIL_BUNDLE_ENTRY, types[i].words);
}

static void sizes_that_are_not_plain_octal_or_wrong_are_refused(void **state)
{
    (void)state;
    static const char *const sizes[] = {
        "\x80\0\0\0\0\0\0\0\0\0\0\x18", /* base-256 */
        "\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", /* negative */
        "-0000000030 ",
        "         30 ",
        "0x000000018 ",
        "00000000008 ",
        "\0\0\0\0\0\0\0\0\0\0\0",
    };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t entry = 0; entry < KIT_ENTRIES; entry++)
            header_refused(entry, 124, sizes[i], 12, FAIL_BUNDLE_ENTRY, "not plain octal");
    for (size_t entry = 0; entry < KIT_ENTRIES; entry++)
        header_refused(entry, 124, "77777777777 ", 12, FAIL_BUNDLE_ENTRY, "bytes;");
    header_refused(KIT_MANIFEST, 124, "00000000000 ", 12, FAIL_BUNDLE_ENTRY, "0 bytes");
    header_refused(KIT_NOTES, 124, "00000000031 ", 12, FAIL_BUNDLE_ENTRY, "25 bytes; 24 to 24");
    header_refused(KIT_NOTES, 124, "000000000300", 12, FAIL_BUNDLE_ENTRY, "");
}

static void any_other_field_must_be_the_fixed_one(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *bytes;
    } fields[] = {
        {100, "000755 "},                                  /* mode */
        {100, "0000644"},                                  /* another spelling of it */
        {100, "004644 "},                                  /* set-user-id */
        {108, "000001 "},                                  /* uid */
        {116, "000001 "},                                  /* gid */
        {136, "00000000001"},                              /* time */
        {157, "target"},                                   /* link name */
        {262, " "},                                        /* GNU's magic */
        {263, "  "},          {265, "root"},               /* owner */
        {297, "root"},                                     /* group */
        {329, "000001 "},                                  /* device numbers */
        {337, "000001 "},     {345, "prefix"}, {500, "x"}, /* behind the last field */
        {511, "x"},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (size_t entry = 0; entry < KIT_ENTRIES; entry++)
            header_refused(entry, fields[i].at, fields[i].bytes, strlen(fields[i].bytes), FAIL_BUNDLE_ENTRY,
                           "another mode, owner, time or form");
}

static void a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    for (size_t entry = 0; entry < KIT_ENTRIES; entry++) {
        take_good();
        spoiled[header_of(entry) + 153]++;
        spoiled_is_refused(FAIL_BUNDLE_ENTRY, "is damaged");
    }
}

static void what_is_no_tar_is_refused(void **state)
{
    (void)state;
    memset(spoiled, 'x', sizeof spoiled);
    spoiled_size = 4096;
    spoiled_is_refused(FAIL_BUNDLE_FORMAT, "no ustar header");
    memset(spoiled, 0, sizeof spoiled);
    spoiled_is_refused(FAIL_BUNDLE_FORMAT, "begins with zeros");
    spoiled_size = 0;
    spoiled_is_refused(FAIL_BUNDLE_TRUNCATED, "ends at byte 0");
    struct failure why;
    assert_int_equal(judged_unsigned(".", &why), FAIL_FILE_OPEN);
    assert_int_equal(judged_unsigned("absent", &why), FAIL_FILE_OPEN);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(judged_unsigned("pipe", &why), FAIL_FILE_OPEN);
}

/* ---- order and number of entries */

static void entries_refused(const struct tar_entry *entries, size_t count, enum failure_id id,
                            const char *reason)
{
    struct failure why;

    assert_true(bundle_write(in_folder("bad.suture"), entries, count, &why));
    assert_refused("bad.suture", id, reason);
}

static void another_order_is_refused(void **state)
{
    (void)state;
    for (size_t a = 0; a < KIT_ENTRIES; a++)
        for (size_t b = a + 1; b < KIT_ENTRIES; b++) {
            struct tar_entry entries[KIT_ENTRIES];
            memcpy(entries, kit.entries, sizeof entries);
            entries[a] = kit.entries[b];
            entries[b] = kit.entries[a];
            entries_refused(entries, KIT_ENTRIES, FAIL_BUNDLE_ENTRY, "should be stands");
        }
}

static void a_missing_entry_is_refused(void **state)
{
    (void)state;
    for (size_t missing = 0; missing < KIT_ENTRIES; missing++) {
        struct tar_entry entries[KIT_ENTRIES];
        size_t count = 0;
        for (size_t i = 0; i < KIT_ENTRIES; i++)
            if (i != missing)
                entries[count++] = kit.entries[i];
        entries_refused(entries, count, FAIL_BUNDLE_ENTRY,
                        missing == KIT_PATCH ? "is missing" : "should be stands");
    }
}

static void an_entry_twice_or_too_many_is_refused(void **state)
{
    (void)state;
    struct tar_entry entries[KIT_ENTRIES + 1];

    for (size_t twice = 0; twice < KIT_ENTRIES; twice++) {
        memcpy(entries, kit.entries, sizeof kit.entries);
        entries[KIT_ENTRIES] = kit.entries[twice];
        entries_refused(entries, KIT_ENTRIES + 1, FAIL_BUNDLE_ENTRY, "more than the manifest binds");
        memcpy(entries, kit.entries, (twice + 1) * sizeof *entries);
        memcpy(entries + twice + 1, kit.entries + twice, (KIT_ENTRIES - twice) * sizeof *entries);
        entries_refused(entries, KIT_ENTRIES + 1, FAIL_BUNDLE_ENTRY, "");
    }
    memcpy(entries, kit.entries, sizeof kit.entries);
    entries[KIT_ENTRIES] = (struct tar_entry){"install.sh", span_text("rm -rf /\n")};
    entries_refused(entries, KIT_ENTRIES + 1, FAIL_BUNDLE_ENTRY, "more than the manifest binds");
    entries[KIT_ENTRIES] = (struct tar_entry){"patch/1", kit.entries[KIT_PATCH].bytes};
    entries_refused(entries, KIT_ENTRIES + 1, FAIL_BUNDLE_ENTRY, "more than the manifest binds");
}

static void bytes_after_the_end_are_refused(void **state)
{
    (void)state;
    static const size_t more[] = {1, 511, 512, 10240};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        take_good();
        memset(spoiled + spoiled_size, 0, more[i]);
        spoiled_size += more[i];
        spoiled_is_refused(FAIL_BUNDLE_ENTRY, "bytes after the end");
    }
}

static void archives_of_other_forms_are_refused(void **state)
{
    (void)state;
    int (*const forms[])(struct archive *) = {archive_write_set_format_pax, archive_write_set_format_gnutar,
                                              archive_write_set_format_v7tar, archive_write_set_format_cpio,
                                              archive_write_set_format_zip};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct archive *archive = archive_write_new();
        assert_int_equal(forms[i](archive), ARCHIVE_OK);
        assert_int_equal(archive_write_open_memory(archive, spoiled, sizeof spoiled, &spoiled_size),
                         ARCHIVE_OK);
        struct archive_entry *entry = archive_entry_new();
        archive_entry_set_pathname(entry, "manifest.suit");
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_perm(entry, 0644);
        archive_entry_set_mtime(entry, 0, 5000); /* only an extended header holds it */
        archive_entry_set_size(entry, (la_int64_t)kit.entries[0].bytes.size);
        assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
        archive_write_data(archive, kit.entries[0].bytes.data, kit.entries[0].bytes.size);
        archive_entry_free(entry);
        archive_write_close(archive);
        archive_write_free(archive);
        struct failure why;
        put_spoiled();
        enum failure_id id = judged_unsigned("bad.suture", &why);
        assert_true(id == FAIL_BUNDLE_FORMAT || id == FAIL_BUNDLE_ENTRY);
    }
}

/* ---- cuts and flips */

static void a_bundle_cut_anywhere_is_refused(void **state)
{
    (void)state;
    take_good();
    put_spoiled();
    for (size_t size = spoiled_size; size-- > 0;) {
        struct failure why;
        assert_int_equal(truncate(in_folder("bad.suture"), (off_t)size), 0);
        if (judged_unsigned("bad.suture", &why) != FAIL_BUNDLE_TRUNCATED)
            fail_msg("cut at %zu: E-%d %s", size, why.id, why.what);
    }
}

static enum failure_id judged_signed(const char *name)
{
    struct trust trust = kit_trust(1);
    struct failure why = {FAIL_NONE, ""};
    struct bundle *bundle = NULL;

    if (bundle_open(in_folder(name), &bundle, &why) &&
        bundle_authenticate(bundle, &trust, kit.content.classes[0], 0, &why))
        bundle_verify(bundle, BUNDLE_AUTHENTICATED, BUNDLE_TAKEN, &why);
    bundle_close(bundle);
    return why.id;
}

static void a_flipped_bit_in_any_byte_is_refused(void **state)
{
    (void)state;
    unsigned caught[FAIL_LOADER_TOO_OLD + 1] = {0};

    sign_manifest(&kit.release_key);
    take_good();
    assert_int_equal(judged_signed("good.suture"), FAIL_NONE);
    put_spoiled();
    int file = open(in_folder("bad.suture"), O_WRONLY);
    for (size_t at = 0; at < spoiled_size; at++) {
        uint8_t flipped = (uint8_t)(spoiled[at] ^ 1u << at % 8);
        assert_int_equal(pwrite(file, &flipped, 1, (off_t)at), 1);
        /* behind the envelope no signature is needed to notice it */
        struct failure why;
        enum failure_id id =
            at < header_of(KIT_NOTES) ? judged_signed("bad.suture") : judged_unsigned("bad.suture", &why);
        if (id == FAIL_NONE || id > FAIL_LOADER_TOO_OLD)
            fail_msg("byte %zu is %02x: E-%d", at, flipped, id);
        caught[id]++;
        assert_int_equal(pwrite(file, &spoiled[at], 1, (off_t)at), 1);
    }
    close(file);
    assert_true(caught[FAIL_BUNDLE_ENTRY] > 0 && caught[FAIL_MANIFEST_DIGEST] > 0 &&
                caught[FAIL_SIGNATURE] > 0 && caught[FAIL_BUNDLE_DIGEST] > 0);
}

static void data_behind_an_entry_is_refused(void **state)
{
    (void)state;
    for (size_t entry = 0; entry < KIT_ENTRIES; entry++) {
        take_good();
        size_t end = header_of(entry) + TAR_BLOCK + kit.entries[entry].bytes.size;
        if (kit.entries[entry].bytes.size % TAR_BLOCK == 0)
            continue;
        spoiled[end] = 'x';
        spoiled_is_refused(FAIL_BUNDLE_ENTRY, "nobody vouches for");
    }
}

static void an_attachment_of_other_bytes_is_refused(void **state)
{
    (void)state;
    kit.entries[KIT_NOTES].bytes = span_text("# 4.3.1\n\nClosed a hole.\n");
    write_kit("bad.suture");
    assert_refused("bad.suture", FAIL_BUNDLE_DIGEST, "notes.md");
}

/* ---- manifests that are in order but say what must not be */

static void content_refused(enum failure_id id, const char *reason)
{
    write_manifest();
    write_kit("bad.suture");
    assert_refused("bad.suture", id, reason);
}

static void an_attachment_of_another_name_is_refused(void **state)
{
    (void)state;
    kit.content.attachments[0].name = "../../notes.md";
    kit.entries[KIT_NOTES].name = "../../notes.md";
    content_refused(FAIL_BUNDLE_ENTRY, "a name not allowed");
}

static void an_attachment_of_giant_size_is_refused(void **state)
{
    (void)state;
    kit.content.attachments[1].size = UINT64_MAX;
    content_refused(FAIL_BUNDLE_ENTRY, "sbom.cdx.json has");
    kit.content.attachments[1].size = BUNDLE_ATTACHMENT_MAX + 1;
    content_refused(FAIL_BUNDLE_ENTRY, "sbom.cdx.json has");
}

static void a_stream_of_giant_size_is_refused(void **state)
{
    (void)state;
    kit.content.streams[0].patch.stream_size = BUNDLE_PATCH_MAX + 1;
    content_refused(FAIL_BUNDLE_ENTRY, "patch/0 has");
}

static void a_stream_that_wants_giant_memory_is_refused(void **state)
{
    (void)state;
    kit.content.streams[0].patch.ram += 0x70000000 - kit.content.streams[0].patch.block_max;
    kit.content.streams[0].patch.block_max = 0x70000000;
    kit.content.streams[0].patch.segment_max = 0x70000000;
    content_refused(FAIL_STREAM, "of memory");
}

static void a_stream_that_makes_more_than_the_image_is_refused(void **state)
{
    (void)state;
    kit.content.image_size = KIT_IMAGE - 1;
    content_refused(FAIL_STREAM, "gives more than the image's 2999 bytes");
}

static void a_stream_that_makes_less_than_the_image_is_refused(void **state)
{
    (void)state;
    kit.content.image_size = KIT_IMAGE + 1;
    content_refused(FAIL_STREAM, "patch/0");
}

static void a_stream_of_another_image_is_refused(void **state)
{
    (void)state;
    kit.content.image_digest[0] ^= 1;
    content_refused(FAIL_STREAM, "another image");
}

static void a_stream_whose_first_block_is_another_is_refused(void **state)
{
    (void)state;
    kit.content.streams[0].patch.first_digest[31] ^= 1;
    content_refused(FAIL_BUNDLE_DIGEST, "patch/0");
}

static void a_bundle_for_a_later_loader_is_refused(void **state)
{
    (void)state;
    kit.content.least_loader = "0.1.1";
    content_refused(FAIL_LOADER_TOO_OLD, "0.1.1");
    kit.content.least_loader = "99";
    content_refused(FAIL_LOADER_TOO_OLD, "99");
    kit.content.least_loader = "latest";
    content_refused(FAIL_MANIFEST_FORMAT, "latest");
}

static void a_manifest_without_its_text_is_refused(void **state)
{
    (void)state;
    static uint8_t memory[KIT_ROOM];
    struct buffer severed = buffer_over(memory, sizeof memory);

    assert_int_equal(suit_sever_text(&severed, kit.entries[KIT_MANIFEST].bytes), OK);
    kit.entries[KIT_MANIFEST].bytes = span_used(&severed);
    write_kit("bad.suture");
    assert_refused("bad.suture", FAIL_MANIFEST_FORMAT, "text was cut off");
}

static void bytes_behind_the_envelope_are_refused(void **state)
{
    (void)state;
    struct span envelope = kit.entries[KIT_MANIFEST].bytes;
    kit.envelope[envelope.size] = 0xf6;
    kit.entries[KIT_MANIFEST].bytes.size++;
    write_kit("bad.suture");
    assert_refused("bad.suture", FAIL_MANIFEST_FORMAT, "manifest.suit");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)

int main(void)
{
    const struct CMUnitTest stories[] = {
        STORY(names_that_lead_elsewhere_are_refused),
        STORY(what_is_no_plain_file_is_refused),
        STORY(sizes_that_are_not_plain_octal_or_wrong_are_refused),
        STORY(any_other_field_must_be_the_fixed_one),
        STORY(a_wrong_checksum_is_refused),
        STORY(what_is_no_tar_is_refused),
        STORY(another_order_is_refused),
        STORY(a_missing_entry_is_refused),
        STORY(an_entry_twice_or_too_many_is_refused),
        STORY(bytes_after_the_end_are_refused),
        STORY(archives_of_other_forms_are_refused),
        STORY(a_bundle_cut_anywhere_is_refused),
        STORY(a_flipped_bit_in_any_byte_is_refused),
        STORY(data_behind_an_entry_is_refused),
        STORY(an_attachment_of_other_bytes_is_refused),
        STORY(an_attachment_of_another_name_is_refused),
        STORY(an_attachment_of_giant_size_is_refused),
        STORY(a_stream_of_giant_size_is_refused),
        STORY(a_stream_that_wants_giant_memory_is_refused),
        STORY(a_stream_that_makes_more_than_the_image_is_refused),
        STORY(a_stream_that_makes_less_than_the_image_is_refused),
        STORY(a_stream_of_another_image_is_refused),
        STORY(a_stream_whose_first_block_is_another_is_refused),
        STORY(a_bundle_for_a_later_loader_is_refused),
        STORY(a_manifest_without_its_text_is_refused),
        STORY(bytes_behind_the_envelope_are_refused),
    };
    return cmocka_run_group_tests(stories, NULL, NULL);
}
