/* suture-bundle sign: adds one signature to a bundle. */
#include "keys/signer.h"
#include "manifests/bundle.h"
#include "manifests/commands.h"

#include <stdlib.h>

#define SIGNATURE_ROOM 256 /* bytes that one more block may add */

/* Nothing is signed that would not be taken: the bundle is proven first, all but its signatures. */
static bool sign_with(struct bundle *bundle, const char *output, const struct signer *signer,
                      struct failure *why)
{
    struct span whole = bundle_envelope(bundle)->whole;
    struct buffer signed_envelope =
        buffer_over(malloc(whole.size + SIGNATURE_ROOM), whole.size + SIGNATURE_ROOM);

    if (signed_envelope.data == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", bundle_path(bundle));
    enum status status = suit_sign(&signed_envelope, whole, signer_cose(signer));
    bool fine = status == OK;
    if (status == WRONG_STATE)
        failure_set(why, FAIL_SIGNER, "%s is signed by this key already", bundle_path(bundle));
    else if (status == TOO_LARGE)
        failure_set(why, FAIL_SIGNER, "%s has %d signatures already", bundle_path(bundle), SUIT_BLOCKS_MAX);
    else if (status != OK)
        failure_set(why, FAIL_SIGNER, "%s: %s", bundle_path(bundle), status_name(status));
    fine = fine && bundle_rewrite(bundle, output, span_used(&signed_envelope), why);
    free(signed_envelope.data);
    return fine;
}

static bool sign(const char *path, const char *output, const char *key, const char *public_path,
                 struct failure *why)
{
    struct bundle *bundle = NULL;
    struct signer *signer = NULL;
    uint8_t id[KEY_ID_SIZE];

    bool fine = bundle_open(path, &bundle, why) &&
                bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, why) &&
                signer_open(key, public_path, &signer, why) && sign_with(bundle, output, signer, why);
    if (fine) {
        key_id_of(span_of(signer_public(signer), P256_PUBLIC_SIZE), id);
        printf("%s: signed by key ", output);
        for (size_t i = 0; i < sizeof id; i++)
            printf("%02x", id[i]);
        printf(", signatures: %zu\n", bundle_envelope(bundle)->block_count + 1);
    }
    if (signer != NULL)
        signer_close(signer);
    bundle_close(bundle);
    return fine;
}

static enum exit_code run(const struct invocation *call)
{
    const char *path = call->arguments[0];
    const char *key = option_value(call, "key", NULL);
    struct failure why;

    if (key == NULL)
        failure_set(&why, FAIL_USAGE, "sign needs --key FILE or --key 'cmd:PROGRAM ARG…'");
    else if (sign(path, option_value(call, "output", path), key, option_value(call, "public", NULL), &why))
        return EXIT_VERIFIED;
    return command_fail(&why);
}

static const struct command_option options[] = {
    {"key", "SPEC", "a private key file, or cmd:PROGRAM ARG… that signs what it reads"},
    {"public", "FILE", "the public key of a cmd: signer"},
    {"output", "FILE", "write to FILE; else the bundle itself is replaced"},
    {NULL, NULL, NULL},
};
static const char *const examples[] = {
    "# with a key file",
    "suture-bundle sign pump-4.3.1.suture --key release.key",
    "# with a security module: the private key is never seen here",
    "suture-bundle sign pump-4.3.1.suture --key 'cmd:hsm-sign release-2026' --public release.pub",
    NULL,
};

const struct command command_sign = {
    .name = "sign",
    .arguments = "BUNDLE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "add a signature to a bundle",
    .options = options,
    .examples = examples,
    .run = run,
};
