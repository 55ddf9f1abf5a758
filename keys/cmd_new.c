/* suture-key new: a new key pair in two files. */
#include "keys/base/hex.h"
#include "keys/keyfile.h"
#include "keys/suture_key.h"

#include <string.h>

static enum exit_code run(const struct invocation *call)
{
    const char *path = call->arguments[0];
    uint8_t private_key[P256_PRIVATE_SIZE], public_key[P256_PUBLIC_SIZE], id[KEY_ID_SIZE];
    char id_text[2 * KEY_ID_SIZE + 1];
    struct failure why;

    if (p256_generate(private_key) != OK || p256_public_of(private_key, public_key) != OK) {
        failure_set(&why, FAIL_RANDOM, "no key was made");
        return command_fail(&why);
    }
    bool done = keyfile_write(path, private_key, &why);
    explicit_bzero(private_key, sizeof private_key);
    if (!done)
        return command_fail(&why);
    key_id_of(span_of(public_key, sizeof public_key), id);
    hex_of(span_of(id, sizeof id), id_text);
    printf("key id  %s\nprivate %s (only you may read it; whoever has it can sign)\npublic  %s.pub\n",
           id_text, path, path);
    return EXIT_VERIFIED;
}

static const char *const examples[] = {
    "# the key that signs releases: keys/release and keys/release.pub",
    "suture-key new keys/release",
    NULL,
};

const struct command cmd_new = {
    .name = "new",
    .arguments = "FILE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "make a key pair: FILE (private, mode 0600) and FILE.pub; never overwrites",
    .examples = examples,
    .run = run,
};
