/* Names and serial numbers made fit for the bus. */
#include "agent/ports/usb/usb_identity.h"

#include <string.h>

#define DIGEST_TAIL 4 /* bytes, shown as hex */

static void text_copy(char *out, size_t most, struct span text)
{
    struct span part = span_first(text, most);

    if (part.size > 0)
        memcpy(out, part.data, part.size);
    out[part.size] = '\0';
}

static bool is_clean(uint8_t byte)
{
    return byte > 0x20 && byte < 0x7F && byte != ',';
}

void usb_serial_clean(struct span serial, char out[USB_SERIAL_MAX + 1])
{
    static const char hex[] = "0123456789abcdef";
    struct span part = span_first(serial, SERIAL_MAX);
    uint8_t digest[DIGEST_SIZE];
    bool changed = part.size < serial.size;
    size_t size = 0;

    for (size_t i = 0; i < part.size; i++) {
        changed = changed || !is_clean(part.data[i]);
        out[size++] = is_clean(part.data[i]) ? (char)part.data[i] : '_';
    }
    if (changed) {
        digest_of(serial, digest);
        out[size++] = '-';
        for (size_t i = 0; i < DIGEST_TAIL; i++) {
            out[size++] = hex[digest[i] >> 4];
            out[size++] = hex[digest[i] & 15];
        }
    }
    out[size] = '\0';
}

void usb_identity_make(struct usb_identity *out, uint16_t vendor_id, uint16_t product_id, struct span vendor,
                       const struct identity *identity)
{
    *out = (struct usb_identity){.vendor_id = vendor_id, .product_id = product_id, .release = 0x0100};
    text_copy(out->vendor, USB_VENDOR_MAX, vendor);
    if (identity == NULL)
        return;
    text_copy(out->product, IDENTITY_TEXT_MAX, identity->model);
    usb_serial_clean(identity->serial, out->serial);
}
