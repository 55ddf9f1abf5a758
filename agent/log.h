/* The coded log (docs/formats.md 2): a ring of hash-chained entries, integers only, never patient data. */
#ifndef SUTURE_AGENT_LOG_H
#define SUTURE_AGENT_LOG_H

#include "agent/layout.h"

enum log_code {
    LOG_START = 1,        /* a: running slot, b: boot kind */
    LOG_STAGE = 2,        /* a: sequence, b: stream N */
    LOG_RESUME = 3,       /* a: sequence, b: output offset / 1024 */
    LOG_STAGED = 4,       /* a: sequence */
    LOG_ACTIVATE = 5,     /* a: sequence, b: tries */
    LOG_CONFIRMED = 6,    /* a: sequence, b: confirmed by */
    LOG_GIVEN_UP = 7,     /* a: sequence, b: outcome */
    LOG_FELL_BACK = 8,    /* a: sequence of the slot given up, b: outcome */
    LOG_ROLLED_BACK = 9,  /* a: sequence gone to */
    LOG_ABORTED = 10,     /* a: sequence */
    LOG_REFUSED = 11,     /* a: enum suture_error, b: status, negated */
    LOG_FLASH = 12,       /* a: area, b: offset / 16 */
    LOG_TRUST = 13,       /* a: root version */
};

struct log_entry {
    uint32_t number, boot_counter, seconds;
    uint16_t code;
    uint32_t a, b;
};

struct log {
    const struct area *area;
    uint32_t next_number;   /* 1 for an empty log */
    uint32_t boot_counter;  /* of the last entry */
    uint64_t next_offset;
    uint8_t head[32];       /* of the last entry; zeros for none */
};

/* Finds the end of the ring; torn entries are stepped over. */
void log_open(struct log *log, const struct area *area);
/* Appends one entry, erasing the next block of the ring when the last is full. FLASH_FAILED: the log stays as it was. */
enum status log_append(struct log *log, uint32_t seconds, enum log_code code, uint32_t a, uint32_t b);
/* The entry with this number. NOT_FOUND when it was overwritten or never written. `first` gets the oldest number kept. */
enum status log_read(const struct log *log, uint32_t number, struct log_entry *out);
uint32_t log_first(const struct log *log);

#endif
