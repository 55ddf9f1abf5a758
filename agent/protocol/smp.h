/* SMP version 2 (research: MCUmgr): the 8-byte header and the CBOR body behind it. */
#ifndef SUTURE_AGENT_PROTOCOL_SMP_H
#define SUTURE_AGENT_PROTOCOL_SMP_H

#include "keys/base/cbor.h"

#define SMP_HEADER_SIZE 8

enum smp_op { SMP_READ = 0, SMP_READ_RESPONSE = 1, SMP_WRITE = 2, SMP_WRITE_RESPONSE = 3 };
enum smp_group {
    SMP_GROUP_OS = 0,
    SMP_GROUP_IMAGE = 1,
    SMP_GROUP_ENUMERATION = 10,
    SMP_GROUP_SUTURE = 21333
};

/* Codes of the SMP layer ("rc"). */
enum smp_rc {
    SMP_OK = 0,
    SMP_UNKNOWN = 1,
    SMP_NO_MEMORY = 2,
    SMP_INVALID = 3,
    SMP_TIMEOUT = 4,
    SMP_NO_ENTRY = 5,
    SMP_BAD_STATE = 6,
    SMP_TOO_LONG = 7,
    SMP_NOT_SUPPORTED = 8,
    SMP_CORRUPT = 9,
    SMP_BUSY = 10,
    SMP_ACCESS_DENIED = 11,
};

struct smp_header {
    uint8_t version; /* 0 = v1, 1 = v2 */
    uint8_t op;      /* enum smp_op */
    uint8_t flags;
    uint16_t length; /* bytes of the body */
    uint16_t group;
    uint8_t sequence;
    uint8_t id;
};

/* BAD_FORMAT: reserved bits set or an op above 3; BAD_VERSION: version 2 or 3. INCOMPLETE: fewer than 8 bytes. */
enum status smp_header_read(struct span bytes, struct smp_header *out);
/* Whether a byte can be a header's first: all that can be wrong with one stands there. */
bool smp_may_begin(uint8_t first);
void smp_header_write(const struct smp_header *header, uint8_t out[SMP_HEADER_SIZE]);

/* An answer's error, in either form: {"rc": n} or {"err": {"group": g, "rc": n}}. */
struct smp_error {
    bool failed;
    bool from_group; /* the code is the group's own (v2) */
    uint16_t group;
    uint32_t rc;
};
/* Looks for an error in an answer's body (loose CBOR); a code of 0 is success, as older servers answer it. BAD_FORMAT: not
 * one map with nothing behind it, a key twice, or an error that is none of the two forms. */
enum status smp_error_read(struct span body, struct smp_error *out);

/* Finds the value of a text key in a loose CBOR map; `value` then stands before it, and is known to be one whole item. An
 * empty body is an empty map; keys that are no text are stepped over. NOT_FOUND. BAD_FORMAT: not one map with nothing
 * behind it, or the key stands there twice. */
enum status smp_find(struct span body, const char *key, struct cbor *value);

#endif
