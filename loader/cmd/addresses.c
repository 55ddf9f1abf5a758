#include "loader/cmd/addresses.h"

#include "loader/link/serial_find.h"
#include "loader/link/usb_find.h"

#include <stdlib.h>
#include <string.h>

static bool add(struct addresses *addresses, const char *text, enum job_origin origin, struct failure *why)
{
    struct address *more = realloc(addresses->list, (addresses->count + 1) * sizeof *more);

    if (more == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", text);
    addresses->list = more;
    more[addresses->count] = (struct address){strdup(text), origin};
    if (more[addresses->count].text == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", text);
    addresses->count += 1;
    return true;
}

static const struct address *same_wire(const struct addresses *addresses, const char *text)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (link_address_same(addresses->list[i].text, text))
            return &addresses->list[i];
    return NULL;
}

/* The USB place behind an address, where one shows. */
static bool usb_place_of(const char *address, char port[USB_PORT_SIZE])
{
    struct usb_wish wish;
    char path[4096];

    if (strncmp(address, "usb:", 4) == 0 && usb_wish_read(address + 4, &wish, NULL)) {
        memcpy(port, wish.port, USB_PORT_SIZE);
        return port[0] != '\0';
    }
    if (strncmp(address, "serial:", 7) != 0 || strlen(address + 7) >= sizeof path)
        return false;
    strcpy(path, address + 7);
    path[strcspn(path, "@")] = '\0';
    return usb_port_of_tty(path, port);
}

/* A device shows a serial port beside its service interface: found at both, it is one device. Two serial ports of one adapter
 * are two wires. */
static bool is_same_device(const char *address, const char *other)
{
    char port[USB_PORT_SIZE], other_port[USB_PORT_SIZE];

    return (strncmp(address, "usb:", 4) == 0) != (strncmp(other, "usb:", 4) == 0) &&
           usb_place_of(address, port) && usb_place_of(other, other_port) && strcmp(port, other_port) == 0;
}

static bool is_known(const struct addresses *addresses, const char *text)
{
    for (size_t i = 0; i < addresses->count; i++)
        if (link_address_same(addresses->list[i].text, text) || is_same_device(addresses->list[i].text, text))
            return true;
    return false;
}

/* Two jobs on one wire would answer each other's questions. */
static bool add_named(struct addresses *addresses, const char *text, struct failure *why)
{
    if (!link_address_check(text, why))
        return false;
    const struct address *same = same_wire(addresses, text);
    if (same != NULL)
        return failure_set(why, FAIL_USAGE, "%s and %s are the same device", same->text, text);
    return add(addresses, text, JOB_NAMED, why);
}

static bool add_found(struct addresses *addresses, const char *text, struct failure *why)
{
    struct serial_ports ports;

    if (!serial_find(text, &ports, why))
        return false;
    addresses->looked = true;
    memcpy(addresses->where, ports.folder, sizeof addresses->where);
    bool added = true;
    for (size_t i = 0; added && i < ports.count; i++)
        if (!is_known(addresses, ports.addresses[i]))
            added = add(addresses, ports.addresses[i], JOB_FOUND, why);
    serial_ports_free(&ports);
    return added;
}

/* A computer whose USB can't be looked at still has serial ports. */
static bool add_usb(struct addresses *addresses, struct failure *why)
{
    struct usb_places places;
    char text[USB_PORT_SIZE + 8];
    bool added = true;

    addresses->looked_at_usb = usb_find(&places, &addresses->usb_unseen);
    if (!addresses->looked_at_usb)
        return true;
    addresses->usb_unseen.id = FAIL_NONE;
    for (size_t i = 0; added && i < places.count; i++) {
        snprintf(text, sizeof text, "usb:%s", places.list[i].port);
        if (!is_known(addresses, text))
            added = add(addresses, text, JOB_FOUND, why);
    }
    return added;
}

bool addresses_read(const struct invocation *call, enum job_kind kind, struct addresses *addresses,
                    struct failure *why)
{
    bool all = (option_listed(call, "all") && option_given(call, "all")) ||
               (kind == JOB_DEVICES && call->argument_count == 0);

    memset(addresses, 0, sizeof *addresses);
    if (call->argument_count == 0 && !all)
        return failure_set(why, FAIL_USAGE, "%s: name an address, or type --all", call->command->name);
    for (size_t i = 0; i < call->argument_count; i++)
        if (!serial_is_auto(call->arguments[i]) && !add_named(addresses, call->arguments[i], why))
            return false;
    for (size_t i = 0; i < call->argument_count; i++)
        if (serial_is_auto(call->arguments[i]) && !add_found(addresses, call->arguments[i], why))
            return false;
    return !all || (add_usb(addresses, why) && add_found(addresses, "serial:auto", why));
}

void addresses_free(struct addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        free(addresses->list[i].text);
    free(addresses->list);
    memset(addresses, 0, sizeof *addresses);
}
