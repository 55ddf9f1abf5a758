/* Receiving a push file (docs/formats.md 5, 7 "Upload, in full"): the device rules the offset, so that resuming is the
 * normal case and every repeat is harmless. */
#ifndef SUTURE_AGENT_UPLOAD_H
#define SUTURE_AGENT_UPLOAD_H

#include "agent/gather.h"

struct upload_answer {
    uint64_t offset; /* wanted next */
    bool match;      /* the record says staged */
    bool later;      /* answered once the slot was read back */
};

/* Takes one chunk; `out` says what to answer when ALLOWED. The caller has asked for service mode. */
enum refusal upload_chunk(struct agent *agent, const struct chunk *chunk, struct upload_answer *out);
/* Ends whatever is being received or staged (image erase, abort). REFUSED_STATE: nothing that may be ended. */
enum refusal upload_abort(struct agent *agent);

#endif
