/* Whatever is read as canonical CBOR has exactly one encoding: written again, it is the same bytes. */
#include "keys/base/cbor.h"

#include "tests/fuzz/fuzz.h"

static void copy_item(struct cbor *from, struct cbor_writer *to)
{
    struct cbor_items items;
    struct span span;
    uint64_t number;
    int64_t integer;
    bool flag, more;

    switch (cbor_kind(from)) {
    case CBOR_UINT:
        if (cbor_uint(from, &number) == OK)
            cbor_put_uint(to, number);
        break;
    case CBOR_NEGATIVE:
        if (cbor_int(from, &integer) == OK)
            cbor_put_int(to, integer);
        else if (cbor_skip(from, &span) == OK)
            cbor_put_encoded(to, span);
        break;
    case CBOR_BYTES:
        if (cbor_bytes(from, &span) == OK)
            cbor_put_bytes(to, span);
        break;
    case CBOR_TEXT:
        if (cbor_text(from, &span) == OK)
            cbor_put_text_span(to, span);
        break;
    case CBOR_TAG:
        if (cbor_tag(from, &number) == OK) {
            cbor_put_tag(to, number);
            copy_item(from, to);
        }
        break;
    case CBOR_BOOL:
        if (cbor_bool(from, &flag) == OK)
            cbor_put_bool(to, flag);
        break;
    case CBOR_NULL:
        if (cbor_null(from) == OK)
            cbor_put_null(to);
        break;
    case CBOR_ARRAY:
        if (cbor_enter_array(from, &items) == OK) {
            cbor_put_array(to, items.left);
            while (cbor_more(from, &items, &more) == OK && more)
                copy_item(from, to);
        }
        break;
    case CBOR_MAP:
        if (cbor_enter_map(from, &items) == OK) {
            cbor_put_map(to, items.left);
            while (cbor_more(from, &items, &more) == OK && more) {
                copy_item(from, to);
                copy_item(from, to);
            }
        }
        break;
    default:
        if (cbor_skip(from, &span) == OK)
            cbor_put_encoded(to, span);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t memory[1 << 16];
    struct cbor loose = cbor_over(span_of(data, size), CBOR_LOOSE);
    struct cbor cbor = cbor_over(span_of(data, size), CBOR_CANONICAL), again = cbor;
    struct buffer out = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&out);
    struct span whole;

    (void)cbor_skip(&loose, NULL);
    if (cbor_skip(&cbor, &whole) != OK || whole.size > sizeof memory)
        return 0;
    copy_item(&again, &writer);
    fuzz_must(cbor_written(&writer) == OK && span_equal(span_used(&out), whole),
              "one encoding for each value");
    return 0;
}
