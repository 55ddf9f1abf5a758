/* The coded log (docs/formats.md 2): a ring of hash-chained entries, integers only, never patient data. */
#ifndef SUTURE_AGENT_LOG_H
#define SUTURE_AGENT_LOG_H

#include "agent/layout.h"

enum log_code {
    LOG_START = 1,       /* a: running slot, b: boot kind */
    LOG_STAGE = 2,       /* a: sequence, b: stream N */
    LOG_RESUME = 3,      /* a: sequence, b: output offset / 1024 */
    LOG_STAGED = 4,      /* a: sequence */
    LOG_ACTIVATE = 5,    /* a: sequence, b: tries */
    LOG_CONFIRMED = 6,   /* a: sequence, b: confirmed by */
    LOG_GIVEN_UP = 7,    /* a: sequence, b: outcome */
    LOG_FELL_BACK = 8,   /* a: sequence of the slot given up, b: outcome */
    LOG_ROLLED_BACK = 9, /* a: sequence gone to */
    LOG_ABORTED = 10,    /* a: sequence */
    LOG_REFUSED = 11,    /* a: enum suture_error, b: status, negated */
    LOG_FLASH = 12,      /* a: area, b: offset / 16 */
    LOG_TRUST = 13,      /* a: root version */
};

struct log_entry {
    uint32_t number, boot_counter, seconds;
    uint16_t code;
    uint32_t a, b;
};

struct log {
    const struct area *area;
    uint32_t next_number;  /* 1 for an empty log */
    uint32_t boot_counter; /* of the last entry */
    uint64_t next_offset;
    uint8_t head[32]; /* of the last entry; zeros for none */
};

/* Finds the end of the ring: the entry with the highest number. Places after it that are not wholly erased were torn and are
 * stepped over. (One that was torn and reads as erased can't be told from a fresh one: an entry written there may be lost
 * again. Nothing depends on an entry.) `area` must live as long as the log. */
void log_open(struct log *log, const struct area *area);
/* Appends one entry and reads it back; `seconds` since this boot. LOG_START raises the boot counter. A place that does not
 * take it is left, and the next tried; the next block of the ring is erased when it is reached. FLASH_FAILED: three places
 * failed, TOO_LARGE: numbers are used up; the log stays as it was. */
enum status log_append(struct log *log, uint32_t seconds, enum log_code code, uint32_t a, uint32_t b);
/* The entry with this number. NOT_FOUND when it was overwritten, torn or never written. */
enum status log_read(const struct log *log, uint32_t number, struct log_entry *out);
/* The oldest number kept; next_number for an empty log. Between it and next_number some may be missing. */
uint32_t log_first(const struct log *log);

#endif
