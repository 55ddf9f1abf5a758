/* The same two facts in three forms: which driver, and under which name programs find the interface. */
#include "agent/ports/usb/os_descriptors.h"

#include "agent/ports/usb/descriptors.h"

#include <string.h>

static const uint8_t compatible_id[16] = {'W', 'I', 'N', 'U', 'S', 'B'}; /* and no sub-compatible id */
static const char property_one[] = "DeviceInterfaceGUID", property_all[] = "DeviceInterfaceGUIDs";

/* Device interface classes: fixed for ever, they are how a program on Windows asks for such an interface. */
static const struct {
    uint8_t interface;
    const char *guid;
} functions[] = {
    {USB_INTERFACE_SMP, "{374d96ba-6bca-4520-88a2-bfc93d61ea71}"},
    {USB_INTERFACE_DFU, "{20ef5262-7c75-460a-a752-8a717e02cc34}"},
};
#define FUNCTIONS   (sizeof functions / sizeof functions[0])
#define GUID_LENGTH 38

enum { INDEX_COMPATIBLE = 4, INDEX_PROPERTIES = 5, INDEX_SET = 7 };
enum { REG_SZ = 1, REG_MULTI_SZ = 7 };
#define WINDOWS_8_1 0x06030000u

/* Writing: a writer that has no room stays so ------------------------------------------------------------------------- */

static bool put16(struct buffer *out, uint16_t value)
{
    uint8_t bytes[2];

    put_le16(bytes, value);
    return buffer_append(out, span_of(bytes, sizeof bytes));
}

static bool put32(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];

    put_le32(bytes, value);
    return buffer_append(out, span_of(bytes, sizeof bytes));
}

/* ASCII as UTF-16LE, with `ends` NULs. */
static bool put_wide(struct buffer *out, const char *text, unsigned ends)
{
    for (; *text != '\0'; text++)
        if (!put16(out, (uint8_t)*text))
            return false;
    for (unsigned i = 0; i < ends; i++)
        if (!put16(out, 0))
            return false;
    return true;
}

static uint16_t wide_size(size_t characters)
{
    return (uint16_t)(2 * characters);
}

static bool settle_length(struct buffer *out, size_t at, size_t start)
{
    put_le16(out->data + at, (uint16_t)(out->size - start));
    return true;
}

/* Version 1.0 ------------------------------------------------------------------------------------------------------- */

bool usb_os_string(struct buffer *out)
{
    static const uint8_t bytes[18] = {
        18, DESCRIPTOR_STRING, 'M', 0, 'S', 0, 'F', 0, 'T', 0, '1', 0, '0', 0, '0', 0, USB_OS_VENDOR_CODE, 0};

    return buffer_append(out, span_of(bytes, sizeof bytes));
}

static bool put_compatible_row(struct buffer *out, uint8_t interface)
{
    static const uint8_t reserved[6] = {0};

    return buffer_put(out, interface) && buffer_put(out, 1) &&
           buffer_append(out, span_of(compatible_id, sizeof compatible_id)) &&
           buffer_append(out, span_of(reserved, sizeof reserved));
}

#define COMPATIBLE_HEAD 16
#define COMPATIBLE_ROW  24

static bool put_compatible(struct buffer *out)
{
    static const uint8_t reserved[7] = {0};

    if (!put32(out, COMPATIBLE_HEAD + COMPATIBLE_ROW * FUNCTIONS) || !put16(out, 0x0100) ||
        !put16(out, INDEX_COMPATIBLE) || !buffer_put(out, FUNCTIONS) ||
        !buffer_append(out, span_of(reserved, sizeof reserved)))
        return false;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (!put_compatible_row(out, functions[i].interface))
            return false;
    return true;
}

static bool put_properties(struct buffer *out, const char *guid)
{
    const uint16_t name = wide_size(sizeof property_one), data = wide_size(GUID_LENGTH + 1);
    const uint32_t section = 14u + name + data;

    return put32(out, 10 + section) && put16(out, 0x0100) && put16(out, INDEX_PROPERTIES) && put16(out, 1) &&
           put32(out, section) && put32(out, REG_SZ) && put16(out, name) && put_wide(out, property_one, 1) &&
           put32(out, data) && put_wide(out, guid, 1);
}

static bool properties_of(uint8_t interface, struct buffer *out)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (functions[i].interface == interface)
            return put_properties(out, functions[i].guid);
    return false;
}

/* Version 2.0 ------------------------------------------------------------------------------------------------------- */

enum {
    SET_HEADER = 0,
    SUBSET_CONFIGURATION = 1,
    SUBSET_FUNCTION = 2,
    FEATURE_COMPATIBLE = 3,
    FEATURE_PROPERTY = 4
};

static bool put_function_set(struct buffer *out, uint8_t interface, const char *guid)
{
    const uint16_t name = wide_size(sizeof property_all), data = wide_size(GUID_LENGTH + 2);
    size_t start = out->size;
    bool whole = put16(out, 8) && put16(out, SUBSET_FUNCTION) && buffer_put(out, interface) &&
                 buffer_put(out, 0) && put16(out, 0) && put16(out, 4 + sizeof compatible_id) &&
                 put16(out, FEATURE_COMPATIBLE) &&
                 buffer_append(out, span_of(compatible_id, sizeof compatible_id)) &&
                 put16(out, (uint16_t)(10 + name + data)) && put16(out, FEATURE_PROPERTY) &&
                 put16(out, REG_MULTI_SZ) && put16(out, name) && put_wide(out, property_all, 1) &&
                 put16(out, data) && put_wide(out, guid, 2);

    return whole && settle_length(out, start + 6, start);
}

/* The configuration is named by its index, from 0, whatever the field is called. */
static bool put_set(struct buffer *out)
{
    size_t start = out->size, subset = start + 10;

    if (!put16(out, 10) || !put16(out, SET_HEADER) || !put32(out, WINDOWS_8_1) || !put16(out, 0) ||
        !put16(out, 8) || !put16(out, SUBSET_CONFIGURATION) || !buffer_put(out, 0) || !buffer_put(out, 0) ||
        !put16(out, 0))
        return false;
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (!put_function_set(out, functions[i].interface, functions[i].guid))
            return false;
    return settle_length(out, start + 8, start) && settle_length(out, subset + 6, subset);
}

bool usb_os_bos(struct buffer *out)
{
    enum { BOS_SIZE = 5 + 28, PLATFORM = 5 };
    static const uint8_t head[] = {5, DESCRIPTOR_BOS, BOS_SIZE, 0, 1, /* one capability */
                                   28, DESCRIPTOR_CAPABILITY, PLATFORM, 0,
                                   /* D8DD60DF-4589-4CC7-9CD2-659D9E648A9F */
                                   0xDF, 0x60, 0xDD, 0xD8, 0x89, 0x45, 0xC7, 0x4C, 0x9C, 0xD2, 0x65, 0x9D,
                                   0x9E, 0x64, 0x8A, 0x9F};
    uint8_t memory[USB_OS_SIZE];
    struct buffer set = buffer_over(memory, sizeof memory);

    return put_set(&set) && buffer_append(out, span_of(head, sizeof head)) && put32(out, WINDOWS_8_1) &&
           put16(out, (uint16_t)set.size) && buffer_put(out, USB_OS_VENDOR_CODE) && buffer_put(out, 0);
}

bool usb_os_request(const struct usb_setup *setup, struct buffer *out)
{
    bool of_device = setup->type == (SETUP_IN | SETUP_VENDOR | SETUP_TO_DEVICE);
    bool of_interface = setup->type == (SETUP_IN | SETUP_VENDOR | SETUP_TO_INTERFACE);
    uint8_t page = (uint8_t)setup->value;

    if (setup->request != USB_OS_VENDOR_CODE || page != 0)
        return false;
    if (of_device && setup->index == INDEX_COMPATIBLE)
        return put_compatible(out);
    if (of_device && setup->index == INDEX_SET)
        return put_set(out);
    if ((of_device || of_interface) && setup->index == INDEX_PROPERTIES)
        return properties_of((uint8_t)(setup->value >> 8), out);
    return false;
}

/* FunctionFS: a head of 11 bytes before each, and its own ideas of text --------------------------------------------------- */

#define BLOCK_HEAD 11

static bool put_block_head(struct buffer *out, uint8_t interface, size_t size, uint16_t index)
{
    return buffer_put(out, interface) && put32(out, (uint32_t)(BLOCK_HEAD + size)) && put16(out, 1) &&
           put16(out, index) && put16(out, 1);
}

static bool put_blocks(struct buffer *out, uint8_t interface, const char *guid)
{
    const uint16_t name = sizeof property_one, data = GUID_LENGTH + 1;
    const uint32_t section = 14u + name + data;

    return put_block_head(out, interface, COMPATIBLE_ROW, INDEX_COMPATIBLE) &&
           put_compatible_row(out, interface) && put_block_head(out, interface, section, INDEX_PROPERTIES) &&
           put32(out, section) && put32(out, REG_SZ) && put16(out, name) &&
           buffer_append(out, span_of(property_one, name)) && put32(out, data) &&
           buffer_append(out, span_of(guid, data));
}

bool usb_function_os_descriptors(struct buffer *out, uint32_t *count)
{
    struct buffer blocks = *out;

    for (size_t i = 0; i < FUNCTIONS; i++)
        if (!put_blocks(&blocks, functions[i].interface, functions[i].guid))
            return false;
    *out = blocks;
    *count = 2 * FUNCTIONS;
    return true;
}
