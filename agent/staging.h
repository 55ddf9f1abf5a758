/* Staging: a verified push file becomes an image in the slot that does not run (docs/formats.md 3 "stage", 4, 5).
 *
 *   prepare ─► first block proven ─► record, META, journal entry ─► blocks: erase, write, read back, journal entry
 *           ─► whole slot read back ─► record {staged}
 *
 * Nothing of it stands in flash before its first block is proven. */
#ifndef SUTURE_AGENT_STAGING_H
#define SUTURE_AGENT_STAGING_H

#include "agent/agent_state.h"

/* Makes ready for the stream of the plan in agent->scratch.judged, whose envelope waits in memory.manifest. Replaces
 * what was staged in RAM; flash is not touched. REFUSED_MANIFEST: the push file's length does not fit the stream. */
enum refusal staging_prepare(struct agent *agent, const struct meta *meta);
/* The offset in the push file that is wanted next. */
uint64_t staging_wanted(const struct agent *agent);
/* True while stream bytes are taken. */
bool staging_open(const struct agent *agent);
/* Takes stream bytes at staging_wanted. REFUSED_BLOCK: a block is not the vendor's, or breaks the rules;
 * REFUSED_FLASH: the slot can't be written. Both end the run in RAM; flash still knows where it can go on. */
enum refusal staging_feed(struct agent *agent, struct span bytes);
/* Erases ahead of the output while nothing else is to do; true when it did something. */
bool staging_erase_ahead(struct agent *agent);
/* The whole slot was measured: `matches`, or it reads back as something else. */
enum refusal staging_measured(struct agent *agent, enum status measured);
/* Ends whatever is staged, in RAM and in the record. */
enum status staging_abort(struct agent *agent);

/* resume.c -------------------------------------------------------------------------------------------------------- */

/* True when flash knows a staging that can go on: record, META, journal and the running slot agree. */
bool resume_possible(const struct agent *agent);
/* True when what flash can go on with is this push file. */
bool resume_is(const struct agent *agent, const struct meta *push);
/* Verifies META (once in each power-on) and stands where the journal says. A finished journal leads to reading back at
 * once. */
enum refusal resume_start(struct agent *agent);
/* Sets up reader and writer: from the journal's last entry, or from the beginning when `entry` is NULL. */
enum status staging_position(struct agent *agent, const struct journal_entry *entry);
/* A journal entry of where writing goes on, before anything is erased on the word of the last one. */
enum status staging_note_position(struct agent *agent);

#endif
