/* A made-up release, pump 4.3.1 of the vendor ACME, as a manifest says it, and the two keys that vouch for it. Every value
 * is fixed, so that the same bytes come out every time. */
#ifndef SUTURE_TESTS_SUPPORT_RELEASE_H
#define SUTURE_TESTS_SUPPORT_RELEASE_H

#include "manifests/suit_write.h"

/* Bytes a test sees its devices by. */
enum { ACME = 0xac, PUMP_REVISION_B = 0xb1, PUMP_REVISION_C = 0xc1, OTHER = 0x77 };
enum { IMAGE_4_2_0 = 0x42, IMAGE_4_3_0 = 0x43, IMAGE_4_3_1 = 0x44 };

/* Fills an identifier or a digest with one byte. */
void fill(uint8_t *at, size_t size, uint8_t with);

/* One revision and one full stream, all texts. */
struct suit_content release_full(void);
/* Two revisions; deltas from 4.3.0 and 4.2.0, then the full stream. */
struct suit_content release_with_deltas(void);

/* Test keys made of fixed scalars: nobody's. */
enum release_key { KEY_ENGINEER, KEY_QUALITY, KEY_STRANGER, RELEASE_KEYS };
struct cose_signer release_signer(enum release_key key);
const uint8_t *release_public_key(enum release_key key); /* 65 bytes */
/* A root of ACME that lists engineer and quality for releases and wants `all` of them. */
struct trust release_trust(uint8_t all);

#endif
