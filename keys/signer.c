/* Signers on a host: a key file's scalar held in memory, or a command that is asked each time. */
#include "keys/signer.h"
#include "keys/keyfile.h"
#include "keys/p256_sign.h"
#include "keys/process.h"
#include "keys/trust.h"

#include <stdlib.h>
#include <string.h>

#define COMMAND_PREFIX "cmd:"
#define ALGORITHM      "SUTURE_ALGORITHM=ESP256"

struct signer {
    struct cose_signer cose;
    uint8_t public_key[P256_PUBLIC_SIZE];
    uint8_t private_key[P256_PRIVATE_SIZE]; /* of a key file */
    char *text;                             /* of a command: the words, each ended by NUL */
    char **words;                           /* into `text`, ends with NULL; NULL for a key file */
    struct failure why;
};

static enum status sign_with_file(struct signer *signer, struct span message,
                                  uint8_t signature[P256_SIGNATURE_SIZE])
{
    uint8_t digest[DIGEST_SIZE];

    digest_of(message, digest);
    if (p256_sign(signer->private_key, digest, signature) == OK)
        return OK;
    failure_set(&signer->why, FAIL_SIGNER, "the key file's key does not sign");
    return FAILED;
}

static enum status sign_with_command(struct signer *signer, struct span message,
                                     uint8_t signature[P256_SIGNATURE_SIZE])
{
    struct buffer answer = buffer_over(signature, P256_SIGNATURE_SIZE);

    if (!process_filter(signer->words, ALGORITHM, message, &answer, FAIL_SIGNER, &signer->why))
        return FAILED;
    if (answer.size == P256_SIGNATURE_SIZE)
        return OK;
    failure_set(&signer->why, FAIL_SIGNER, "%s: answered with %zu bytes; the raw signature, r and s, has %d",
                signer->words[0], answer.size, P256_SIGNATURE_SIZE);
    return FAILED;
}

static enum status sign(void *context, struct span message, struct buffer *out)
{
    struct signer *signer = context;
    uint8_t digest[DIGEST_SIZE], signature[P256_SIGNATURE_SIZE];

    signer->why.id = FAIL_NONE;
    enum status status = signer->words == NULL ? sign_with_file(signer, message, signature)
                                               : sign_with_command(signer, message, signature);
    if (status)
        return status;
    digest_of(message, digest);
    if (p256_verify(signer->public_key, digest, signature) != OK) {
        failure_set(&signer->why, FAIL_SIGNER, "%s: the signature does not belong to the public key",
                    signer->words == NULL ? "key file" : signer->words[0]);
        return FAILED;
    }
    return buffer_append(out, span_of(signature, sizeof signature)) ? OK : TOO_LARGE;
}

/* Cuts `command` at its spaces. */
static bool split_words(struct signer *signer, const char *command, struct failure *why)
{
    size_t count = 0;
    char *rest = NULL;

    signer->text = strdup(command);
    signer->words = calloc(strlen(command) / 2 + 2, sizeof *signer->words);
    if (signer->text == NULL || signer->words == NULL)
        return failure_set(why, FAIL_MEMORY, "the words of a signing command");
    for (char *word = strtok_r(signer->text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
        signer->words[count++] = word;
    return count > 0 || failure_set(why, FAIL_USAGE, "%s names no program", COMMAND_PREFIX);
}

static bool open_command(struct signer *signer, const char *command, const char *public_path,
                         struct failure *why)
{
    if (public_path == NULL)
        return failure_set(why, FAIL_USAGE, "the signing command %s needs the file of its public key",
                           command);
    return split_words(signer, command, why) && keyfile_read_public(public_path, signer->public_key, why);
}

static bool open_file(struct signer *signer, const char *path, const char *public_path, struct failure *why)
{
    uint8_t stated[P256_PUBLIC_SIZE];

    if (!keyfile_read_private(path, signer->private_key, why))
        return false;
    if (p256_public_of(signer->private_key, signer->public_key) != OK)
        return failure_set(why, FAIL_KEY_FORMAT, "%s: holds no usable key", path);
    if (public_path == NULL)
        return true;
    if (!keyfile_read_public(public_path, stated, why))
        return false;
    return memcmp(stated, signer->public_key, sizeof stated) == 0 ||
           failure_set(why, FAIL_SIGNER, "%s is not the public key of %s", public_path, path);
}

bool signer_is_command(const char *spec)
{
    return strncmp(spec, COMMAND_PREFIX, strlen(COMMAND_PREFIX)) == 0;
}

bool signer_open(const char *spec, const char *public_path, struct signer **out, struct failure *why)
{
    struct signer *signer = calloc(1, sizeof *signer);

    if (signer == NULL)
        return failure_set(why, FAIL_MEMORY, "a signer");
    bool opened = signer_is_command(spec)
                      ? open_command(signer, spec + strlen(COMMAND_PREFIX), public_path, why)
                      : open_file(signer, spec, public_path, why);
    if (opened && key_is_published(span_of(signer->public_key, P256_PUBLIC_SIZE)))
        opened = failure_set(why, FAIL_KEY_PUBLISHED, "%s", spec);
    if (!opened) {
        signer_close(signer);
        return false;
    }
    signer->cose = (struct cose_signer){.algorithm = COSE_ESP256, .context = signer, .sign = sign};
    key_id_of(span_of(signer->public_key, P256_PUBLIC_SIZE), signer->cose.key_id);
    *out = signer;
    return true;
}

void signer_close(struct signer *signer)
{
    if (signer == NULL)
        return;
    free(signer->words);
    free(signer->text);
    explicit_bzero(signer, sizeof *signer);
    free(signer);
}

const struct cose_signer *signer_cose(const struct signer *signer)
{
    return &signer->cose;
}

const struct failure *signer_failure(const struct signer *signer)
{
    return &signer->why;
}

const uint8_t *signer_public(const struct signer *signer)
{
    return signer->public_key;
}
