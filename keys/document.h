/* What the readers of signed documents share: maps with small unsigned labels, in which nothing unknown is passed over. */
#ifndef SUTURE_KEYS_DOCUMENT_H
#define SUTURE_KEYS_DOCUMENT_H

#include "keys/base/cbor.h"

/* The next label of a map that was entered with cbor_enter_map: `*label` is 0 after the last pair. BAD_FORMAT: a label
 * that is no unsigned integer, or 0. Else as cbor_more. */
enum status document_label(struct cbor *cbor, struct cbor_items *items, uint64_t *label);

/* For whole documents, which can't be waited for: INCOMPLETE becomes BAD_FORMAT. */
enum status document_status(enum status status);

#endif
