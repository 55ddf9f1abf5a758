#include "manifests/tar.h"

#include "keys/base/bytes.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Fields of a ustar header (POSIX.1-1988, "Extended tar"), bytes. */
enum {
    NAME = 0,
    NAME_SIZE = 100,
    SIZE = 124,
    SIZE_DIGITS = 11,
    CHECKSUM = 148,
    CHECKSUM_SIZE = 8,
    TYPE = 156,
    MAGIC = 257,
    MAGIC_SIZE = 5,
};

uint64_t tar_padded(uint64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

/* ---- writing, through libarchive */

/* Where libarchive's bytes go: memory that grows, or the first bytes only. */
struct catcher {
    struct buffer out;
    enum { CATCH_ALL, CATCH_FIRST } how;
};

static la_ssize_t catch_bytes(struct archive *archive, void *context, const void *bytes, size_t size)
{
    struct catcher *catcher = context;
    struct buffer *out = &catcher->out;

    if (catcher->how == CATCH_FIRST && out->size == out->capacity) {
        archive_set_error(archive, ENOSPC, "no more is wanted");
        return -1; /* or closing would write the zeros of an entry without data, perhaps gigabytes */
    }
    if (catcher->how == CATCH_ALL && size > out->capacity - out->size) {
        size_t capacity = (out->size + size) * 2;
        uint8_t *data = realloc(out->data, capacity);
        if (data == NULL) {
            archive_set_error(archive, ENOMEM, "out of memory");
            return -1;
        }
        out->data = data;
        out->capacity = capacity;
    }
    buffer_append(out, span_first(span_of(bytes, size), out->capacity - out->size));
    return (la_ssize_t)size;
}

static struct archive *writer_open(struct catcher *catcher)
{
    struct archive *archive = archive_write_new();

    if (archive == NULL)
        return NULL;
    if (archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(archive, 0) != ARCHIVE_OK ||
        archive_write_open(archive, catcher, NULL, catch_bytes, NULL) != ARCHIVE_OK) {
        archive_write_free(archive);
        return NULL;
    }
    return archive;
}

static bool write_header(struct archive *archive, const char *name, uint64_t size)
{
    struct archive_entry *entry = archive_entry_new();

    if (entry == NULL)
        return false;
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_mtime(entry, 0, 0);
    archive_entry_set_uid(entry, 0);
    archive_entry_set_gid(entry, 0);
    int result = archive_write_header(archive, entry);
    archive_entry_free(entry);
    return result == ARCHIVE_OK;
}

/* The header of a regular file, as libarchive's ustar writer makes it. FAIL_INTERNAL: the name or size does not fit. */
static bool header_make(const char *name, uint64_t size, uint8_t header[TAR_BLOCK], struct failure *why)
{
    struct catcher catcher = {buffer_over(header, TAR_BLOCK), CATCH_FIRST};
    struct archive *archive = writer_open(&catcher);
    bool made = archive != NULL && strlen(name) < NAME_SIZE && write_header(archive, name, size) &&
                catcher.out.size == TAR_BLOCK;

    if (archive != NULL)
        archive_write_free(archive);
    return made ||
           failure_set(why, FAIL_INTERNAL, "no tar header for %s of %ju bytes", name, (uintmax_t)size);
}

static bool write_entry(struct archive *archive, const struct tar_entry *entry)
{
    struct span left = entry->bytes;

    if (!write_header(archive, entry->name, left.size))
        return false;
    while (left.size > 0) {
        la_ssize_t put = archive_write_data(archive, left.data, left.size);
        if (put <= 0)
            return false;
        left = span_from(left, (size_t)put);
    }
    return true;
}

bool tar_write(const struct tar_entry *entries, size_t count, struct buffer *out, struct failure *why)
{
    struct catcher catcher = {{NULL, 0, 0}, CATCH_ALL};
    struct archive *archive = writer_open(&catcher);
    bool fine = archive != NULL;

    for (size_t i = 0; fine && i < count; i++)
        fine = write_entry(archive, &entries[i]);
    fine = fine && archive_write_close(archive) == ARCHIVE_OK;
    if (fine)
        *out = catcher.out;
    else
        failure_set(why, FAIL_MEMORY, "writing the archive: %s",
                    archive != NULL && archive_error_string(archive) ? archive_error_string(archive)
                                                                     : "no memory");
    if (!fine)
        free(catcher.out.data);
    if (archive != NULL)
        archive_write_free(archive);
    return fine;
}

/* ---- judging a header */

static const char *type_in_words(uint8_t type)
{
    switch (type) {
    case '0':
    case '\0':
        return "a regular file in another form";
    case '1':
        return "a hard link";
    case '2':
        return "a symbolic link";
    case '3':
    case '4':
        return "a device";
    case '5':
        return "a folder";
    case '6':
        return "a pipe";
    case 'x':
    case 'g':
        return "a pax header";
    case 'L':
    case 'K':
        return "a GNU long name";
    case 'S':
        return "a sparse file";
    default:
        return "of an unknown type";
    }
}

/* Plain octal, as the writer has it: the base-256 form of large sizes and signs are not digits. */
static bool size_field(const uint8_t header[TAR_BLOCK], uint64_t *size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < SIZE_DIGITS; i++) {
        uint8_t digit = header[SIZE + i];
        if (digit < '0' || digit > '7')
            return false;
        value = value << 3 | (uint64_t)(digit - '0');
    }
    *size = value;
    return true;
}

static bool checksum_holds(const uint8_t header[TAR_BLOCK])
{
    unsigned sum = 0, stored = 0;

    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE ? ' ' : header[i];
    for (size_t i = 0; i < 6; i++) {
        if (header[CHECKSUM + i] < '0' || header[CHECKSUM + i] > '7')
            return false;
        stored = stored << 3 | (unsigned)(header[CHECKSUM + i] - '0');
    }
    return stored == sum;
}

bool tar_header_check(const uint8_t header[TAR_BLOCK], const char *path, const char *name, uint64_t least,
                      uint64_t most, uint64_t *size, struct failure *why)
{
    uint8_t wanted[TAR_BLOCK];
    uint64_t stated = 0;

    if (bytes_all(header, TAR_BLOCK, 0))
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s is missing", path, name);
    if (memcmp(header + MAGIC, "ustar", MAGIC_SIZE) != 0)
        return failure_set(why, FAIL_BUNDLE_FORMAT, "%s: no ustar header where %s should be", path, name);
    if (!checksum_holds(header))
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: the header of %s is damaged", path, name);
    if (header[TYPE] != '0')
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: where %s should be stands %s", path, name,
                           type_in_words(header[TYPE]));
    if (strncmp((const char *)header + NAME, name, NAME_SIZE) != 0)
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: where %s should be stands '%.*s'", path, name,
                           (int)NAME_SIZE, (const char *)header + NAME);
    if (!size_field(header, &stated))
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: the size of %s is not plain octal", path, name);
    if (stated < least || stated > most)
        return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s has %ju bytes; %ju to %ju are allowed", path, name,
                           (uintmax_t)stated, (uintmax_t)least, (uintmax_t)most);
    if (!header_make(name, stated, wanted, why))
        return false;
    if (memcmp(header, wanted, TAR_BLOCK) != 0)
        return failure_set(why, FAIL_BUNDLE_ENTRY,
                           "%s: %s has another mode, owner, time or form than a bundle's entry", path, name);
    *size = stated;
    return true;
}
