/* Messages as tables: a row for each key says where its value lives in the struct. One walk writes a map from a table,
 * one reads it, so writer and reader of a message can't disagree. For messages.c only. */
#ifndef SUTURE_AGENT_PROTOCOL_FIELDS_H
#define SUTURE_AGENT_PROTOCOL_FIELDS_H

#include "agent/protocol/smp.h"

/* What a member is in the struct, and on the wire. */
enum field_kind {
    FIELD_UINT8,    /* uint8_t: integer */
    FIELD_UINT16,   /* uint16_t: integer */
    FIELD_UINT32,   /* uint32_t: integer */
    FIELD_UINT64,   /* uint64_t: integer */
    FIELD_INT32,    /* int32_t: integer */
    FIELD_BOOL,     /* bool */
    FIELD_TEXT,     /* struct span: text, borrowed from the body */
    FIELD_DATA,     /* struct span: byte string, borrowed from the body */
    FIELD_BYTES,    /* uint8_t[size]: byte string of exactly `size` */
    FIELD_VERSION,  /* uint32_t[3]: text "a.b.c" */
    FIELD_STREAM,   /* uint8_t: text "#N" */
    FIELD_UINT8S,   /* uint8_t[size]: array of exactly `size` integers */
    FIELD_LIST,     /* uint8_t[size]: array of at most `size` integers, their number at `also` */
    FIELD_LIST_INT, /* int64_t[size]: array of at most `size` integers, their number at `also` */
    FIELD_MAP,      /* members of the same struct, in a map of their own (`inner`) */
    FIELD_ROWS,     /* inner->size each: array of at most `size` maps, their number at `also` */
    FIELD_TUPLES,   /* the same, each row an array of its members in the table's order */
};

enum field_need {
    FIELD_REQUIRED,
    FIELD_OPTIONAL, /* always written; absent: zero */
    FIELD_NOTED,    /* written when the bool at `also` is true; absent: that bool is false */
    FIELD_WITH,     /* written when the bool at `also` is true; absent: zero, whatever that bool is */
};

struct shape;

struct field {
    const char *key;
    enum field_kind kind;
    enum field_need need;
    uint16_t at;   /* offset of the member */
    uint16_t also; /* offset of the count (size_t) or of the bool */
    uint16_t size; /* elements or bytes; for FIELD_UINT8 the largest value */
    const struct shape *inner;
};

/* Rows stand in the order of their encoded keys: shorter ones first, then by their bytes. */
struct shape {
    const struct field *fields;
    size_t count;
    size_t size; /* of the struct */
};

/* Appends the map of `message`. TOO_LARGE: it does not fit; what was appended is taken back. */
enum status fields_write(struct buffer *out, const struct shape *shape, const void *message);
/* Fills `message` (zeroed by the caller) from a loose map. MISSING, BAD_FORMAT, TOO_LARGE (a number or a list): `message` is
 * then half filled. */
enum status fields_read(struct span body, const struct shape *shape, void *message);

#endif
