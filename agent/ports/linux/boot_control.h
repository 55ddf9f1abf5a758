/* Who decides what boots. The boot record (agent/record.h) always is the truth of the agent. With boot: records the start-up
 * of the machine obeys it directly (suture-agent boot). A boot loader with variables of its own gets a copy of what the
 * record orders, with the record's number: a copy with another number is made again, so that a power cut between record and
 * copy is mended at the next start.
 *
 *   record N written ─► copy {slot, fallback, kind, tries, record N} ─► answered, or reset
 *
 * A boot loader with such a copy: settled: starts `slot`. Trial: with tries left, takes one away, durably, and starts `slot`;
 * with none, starts `fallback`. It tells the kernel which (suture.slot=a or b), or its control says it. */
#ifndef SUTURE_AGENT_PORTS_LINUX_BOOT_CONTROL_H
#define SUTURE_AGENT_PORTS_LINUX_BOOT_CONTROL_H

#include "agent/boot.h"
#include "agent/ports/linux/config.h"
#include "agent/ports/linux/hook.h"

struct boot_copy {
    uint8_t slot, fallback; /* enum slot_id; fallback may be SLOT_NONE */
    uint8_t kind;           /* enum record_kind */
    uint8_t tries;          /* left; 0 when settled */
    uint32_t record;        /* number; 0: no copy was ever made */
    uint8_t running;        /* enum slot_id: what the control says was started; SLOT_NONE: it does not know */
};

/* One kind of control. Both answer false with FAIL_AGENT_BOOT_CONTROL. */
struct boot_control {
    /* A control that holds nothing, or nonsense, answers true and `record` 0. */
    bool (*read)(const struct config_file *config, struct boot_copy *out, struct failure *why);
    /* Returns when the copy survives a power cut. `running` is not written. */
    bool (*write)(const struct config_file *config, const struct boot_copy *copy, struct failure *why);
};
extern const struct boot_control boot_uboot, boot_program;
/* What a program printed for `get`; anything that is no whole copy holds nothing: `record` 0. */
void boot_program_answer(const struct hook *hook, struct boot_copy *out);
/* NULL for records. */
const struct boot_control *boot_control_of(const struct config_file *config);

/* What a record orders. */
struct boot_copy boot_copy_of(const struct record *record);

/* How things stand at the agent's start. */
enum boot_found {
    BOOT_FOUND,   /* `out` says what runs */
    BOOT_RESTART, /* the copy was old and has been made again: another slot must be started */
    BOOT_LOST,    /* `why` says what is not known */
};
/* Which slot runs, and by which record's word. Records: what suture-agent boot handed over (handover.h). Otherwise the kernel's
 * command line or the control says which slot was started; it is measured here, since no boot loader did, and one that is not
 * what the record says of it counts as recovery. `page` is working memory. */
enum boot_found boot_find(const struct config_file *config, const struct layout *layout, struct buffer page,
                          struct boot_outcome *out, struct failure *why);

/* The words of copies and of the hand-over: "a", "b", "none". */
const char *slot_word(uint8_t slot);
bool slot_of_word(const char *word, uint8_t *out);
/* The number of a text that is nothing but one, at most `most`. */
bool number_of_word(const char *word, uint32_t most, uint32_t *out);

#endif
