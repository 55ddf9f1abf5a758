/* Inside the profile: a cursor over one command sequence and readers of what its commands take. The reader of the whole
 * manifest and the runner both stand on it, so that nothing is run that was read in another way. Device code.
 * Statuses: BAD_FORMAT, TOO_LARGE, UNSUPPORTED; `where` then names the command or parameter. */
#ifndef SUTURE_MANIFESTS_SUIT_SEQUENCE_H
#define SUTURE_MANIFESTS_SUIT_SEQUENCE_H

#include "manifests/suit.h"

/* Fills `where` (may be NULL) and returns `status`, so that a reader can end with `return suit_refuse(...)`. */
enum status suit_refuse(struct suit_where *where, enum suit_place place, int64_t label, enum status status);
/* Bytes that end early are no reason to wait when the whole document is there: INCOMPLETE becomes BAD_FORMAT. */
enum status suit_whole(enum status status);

/* The shared sequence holds no custom command and no custom parameter (draft 6.2 and 8.4.8). */
enum suit_scope { SUIT_SHARED, SUIT_SECTION };

struct suit_sequence {
    struct cbor at;
    struct cbor_items items;
    enum suit_scope scope;
};

struct suit_command {
    int64_t label;
    const struct suit_command_rule *rule;
    struct cbor argument; /* over the argument's bytes alone */
};

/* Which components the next commands apply to, in order, none twice. */
struct suit_selection {
    uint8_t count;
    uint8_t index[SUIT_COMPONENTS_MAX];
};

/* Opens the content of a sequence's bstr: at least one pair of label and argument. */
enum status suit_sequence_open(struct span content, enum suit_scope scope, struct suit_sequence *out);
/* Reads the next command into `out`; `*more` is false once after the last. */
enum status suit_sequence_next(struct suit_sequence *sequence, struct suit_command *out, bool *more,
                               struct suit_where *where);

/* Argument of SUIT_ARGUMENT_POLICY: bits 0 to 3. */
enum status suit_policy_check(struct cbor argument);
/* Argument of SUIT_ARGUMENT_INDEX: a number, true, or a list of numbers, all below `component_count`. */
enum status suit_index_read(struct cbor argument, size_t component_count, struct suit_selection *out);
/* Argument of SUIT_ARGUMENT_MAP: sets what it names in `out` and leaves the rest. After an error `out` may be changed in
 * part: the run is over. */
enum status suit_parameters_read(struct cbor argument, enum suit_scope scope, struct suit_parameters *out,
                                 struct suit_where *where);
/* Argument of SUIT_ARGUMENT_SEQUENCE: the content of its bstr. */
enum status suit_nested_read(struct cbor argument, struct span *content);

/* Argument of SUIT_ARGUMENT_SEQUENCES: at least two alternatives, and then perhaps nil, which does nothing and succeeds
 * (`content` with data NULL). */
struct suit_alternatives {
    struct cbor at;
    struct cbor_items items;
    size_t seen; /* alternatives handed out, nil not counted */
};
enum status suit_alternatives_open(struct cbor argument, struct suit_alternatives *out);
enum status suit_alternatives_next(struct suit_alternatives *alternatives, struct span *content, bool *more);

/* A SUIT_Digest (draft 10), [-16, 32 bytes], that fills `item`. UNSUPPORTED: another algorithm. */
enum status suit_digest_read(struct span item, struct span *digest);

#endif
