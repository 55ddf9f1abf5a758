/* What FunctionFS is given: descriptors for two speeds, Microsoft's, and two texts; then its pipes appear. */
#include "agent/ports/linux/gadget.h"
#include "agent/ports/usb/os_descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 1024
#define STRINGS_MAX     256

static bool put_u32(struct buffer *out, uint32_t value)
{
    uint8_t bytes[4];

    put_le32(bytes, value);
    return buffer_append(out, span_of(bytes, sizeof bytes));
}

/* struct usb_functionfs_descs_head_v2, the counts, and the descriptors behind them. */
static bool descriptors_make(enum usb_dfu_form form, struct buffer *out)
{
    uint8_t full_bytes[128], high_bytes[128], os_bytes[512];
    struct buffer full = buffer_over(full_bytes, sizeof full_bytes);
    struct buffer high = buffer_over(high_bytes, sizeof high_bytes);
    struct buffer os = buffer_over(os_bytes, sizeof os_bytes);
    uint32_t full_count, high_count, os_count;

    if (!usb_function_descriptors(USB_FULL, form, &full, &full_count) ||
        !usb_function_descriptors(USB_HIGH, form, &high, &high_count) ||
        !usb_function_os_descriptors(&os, &os_count))
        return false;
    return put_u32(out, FUNCTIONFS_DESCRIPTORS_MAGIC_V2) &&
           put_u32(out, (uint32_t)(6 * 4 + full.size + high.size + os.size)) &&
           put_u32(out, FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC | FUNCTIONFS_HAS_MS_OS_DESC) &&
           put_u32(out, full_count) && put_u32(out, high_count) && put_u32(out, os_count) &&
           buffer_append(out, span_used(&full)) && buffer_append(out, span_used(&high)) &&
           buffer_append(out, span_used(&os));
}

static bool strings_make(struct buffer *out)
{
    uint8_t text_bytes[128];
    struct buffer texts = buffer_over(text_bytes, sizeof text_bytes);

    return usb_function_strings(&texts) && put_u32(out, FUNCTIONFS_STRINGS_MAGIC) &&
           put_u32(out, (uint32_t)(4 * 4 + texts.size)) && put_u32(out, USB_FUNCTION_STRINGS) &&
           put_u32(out, 1) && buffer_append(out, span_used(&texts));
}

static bool give(int file, const struct buffer *bytes)
{
    return write(file, bytes->data, bytes->size) == (ssize_t)bytes->size;
}

/* The whole form first: Linux before 6.12 refuses it with EINVAL and takes the other on the same file. */
static bool descriptors_give(struct gadget *gadget)
{
    static const enum usb_dfu_form forms[] = {USB_DFU_WHOLE, USB_DFU_WITHOUT_FUNCTIONAL};
    uint8_t bytes[DESCRIPTORS_MAX];

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct buffer out = buffer_over(bytes, sizeof bytes);
        gadget->form = forms[i];
        if (!descriptors_make(forms[i], &out))
            return false;
        if (give(gadget->ep0, &out))
            return true;
        if (errno != EINVAL)
            return false;
    }
    return false;
}

static bool strings_give(const struct gadget *gadget)
{
    uint8_t bytes[STRINGS_MAX];
    struct buffer out = buffer_over(bytes, sizeof bytes);

    return strings_make(&out) && give(gadget->ep0, &out);
}

/* Not waiting: a transfer that is offered before a host has configured the device is refused instead. */
static int endpoint_open(const struct gadget *gadget, const char *name)
{
    char path[2 * GADGET_PATH];

    snprintf(path, sizeof path, "%s/%s", gadget->mount, name);
    return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

/* Endpoint files are numbered in the order of the descriptors, whatever their addresses become. */
bool gadget_describe(struct gadget *gadget, struct failure *why)
{
    gadget->ep0 = endpoint_open(gadget, "ep0");
    if (gadget->ep0 < 0 || !descriptors_give(gadget) || !strings_give(gadget))
        return gadget_refuse(gadget->mount, strerror(errno), why);
    gadget->out.file = endpoint_open(gadget, "ep1");
    gadget->in.file = endpoint_open(gadget, "ep2");
    if (gadget->out.file < 0 || gadget->in.file < 0)
        return gadget_refuse(gadget->mount, strerror(errno), why);
    return true;
}
