/* Envelopes as a device meets them: extent, integrity, profile, plan, and the text a host shows. */
#include "manifests/plan.h"
#include "manifests/suit_write.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct suit_content content;
    static uint8_t texts[1 << 16];
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct plan_target target = {.stream = PLAN_ANY_STREAM};
    struct suit_where where;
    struct plan plan;
    struct span bytes = span_of(data, size);
    size_t extent = 0;

    enum status known = suit_envelope_extent(bytes, &extent);
    if (suit_envelope_read(bytes, &envelope, &where) != OK)
        return 0;
    fuzz_must(known == OK && extent == size, "the extent of a whole envelope is its size");
    if (suit_manifest_read(&envelope, &manifest, &where) != OK)
        return 0;
    (void)plan_make(&manifest, &target, &plan, &where);
    if (manifest.text.data != NULL) {
        struct buffer arena = buffer_over(texts, sizeof texts);
        (void)suit_text_read(manifest.text, &content, &arena);
    }
    return 0;
}
