/* Keys for tests, made from a name: the same name gives the same key in every test and every run. */
#ifndef SUTURE_TESTS_SUPPORT_KEYS_H
#define SUTURE_TESTS_SUPPORT_KEYS_H

#include "keys/cose_sign.h"
#include "keys/p256_sign.h"
#include "keys/trust.h"

struct test_key {
    uint8_t private_key[P256_PRIVATE_SIZE];
    uint8_t public_key[P256_PUBLIC_SIZE];
    uint8_t id[KEY_ID_SIZE];
};

struct test_key test_key_named(const char *name);
/* Signs with `key`, which must outlive the signer. */
struct cose_signer test_signer(const struct test_key *key);
/* A row of a root document; `key` must outlive it. */
struct trust_key test_trust_key(const struct test_key *key, unsigned roles);

#endif
