#include "loader/link/usb_find.h"

#include "agent/protocol/usb.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_WORD "serial="

/* ---- addresses */

/* BUS-PORT[.PORT…], each a number from 1 on. Returns its length, 0: none. */
static size_t port_length(const char *text)
{
    size_t at = strspn(text, "0123456789"), digits;

    if (at == 0 || at > 3 || text[0] == '0' || text[at] != '-')
        return 0;
    do {
        digits = strspn(text + at + 1, "0123456789");
        if (digits == 0 || digits > 3 || text[at + 1] == '0')
            return 0;
        at += 1 + digits;
    } while (text[at] == '.');
    return at;
}

static bool take_serial(const char *text, struct usb_wish *wish)
{
    size_t length = strlen(text);

    if (strncmp(text, SERIAL_WORD, strlen(SERIAL_WORD)) != 0 || length == strlen(SERIAL_WORD) ||
        length - strlen(SERIAL_WORD) >= USB_SERIAL_SIZE)
        return false;
    strcpy(wish->serial, text + strlen(SERIAL_WORD));
    return true;
}

bool usb_wish_read(const char *rest, struct usb_wish *wish, struct failure *why)
{
    size_t length = port_length(rest);
    bool good = length < USB_PORT_SIZE;

    memset(wish, 0, sizeof *wish);
    if (good && length > 0)
        memcpy(wish->port, rest, length);
    if (length == 0)
        good = rest[0] == '\0' || take_serial(rest, wish);
    else if (rest[length] != '\0')
        good = good && rest[length] == ',' && take_serial(rest + length + 1, wish);
    return good || failure_set(why, FAIL_ADDRESS,
                               "usb:%.100s: usb:BUS-PORT as in usb:3-1.4, or usb:serial=TEXT", rest);
}

/* How well a place fits; 0: not at all. */
static unsigned fit(const struct usb_place *place, const struct usb_wish *wish)
{
    bool port = strcmp(place->port, wish->port) == 0, serial = strcmp(place->serial, wish->serial) == 0;

    if (wish->port[0] != '\0' && wish->serial[0] != '\0')
        return (serial ? 2u : 0u) + (port ? 1u : 0u);
    if (wish->port[0] != '\0')
        return port;
    return wish->serial[0] == '\0' || serial;
}

enum usb_match usb_choose(const struct usb_places *places, const struct usb_wish *wish, size_t *index)
{
    unsigned best = 0;
    size_t times = 0;

    for (size_t i = 0; i < places->count; i++) {
        unsigned fits = fit(&places->list[i], wish);
        if (fits == 0 || fits < best)
            continue;
        times = fits > best ? 1 : times + 1;
        if (fits > best)
            *index = i;
        best = fits;
    }
    return times == 0 ? USB_NONE : times == 1 ? USB_ONE : USB_SEVERAL;
}

/* ---- the bus */

static bool is_ours(const struct libusb_interface *interface)
{
    for (int i = 0; i < interface->num_altsetting; i++) {
        const struct libusb_interface_descriptor *one = &interface->altsetting[i];
        if (one->bAlternateSetting == 0 && one->bInterfaceClass == USB_SMP_CLASS &&
            one->bInterfaceSubClass == USB_SMP_SUBCLASS && one->bInterfaceProtocol == USB_SMP_PROTOCOL)
            return true;
    }
    return false;
}

static bool has_ours(libusb_device *device)
{
    struct libusb_device_descriptor about;
    struct libusb_config_descriptor *layout;
    bool ours = false;

    if (libusb_get_device_descriptor(device, &about) != 0)
        return false;
    for (uint8_t i = 0; !ours && i < about.bNumConfigurations; i++) {
        if (libusb_get_config_descriptor(device, i, &layout) != 0)
            continue;
        for (uint8_t k = 0; !ours && k < layout->bNumInterfaces; k++)
            ours = is_ours(&layout->interface[k]);
        libusb_free_config_descriptor(layout);
    }
    return ours;
}

static bool name_port(libusb_device *device, char port[USB_PORT_SIZE])
{
    uint8_t numbers[7];
    int count = libusb_get_port_numbers(device, numbers, sizeof numbers);
    int at = snprintf(port, USB_PORT_SIZE, "%u", libusb_get_bus_number(device));

    for (int i = 0; i < count; i++)
        at += snprintf(port + at, USB_PORT_SIZE - (size_t)at, "%c%u", i == 0 ? '-' : '.', numbers[i]);
    return count > 0;
}

/* The kernel has read it already, and shows it to everybody. */
static bool serial_from_kernel(const char *port, char serial[USB_SERIAL_SIZE])
{
    char path[128], text[2 * USB_SERIAL_SIZE] = "";

    snprintf(path, sizeof path, "/sys/bus/usb/devices/%s/serial", port);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    while (size > 0 && text[size - 1] == '\n')
        size -= 1;
    text_harmless(serial, USB_SERIAL_SIZE, text, size);
    return true;
}

bool usb_look(libusb_context *context, struct usb_places *places, libusb_device ***list, struct failure *why)
{
    ssize_t count = libusb_get_device_list(context, list);

    memset(places, 0, sizeof *places);
    if (count < 0) {
        *list = NULL;
        return failure_set(why, FAIL_USB_SYSTEM, "looking for devices: %s", libusb_strerror((int)count));
    }
    places->looked = (size_t)count;
    for (ssize_t i = 0; i < count && places->count < USB_PLACES_MAX; i++) {
        struct usb_place *place = &places->list[places->count];
        if (!name_port((*list)[i], place->port) || !has_ours((*list)[i]))
            continue;
        serial_from_kernel(place->port, place->serial);
        places->devices[places->count++] = (*list)[i];
    }
    return true;
}

bool usb_find(struct usb_places *places, struct failure *why)
{
    libusb_context *context;
    libusb_device **list;
    int code = libusb_init(&context);

    memset(places, 0, sizeof *places);
    if (code != 0)
        return failure_set(why, FAIL_USB_SYSTEM, "%s", libusb_strerror(code));
    bool looked = usb_look(context, places, &list, why);
    memset(places->devices, 0, sizeof places->devices);
    if (list != NULL)
        libusb_free_device_list(list, 1);
    libusb_exit(context);
    return looked;
}

/* …/3-1.4/3-1.4:1.0[/ttyUSB0]: the interface's folder begins with the device's name. */
bool usb_port_of_tty(const char *path, char port[USB_PORT_SIZE])
{
    const char *name = strrchr(path, '/');
    char where[PATH_MAX], real[PATH_MAX];

    if (realpath(path, where) != NULL)
        name = strrchr(where, '/');
    if (name == NULL || snprintf(real, sizeof real, "/sys/class/tty%s/device", name) >= (int)sizeof real ||
        realpath(real, where) == NULL)
        return false;
    for (const char *folder = where; (folder = strchr(folder, '/')) != NULL;) {
        folder += 1;
        size_t length = port_length(folder);
        if (length == 0 || length >= USB_PORT_SIZE || folder[length] != ':')
            continue;
        memcpy(port, folder, length);
        port[length] = '\0';
        return true;
    }
    return false;
}
