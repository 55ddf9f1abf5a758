/* Chunks as SMP clients send them, and the one buffer (memory.manifest) in which a document is gathered before it is
 * believed. The newest document takes the buffer; whoever had it is told offset 0 and starts again. */
#ifndef SUTURE_AGENT_GATHER_H
#define SUTURE_AGENT_GATHER_H

#include "agent/agent_state.h"

/* One request of upload, check or trust. Spans are borrowed from its body. */
struct chunk {
    uint64_t offset;
    bool has_length; /* at offset 0 always, from SMP */
    uint64_t length; /* CHUNK_LENGTH_UNKNOWN: whoever sends it does not know (agent_push) */
    struct span data;
    struct span sha; /* 32 bytes, or data NULL */
};

/* REFUSED_INVALID: no map, off or data missing, no len at offset 0 or one that can't be, more data than len, or an image
 * other than 0. */
enum refusal chunk_read(struct span body, struct chunk *out);

/* Begins a document with its first chunk, which is not taken yet. */
void gather_start(struct agent *agent, enum gather_owner owner, const struct chunk *first);
/* Gives the buffer to a user of its own (the report); false while a document that moved in the last seconds has it. */
bool gather_borrow(struct agent *agent);
void gather_end(struct agent *agent);
/* Bytes gathered so far: the offset wanted next. */
uint64_t gather_offset(const struct agent *agent);
/* True when `first` begins the document that is being gathered for `owner`: the same length and sha, and the same bytes as
 * far as both are here. */
bool gather_same(const struct agent *agent, enum gather_owner owner, const struct chunk *first);
/* Appends data; REFUSED_MEMORY: the buffer is full, REFUSED_INVALID: beyond the announced length. */
enum refusal gather_take(struct agent *agent, struct span data);

#endif
