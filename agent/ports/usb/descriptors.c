/* One table a descriptor; what differs between the speeds is filled in. */
#include "agent/ports/usb/descriptors.h"

#include "agent/ports/usb/dfu.h"
#include "agent/ports/usb/os_descriptors.h"
#include "agent/protocol/usb.h"

#include <string.h>

#define LOW(number)  ((uint8_t)((number)&0xFF))
#define HIGH(number) ((uint8_t)((number) >> 8))

enum text {
    TEXT_LANGUAGES,
    TEXT_VENDOR,
    TEXT_PRODUCT,
    TEXT_SERIAL,
    TEXT_SMP,
    TEXT_DFU,
    TEXT_CONSOLE,
    TEXT_MICROSOFT = 0xEE, /* Microsoft OS 1.0 asks for this one */
};

static const char text_smp[] = "Suture SMP", text_dfu[] = "Suture push file",
                  text_console[] = "Suture SMP console";

#define ENGLISH 0x0409 /* of the United States; the only language */

enum { CLASS_CDC = 0x02, CLASS_CDC_DATA = 0x0A, CLASS_APPLICATION = 0xFE, CLASS_MISCELLANEOUS = 0xEF };
enum { TRANSFER_BULK = 2, TRANSFER_INTERRUPT = 3 };

/* Interfaces -------------------------------------------------------------------------------------------------------- */

static bool append(struct buffer *out, const uint8_t *bytes, size_t size)
{
    return buffer_append(out, span_of(bytes, size));
}

struct class_bytes {
    uint8_t class, subclass, protocol;
};

static bool put_interface(struct buffer *out, uint8_t number, uint8_t endpoints, struct class_bytes class,
                          uint8_t text)
{
    const uint8_t bytes[] = {9,           DESCRIPTOR_INTERFACE, number,         0,   endpoints,
                             class.class, class.subclass,       class.protocol, text};

    return append(out, bytes, sizeof bytes);
}

static bool put_endpoint(struct buffer *out, uint8_t address, uint8_t transfer, uint16_t packet,
                         uint8_t interval)
{
    const uint8_t bytes[] = {7, DESCRIPTOR_ENDPOINT, address, transfer, LOW(packet), HIGH(packet), interval};

    return append(out, bytes, sizeof bytes);
}

static bool put_smp(struct buffer *out, enum usb_speed speed, uint8_t text)
{
    static const struct class_bytes class = {USB_SMP_CLASS, USB_SMP_SUBCLASS, USB_SMP_PROTOCOL};
    uint16_t packet = usb_bulk_packet(speed);

    return put_interface(out, USB_INTERFACE_SMP, 2, class, text) &&
           put_endpoint(out, USB_ENDPOINT_SMP_OUT, TRANSFER_BULK, packet, 0) &&
           put_endpoint(out, USB_ENDPOINT_SMP_IN, TRANSFER_BULK, packet, 0);
}

/* In DFU mode at all times: there is nothing to detach from. */
static bool put_dfu(struct buffer *out, uint8_t text)
{
    static const struct class_bytes class = {CLASS_APPLICATION, 0x01, 0x02};

    return put_interface(out, USB_INTERFACE_DFU, 0, class, text);
}

/* DFU 1.1, 4.1.3: downloads, never uploads, and answers GETSTATUS after manifestation without a reset. */
static bool put_dfu_functional(struct buffer *out)
{
    enum { CAN_DOWNLOAD = 1, TOLERANT = 4 };
    static const uint8_t bytes[] = {9,
                                    DESCRIPTOR_DFU,
                                    CAN_DOWNLOAD | TOLERANT,
                                    LOW(USB_DFU_DETACH_MS),
                                    HIGH(USB_DFU_DETACH_MS),
                                    LOW(USB_DFU_TRANSFER),
                                    HIGH(USB_DFU_TRANSFER),
                                    0x10,
                                    0x01};

    return append(out, bytes, sizeof bytes);
}

/* CDC 1.2, 5.2.3 and PSTN 1.2, 5.3: header, call management (none), ACM (line coding and state), union. */
static bool put_console(struct buffer *out, enum usb_speed speed)
{
    static const uint8_t association[] = {
        8, DESCRIPTOR_ASSOCIATION, USB_INTERFACE_CONSOLE, 2, CLASS_CDC, 0x02, 0x00, TEXT_CONSOLE};
    static const uint8_t functional[] = {
        5,
        DESCRIPTOR_CDC,
        0x00,
        0x20,
        0x01, /* header: CDC 1.20 */
        5,
        DESCRIPTOR_CDC,
        0x01,
        0x00,
        USB_INTERFACE_CONSOLE_DATA, /* call management */
        4,
        DESCRIPTOR_CDC,
        0x02,
        0x02, /* ACM */
        5,
        DESCRIPTOR_CDC,
        0x06,
        USB_INTERFACE_CONSOLE,
        USB_INTERFACE_CONSOLE_DATA, /* union */
    };
    static const struct class_bytes control = {CLASS_CDC, 0x02, 0x00}, data = {CLASS_CDC_DATA, 0x00, 0x00};
    uint8_t interval = speed == USB_HIGH ? 8 : 16; /* 16 ms either way: 2^(8-1) microframes, 16 frames */
    uint16_t packet = usb_bulk_packet(speed);

    return append(out, association, sizeof association) &&
           put_interface(out, USB_INTERFACE_CONSOLE, 1, control, TEXT_CONSOLE) &&
           append(out, functional, sizeof functional) &&
           put_endpoint(out, USB_ENDPOINT_CONSOLE_NOTIFY, TRANSFER_INTERRUPT, USB_NOTIFY_PACKET, interval) &&
           put_interface(out, USB_INTERFACE_CONSOLE_DATA, 2, data, 0) &&
           put_endpoint(out, USB_ENDPOINT_CONSOLE_OUT, TRANSFER_BULK, packet, 0) &&
           put_endpoint(out, USB_ENDPOINT_CONSOLE_IN, TRANSFER_BULK, packet, 0);
}

/* The device -------------------------------------------------------------------------------------------------------- */

static uint8_t text_if(const char *text, uint8_t index)
{
    return text[0] != '\0' ? index : 0;
}

/* Class EF 02 01: a device whose interfaces are associated. USB 2.1, so that hosts ask for the BOS. */
static bool put_device(const struct usb_identity *identity, struct buffer *out)
{
    const uint8_t bytes[] = {18,
                             DESCRIPTOR_DEVICE,
                             0x10,
                             0x02,
                             CLASS_MISCELLANEOUS,
                             0x02,
                             0x01,
                             USB_CONTROL_PACKET,
                             LOW(identity->vendor_id),
                             HIGH(identity->vendor_id),
                             LOW(identity->product_id),
                             HIGH(identity->product_id),
                             LOW(identity->release),
                             HIGH(identity->release),
                             text_if(identity->vendor, TEXT_VENDOR),
                             text_if(identity->product, TEXT_PRODUCT),
                             text_if(identity->serial, TEXT_SERIAL),
                             1};

    return append(out, bytes, sizeof bytes);
}

static bool put_qualifier(struct buffer *out)
{
    static const uint8_t bytes[] = {10,   DESCRIPTOR_QUALIFIER, 0x10, 0x02, CLASS_MISCELLANEOUS, 0x02,
                                    0x01, USB_CONTROL_PACKET,   1,    0};

    return append(out, bytes, sizeof bytes);
}

/* The device has a power supply of its own and takes nothing from the bus. */
static bool put_configuration(enum usb_speed speed, enum descriptor_type type, struct buffer *out)
{
    enum { OWN_POWER = 0xC0 };
    size_t start = out->size;
    const uint8_t head[] = {9, (uint8_t)type, 0, 0, USB_INTERFACES, USB_CONFIGURATION, 0, OWN_POWER, 0};

    if (!append(out, head, sizeof head) || !put_smp(out, speed, TEXT_SMP) || !put_dfu(out, TEXT_DFU) ||
        !put_dfu_functional(out) || !put_console(out, speed))
        return false;
    put_le16(out->data + start + 2, (uint16_t)(out->size - start));
    return true;
}

/* Strings ----------------------------------------------------------------------------------------------------------- */

/* The next character of UTF-8 text; what is malformed or no character of a name is a question mark. */
static uint32_t next_character(const char **text)
{
    const uint8_t *at = (const uint8_t *)*text;
    unsigned more = at[0] >= 0xF0 ? 3u : at[0] >= 0xE0 ? 2u : at[0] >= 0xC0 ? 1u : 0u;
    static const uint32_t least[] = {0x20, 0x80, 0x800, 0x10000};
    uint32_t character = more == 0 ? at[0] : at[0] & (0x3Fu >> more);

    for (unsigned i = 1; i <= more; i++) {
        if ((at[i] & 0xC0) != 0x80) { /* the NUL too: nothing behind the end is read */
            *text += i;
            return '?';
        }
        character = character << 6 | (at[i] & 0x3F);
    }
    *text += more + 1;
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    bool stray = (more == 0 && at[0] >= 0x7F) || at[0] >= 0xF8;
    return character < least[more] || character > 0x10FFFF || surrogate || stray ? '?' : character;
}

/* UTF-16LE, cut between characters when it does not fit. */
static bool put_text(const char *text, struct buffer *out)
{
    uint8_t bytes[USB_TEXT_SIZE];
    size_t size = 2;

    while (*text != '\0') {
        uint32_t character = next_character(&text);
        size_t wanted = character > 0xFFFF ? 4 : 2;
        if (wanted > sizeof bytes - size)
            break;
        if (character > 0xFFFF) {
            put_le16(bytes + size, (uint16_t)(0xD800 + ((character - 0x10000) >> 10)));
            put_le16(bytes + size + 2, (uint16_t)(0xDC00 + ((character - 0x10000) & 0x3FF)));
        } else {
            put_le16(bytes + size, (uint16_t)character);
        }
        size += wanted;
    }
    bytes[0] = (uint8_t)size;
    bytes[1] = DESCRIPTOR_STRING;
    return append(out, bytes, size);
}

static const char *text_of(const struct usb_identity *identity, uint8_t index)
{
    switch (index) {
    case TEXT_VENDOR:
        return identity->vendor;
    case TEXT_PRODUCT:
        return identity->product;
    case TEXT_SERIAL:
        return identity->serial;
    case TEXT_SMP:
        return text_smp;
    case TEXT_DFU:
        return text_dfu;
    case TEXT_CONSOLE:
        return text_console;
    default:
        if (index >= USB_TEXT_REASONS && index - USB_TEXT_REASONS < DFU_REASONS)
            return dfu_reasons[index - USB_TEXT_REASONS];
        return "";
    }
}

static bool put_string(const struct usb_identity *identity, uint8_t index, uint16_t language,
                       struct buffer *out)
{
    static const uint8_t languages[] = {4, DESCRIPTOR_STRING, LOW(ENGLISH), HIGH(ENGLISH)};

    if (index == TEXT_LANGUAGES)
        return append(out, languages, sizeof languages);
    if (index == TEXT_MICROSOFT)
        return language == 0 && usb_os_string(out);
    const char *text = text_of(identity, index);
    return language == ENGLISH && text[0] != '\0' && put_text(text, out);
}

bool usb_descriptor(const struct usb_identity *identity, enum usb_speed speed, uint16_t value,
                    uint16_t language, struct buffer *out)
{
    uint8_t index = LOW(value);

    if (HIGH(value) == DESCRIPTOR_STRING)
        return put_string(identity, index, language, out);
    if (index != 0)
        return false;
    switch (HIGH(value)) {
    case DESCRIPTOR_DEVICE:
        return put_device(identity, out);
    case DESCRIPTOR_CONFIGURATION:
        return put_configuration(speed, DESCRIPTOR_CONFIGURATION, out);
    case DESCRIPTOR_QUALIFIER:
        return put_qualifier(out);
    case DESCRIPTOR_OTHER_SPEED:
        return put_configuration(speed == USB_HIGH ? USB_FULL : USB_HIGH, DESCRIPTOR_OTHER_SPEED, out);
    case DESCRIPTOR_BOS:
        return usb_os_bos(out);
    default:
        return false;
    }
}

/* Pieces ------------------------------------------------------------------------------------------------------------ */

bool usb_function_descriptors(enum usb_speed speed, enum usb_dfu_form form, struct buffer *out,
                              uint32_t *count)
{
    struct buffer pieces = *out;

    if (!put_smp(&pieces, speed, 1) || !put_dfu(&pieces, 2) ||
        (form == USB_DFU_WHOLE && !put_dfu_functional(&pieces)))
        return false;
    *out = pieces;
    *count = form == USB_DFU_WHOLE ? 5 : 4;
    return true;
}

bool usb_function_strings(struct buffer *out)
{
    static const uint8_t language[] = {LOW(ENGLISH), HIGH(ENGLISH)};

    if (out->capacity - out->size < sizeof language + sizeof text_smp + sizeof text_dfu)
        return false;
    return append(out, language, sizeof language) && buffer_append(out, span_of(text_smp, sizeof text_smp)) &&
           buffer_append(out, span_of(text_dfu, sizeof text_dfu));
}
