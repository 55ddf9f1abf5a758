/* The agent: bytes in, bytes out, time given by the caller, hardware behind one struct port. It believes nobody.
 *
 *   idle ─► receiving ─► (verified) ─► writing ─► reading back ─► staged ─► activate ─► reset ─► boot loader ─► trial
 *                                                                                    trial ─► confirmed, or given up
 *
 * The caller's loop:  agent_start once per power-on, after boot_run;
 *                     agent_receive for bytes of the link, agent_send for bytes to it;
 *                     agent_step until it says how long nothing is to do;
 *                     when agent_reset_wanted: send what is left, then reset. */
#ifndef SUTURE_AGENT_AGENT_H
#define SUTURE_AGENT_AGENT_H

#include "agent/boot.h"
#include "agent/port.h"
#include "agent/refusal.h"

/* Memory that the caller gives for as long as the agent runs. Sizes are the device's capabilities. */
struct agent_memory {
    /* manifest_max: 2 to 8 KiB; the envelope waits here until it is verified, root documents too */
    struct buffer manifest;
    struct buffer block;   /* block_max */
    struct buffer decoder; /* decoder_ram - block_max, aligned to 8; may be empty for stored only */
    struct buffer receive; /* one SMP frame: its capacity is `buf` of the capabilities, at least 256 */
    struct buffer send;    /* answers waiting for the link: at least 2 frames */
    struct buffer page;    /* flash work and read-back; a multiple of every write unit, at least 256 */
    struct buffer report;  /* the signed report while it is read out: 2 * REPORT_MAX */
    /* decoded pieces; none: 256 bytes of the agent's own. zlib is twice as fast with some KiB */
    struct buffer output;
};

struct agent; /* agent_state.h; sizeof is known there, so that a device can hold it statically */

/* Reads records, identity, root and journal; mends affirms; writes the start's log entry; settles a fallen-back trial.
 * `now` in milliseconds of any steady clock. Does not fail: a device without records runs on in recovery and says so. */
void agent_start(struct agent *agent, const struct port *port, const struct agent_memory *memory,
                 const struct boot_outcome *boot, uint64_t now);

/* Takes bytes from the link (raw framing: the length is in the SMP header) up to the end of one request, which is served:
 * its answer can then be sent before the next request costs time. Returns how many were taken; the rest must be offered
 * again, after agent_send when there is no room for another answer. A packet that stops half way is forgotten when the next
 * byte comes more than AGENT_GAP_MS later; time that the agent spent working, while bytes may have waited, does not count. */
#define AGENT_GAP_MS 1000
size_t agent_receive(struct agent *agent, struct span bytes, uint64_t now);
/* The link was lost or opened anew: a half-received frame is forgotten. A staging goes on. */
void agent_link_reset(struct agent *agent);
/* Moves up to `capacity` bytes of answers into `out`; returns how many. */
size_t agent_send(struct agent *agent, uint8_t *out, size_t capacity);

/* A push file by a door that neither announces its length nor goes where it is told (DFU): the way of an image upload, in the
 * order of the file. It ends staged, never armed.
 *   OPEN ─► READING_BACK (agent_step works) ─► STAGED, or NONE: it was given up */
enum push_state { PUSH_NONE, PUSH_OPEN, PUSH_READING_BACK, PUSH_STAGED };
struct push_answer {
    enum push_state state;
    /* offset to go on at, in the file: what stands before it is known already. 0: from the beginning */
    uint64_t wanted;
    uint64_t length; /* of the file; 0: not known yet */
};
/* Takes bytes of the file from `offset`, which is 0 or what was wanted last. Bytes behind the file's end are left. */
enum refusal agent_push(struct agent *agent, uint64_t offset, struct span bytes, uint64_t now,
                        struct push_answer *out);
enum push_state agent_push_state(const struct agent *agent);

#define AGENT_IDLE UINT64_MAX
/* Does one bounded piece of work (at most one erase block). Returns the time in milliseconds at which it wants to be called
 * again: `now` when there is more to do at once, AGENT_IDLE when only a byte can wake it. */
uint64_t agent_step(struct agent *agent, uint64_t now);

/* True once the agent wants the device reset and its last answer has left through agent_send, or a second has passed. */
bool agent_reset_wanted(const struct agent *agent);

#endif
