/* Command sequences written by hand, as an author of manifests with wild ideas would: any label, any argument. Beside
 * them a manifest around such sequences, both as the reader would hand it out and as bytes. */
#ifndef SUTURE_TESTS_SUPPORT_SUIT_SCRIPT_H
#define SUTURE_TESTS_SUPPORT_SUIT_SCRIPT_H

#include "manifests/suit.h"

struct script {
    uint8_t memory[4096];
    size_t pairs;
    struct buffer body;  /* pairs of label and argument */
    uint8_t whole[4096]; /* the array, once closed */
};

void script_start(struct script *script);
/* A command with a number (a reporting policy, an index). */
void script_command(struct script *script, int64_t label, uint64_t argument);
/* A command whose argument is encoded already. */
void script_encoded(struct script *script, int64_t label, struct span argument);
void script_all_components(struct script *script);
void script_components(struct script *script, const uint8_t *index, size_t count);
void script_set_uint(struct script *script, int64_t parameter, uint64_t value);
void script_set_bytes(struct script *script, int64_t parameter, struct span value);
void script_set_text(struct script *script, int64_t parameter, const char *value);
/* Parameters 3 and -258: `digest` filled with one byte, wrapped. */
void script_set_digest(struct script *script, int64_t parameter, uint8_t with);
void script_run(struct script *script, struct script *inner);
/* Alternatives up to a NULL; `nil` then adds the empty one. */
enum script_end { WITHOUT_NIL, WITH_NIL };
void script_try(struct script *script, struct script *const *alternatives, enum script_end end);
/* The whole array. May be called again after more was added. */
struct span script_bytes(struct script *script);

/* A manifest of `components` components, [h'00'] and on, as the reader would hand it out. NULL where absent. */
struct suit_manifest manifest_around(size_t components, struct script *shared, struct script *install);

/* The bytes of a manifest's map, and an envelope that holds nothing else: what the profile's reader looks at. */
struct draft {
    uint8_t memory[8192];
    struct buffer bytes;
    struct cbor_writer writer;
};
/* Opens the map with `pairs` pairs, of which version 1, sequence and common (components and, when given, the shared
 * sequence) are written. */
void draft_start(struct draft *draft, uint64_t pairs, size_t components, struct script *shared);
void draft_section(struct draft *draft, int64_t key, struct script *script);
/* Inline, so that tests of folders below manifests/ link without its library. */
static inline enum status draft_read(const struct draft *draft, struct suit_manifest *manifest,
                                     struct suit_where *where)
{
    struct suit_envelope envelope = {.manifest = span_used(&draft->bytes)};
    return draft->writer.overflow ? TOO_LARGE : suit_manifest_read(&envelope, manifest, where);
}

#endif
