#include "keys/document.h"

enum status document_label(struct cbor *cbor, struct cbor_items *items, uint64_t *label)
{
    bool more;
    uint64_t value = 0;
    enum status status = cbor_more(cbor, items, &more);

    if (!status && more) {
        status = cbor_uint(cbor, &value);
        if (!status && value == 0)
            status = BAD_FORMAT;
    }
    if (!status)
        *label = value;
    return status;
}

enum status document_status(enum status status)
{
    return status == INCOMPLETE ? BAD_FORMAT : status;
}
