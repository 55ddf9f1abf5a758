#include "tests/support/suit_script.h"
#include "tests/support/test.h"

void script_start(struct script *script)
{
    script->pairs = 0;
    script->body = buffer_over(script->memory, sizeof script->memory);
}

void script_encoded(struct script *script, int64_t label, struct span argument)
{
    struct cbor_writer writer = cbor_into(&script->body);
    cbor_put_int(&writer, label);
    cbor_put_encoded(&writer, argument);
    assert_int_equal(cbor_written(&writer), OK);
    script->pairs++;
}

void script_command(struct script *script, int64_t label, uint64_t argument)
{
    uint8_t head[9];
    script_encoded(script, label, span_of(head, cbor_head(head, 0, argument)));
}

void script_all_components(struct script *script)
{
    static const uint8_t yes = 0xf5;
    script_encoded(script, SUIT_DIRECTIVE_SET_INDEX, span_of(&yes, 1));
}

void script_components(struct script *script, const uint8_t *index, size_t count)
{
    uint8_t memory[64];
    struct buffer list = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&list);
    cbor_put_array(&writer, count);
    for (size_t i = 0; i < count; i++)
        cbor_put_uint(&writer, index[i]);
    script_encoded(script, SUIT_DIRECTIVE_SET_INDEX, span_used(&list));
}

static struct cbor_writer set_start(struct buffer *map, int64_t parameter)
{
    struct cbor_writer writer = cbor_into(map);
    cbor_put_map(&writer, 1);
    cbor_put_int(&writer, parameter);
    return writer;
}

void script_set_uint(struct script *script, int64_t parameter, uint64_t value)
{
    uint8_t memory[32];
    struct buffer map = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = set_start(&map, parameter);
    cbor_put_uint(&writer, value);
    script_encoded(script, SUIT_DIRECTIVE_OVERRIDE, span_used(&map));
}

void script_set_bytes(struct script *script, int64_t parameter, struct span value)
{
    uint8_t memory[512];
    struct buffer map = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = set_start(&map, parameter);
    cbor_put_bytes(&writer, value);
    assert_int_equal(cbor_written(&writer), OK);
    script_encoded(script, SUIT_DIRECTIVE_OVERRIDE, span_used(&map));
}

void script_set_text(struct script *script, int64_t parameter, const char *value)
{
    uint8_t memory[512];
    struct buffer map = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = set_start(&map, parameter);
    cbor_put_text(&writer, value);
    assert_int_equal(cbor_written(&writer), OK);
    script_encoded(script, SUIT_DIRECTIVE_OVERRIDE, span_used(&map));
}

void script_set_digest(struct script *script, int64_t parameter, uint8_t with)
{
    uint8_t memory[64], digest[DIGEST_SIZE];
    struct buffer item = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&item);
    memset(digest, with, sizeof digest);
    cbor_put_array(&writer, 2);
    cbor_put_int(&writer, -16);
    cbor_put_bytes(&writer, span_of(digest, sizeof digest));
    script_set_bytes(script, parameter, span_used(&item));
}

void script_run(struct script *script, struct script *inner)
{
    uint8_t memory[4096];
    struct buffer item = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&item);
    cbor_put_bytes(&writer, script_bytes(inner));
    assert_int_equal(cbor_written(&writer), OK);
    script_encoded(script, SUIT_DIRECTIVE_RUN_SEQUENCE, span_used(&item));
}

void script_try(struct script *script, struct script *const *alternatives, enum script_end end)
{
    uint8_t memory[4096];
    struct buffer item = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&item);
    size_t count = 0;

    while (alternatives[count] != NULL)
        count++;
    cbor_put_array(&writer, count + (end == WITH_NIL));
    for (size_t i = 0; i < count; i++)
        cbor_put_bytes(&writer, script_bytes(alternatives[i]));
    if (end == WITH_NIL)
        cbor_put_null(&writer);
    assert_int_equal(cbor_written(&writer), OK);
    script_encoded(script, SUIT_DIRECTIVE_TRY_EACH, span_used(&item));
}

struct span script_bytes(struct script *script)
{
    struct buffer whole = buffer_over(script->whole, sizeof script->whole);
    struct cbor_writer writer = cbor_into(&whole);
    cbor_put_array(&writer, 2 * script->pairs);
    cbor_put_encoded(&writer, span_used(&script->body));
    assert_int_equal(cbor_written(&writer), OK);
    return span_used(&whole);
}

/* Manifests --------------------------------------------------------------------------------------------------------- */

static struct span component(size_t number)
{
    static uint8_t identifiers[SUIT_COMPONENTS_MAX + 1][3];
    assert_true(number <= SUIT_COMPONENTS_MAX);
    identifiers[number][0] = 0x81;
    identifiers[number][1] = 0x41;
    identifiers[number][2] = (uint8_t)number;
    return span_of(identifiers[number], 3);
}

struct suit_manifest manifest_around(size_t components, struct script *shared, struct script *install)
{
    struct suit_manifest manifest = {.sequence = 1, .component_count = components};
    for (size_t i = 0; i < components; i++)
        manifest.components[i] = component(i);
    if (shared != NULL)
        manifest.shared = script_bytes(shared);
    if (install != NULL)
        manifest.sections[SUIT_INSTALL] = script_bytes(install);
    return manifest;
}

static void put_common(struct buffer *common, size_t components, struct script *shared)
{
    struct cbor_writer writer = cbor_into(common);
    cbor_put_map(&writer, shared != NULL ? 2 : 1);
    cbor_put_uint(&writer, SUIT_COMMON_COMPONENTS);
    cbor_put_array(&writer, components);
    for (size_t i = 0; i < components; i++)
        cbor_put_encoded(&writer, component(i));
    if (shared != NULL) {
        cbor_put_uint(&writer, SUIT_COMMON_SHARED);
        cbor_put_bytes(&writer, script_bytes(shared));
    }
    assert_int_equal(cbor_written(&writer), OK);
}

void draft_start(struct draft *draft, uint64_t pairs, size_t components, struct script *shared)
{
    uint8_t memory[4096];
    struct buffer common = buffer_over(memory, sizeof memory);

    draft->bytes = buffer_over(draft->memory, sizeof draft->memory);
    draft->writer = cbor_into(&draft->bytes);
    put_common(&common, components, shared);
    cbor_put_map(&draft->writer, pairs);
    cbor_put_uint(&draft->writer, SUIT_KEY_VERSION);
    cbor_put_uint(&draft->writer, 1);
    cbor_put_uint(&draft->writer, SUIT_KEY_SEQUENCE);
    cbor_put_uint(&draft->writer, 7);
    cbor_put_uint(&draft->writer, SUIT_KEY_COMMON);
    cbor_put_bytes(&draft->writer, span_used(&common));
}

void draft_section(struct draft *draft, int64_t key, struct script *script)
{
    cbor_put_int(&draft->writer, key);
    cbor_put_bytes(&draft->writer, script_bytes(script));
}
