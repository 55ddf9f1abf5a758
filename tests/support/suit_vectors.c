#include "tests/support/suit_vectors.h"
#include "tests/support/hex.h"
#include "tests/support/test.h"

#include <stdio.h>

const char *const suit_vectors_signed[] = {
    "example0-signed", "example1-signed", "example2-signed", "example2-signed-severed",
    "example3-signed", "example4-signed", "example5-signed", "libcsuit/exp0",
    "libcsuit/exp1",   "libcsuit/exp2A",  "libcsuit/exp2B",  "libcsuit/exp3",
    "libcsuit/exp4",   "libcsuit/exp5",   "libcsuit/expS0",  "libcsuit/expS2",
    "libcsuit/expEW",  "libcsuit/expU0",  "libcsuit/expU1",  "libcsuit/expU2",
    "libcsuit/expU3",  "libcsuit/expS3",  "libcsuit/expED",  NULL,
};

const char *const suit_vectors_unsigned[] = {
    "example0-unsigned",
    "example1-unsigned",
    "example2-unsigned-severed",
    "example3-unsigned",
    "example4-unsigned",
    "example5-unsigned",
    NULL,
};

struct span suit_vector(const char *name, uint8_t memory[SUIT_VECTOR_MAX])
{
    char path[128], text[2 * SUIT_VECTOR_MAX + SUIT_VECTOR_MAX / 32];

    snprintf(path, sizeof path, "tests/vectors/suit/%s.hex", name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s can't be opened: tests are run from the top of the repository", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    return hex_into(memory, SUIT_VECTOR_MAX, text);
}

void suit_vectors_key(uint8_t public_key[65])
{
    uint8_t memory[SUIT_VECTOR_MAX];
    struct span key = suit_vector("signer-p256-public", memory);
    assert_int_equal(key.size, 65);
    memcpy(public_key, key.data, 65);
}
