/* The coded log in words. Devices keep codes and integers only (docs/formats.md 2); what they mean is said here. */
#ifndef SUTURE_LOADER_SHOW_LOG_WORDS_H
#define SUTURE_LOADER_SHOW_LOG_WORDS_H

#include "agent/protocol/messages.h"

#include <stddef.h>

/* "confirmed"; stable, for machines. "unknown": a code of a newer agent. */
const char *log_code_name(uint16_t code);
/* "sequence 2 confirmed by the device". */
void log_item_text(const struct message_log_item *item, char *out, size_t capacity);

/* Words of the record's and the report's numbers, for machines; "unknown" beyond them. */
const char *boot_kind_name(uint8_t kind);
const char *outcome_name(uint8_t outcome);
const char *slot_state_name(uint8_t state);

#endif
