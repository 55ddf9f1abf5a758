/* Key files: who may see them, and that none is ever overwritten or left half-written. The text inside is pem.h's. */
#include "keys/keyfile.h"
#include "keys/base/file.h"
#include "keys/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void forget(struct buffer *text)
{
    if (text->data != NULL)
        explicit_bzero(text->data, text->capacity);
    free(text->data);
}

bool keyfile_read_public(const char *path, uint8_t public_key[P256_PUBLIC_SIZE], struct failure *why)
{
    struct buffer text = {NULL, 0, 0};

    if (!file_read(path, PEM_MAX, &text, why))
        return false;
    const char *problem = pem_read_public(span_used(&text), public_key);
    forget(&text);
    return problem == NULL || failure_set(why, FAIL_KEY_FORMAT, "%s: %s", path, problem);
}

static bool is_for_its_owner_only(const char *path, struct failure *why)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return failure_set(why, FAIL_FILE_OPEN, "%s: %s", path, strerror(errno));
    if (S_ISREG(about.st_mode) && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return failure_set(why, FAIL_KEY_READABLE, "%s: mode %04o, must be 0600 or less", path,
                           (unsigned)about.st_mode & 07777);
    return true;
}

bool keyfile_read_private(const char *path, uint8_t private_key[P256_PRIVATE_SIZE], struct failure *why)
{
    struct buffer text = {NULL, 0, 0};

    if (!is_for_its_owner_only(path, why) || !file_read(path, PEM_MAX, &text, why))
        return false;
    const char *problem = pem_read_private(span_used(&text), private_key);
    forget(&text);
    return problem == NULL || failure_set(why, FAIL_KEY_FORMAT, "%s: %s", path, problem);
}

static bool file_is_there(const char *path, struct failure *why)
{
    struct stat about;

    if (lstat(path, &about) != 0 && errno == ENOENT)
        return false;
    failure_set(why, FAIL_FILE_EXISTS, "%s", path);
    return true;
}

/* A whole file under a name of its own beside PATH; file_write syncs it before it gets there. The link is what gives it
 * its real name: unlike a rename it fails when that name is taken. */
static bool create_file(const char *path, struct span bytes, unsigned mode, struct failure *why)
{
    char beside[PATH_MAX];
    int length = snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid());

    if (length < 0 || (size_t)length >= sizeof beside)
        return failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(ENAMETOOLONG));
    if (!file_write(beside, bytes, mode, why))
        return false;
    bool linked = link(beside, path) == 0;
    int reason = errno;
    unlink(beside);
    if (linked)
        return true;
    return failure_set(why, reason == EEXIST ? FAIL_FILE_EXISTS : FAIL_FILE_WRITE, "%s: %s", path,
                       strerror(reason));
}

static bool create_both(const char *path, const char *public_path, struct span private_text,
                        struct span public_text, struct failure *why)
{
    if (file_is_there(path, why) || file_is_there(public_path, why))
        return false;
    if (!create_file(path, private_text, 0600, why))
        return false;
    if (create_file(public_path, public_text, 0644, why))
        return true;
    unlink(path);
    return false;
}

bool keyfile_write(const char *path, const uint8_t private_key[P256_PRIVATE_SIZE], struct failure *why)
{
    uint8_t private_bytes[512], public_bytes[512], public_key[P256_PUBLIC_SIZE];
    struct buffer private_text = buffer_over(private_bytes, sizeof private_bytes);
    struct buffer public_text = buffer_over(public_bytes, sizeof public_bytes);
    char public_path[PATH_MAX];
    int length = snprintf(public_path, sizeof public_path, "%s.pub", path);

    if (length < 0 || (size_t)length >= sizeof public_path)
        return failure_set(why, FAIL_FILE_WRITE, "%s: %s", path, strerror(ENAMETOOLONG));
    if (p256_public_of(private_key, public_key) != OK || !pem_write_private(&private_text, private_key) ||
        !pem_write_public(&public_text, public_key))
        return failure_set(why, FAIL_INTERNAL, "%s: the key can't be put into PEM", path);
    bool done = create_both(path, public_path, span_used(&private_text), span_used(&public_text), why);
    explicit_bzero(private_bytes, sizeof private_bytes);
    return done;
}
