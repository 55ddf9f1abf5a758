/* Addresses and the kinds of link behind them. */
#include "loader/link/link.h"

#include <string.h>

static const struct link_kind *const kinds[] = {&link_socket, &link_tcp, &link_serial, &link_usb,
                                                &link_usbredir};

static const struct link_kind *kind_of(const char *address, const char **rest)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t length = strlen(kinds[i]->scheme);
        if (strncmp(address, kinds[i]->scheme, length) != 0)
            continue;
        if (address[length] == ':' && address[length + 1] != '\0') {
            *rest = address + length + 1;
            return kinds[i];
        }
        if (address[length] == '\0' && kinds[i]->bare) {
            *rest = address + length;
            return kinds[i];
        }
    }
    return NULL;
}

bool link_address_check(const char *address, struct failure *why)
{
    const char *rest;
    return kind_of(address, &rest) != NULL || failure_set(why, FAIL_ADDRESS, "%s", address);
}

bool link_address_same(const char *address, const char *other)
{
    const char *rest, *other_rest;
    const struct link_kind *kind = kind_of(address, &rest);

    return kind != NULL && kind == kind_of(other, &other_rest) && kind->same(rest, other_rest);
}

bool link_open(struct link *link, const char *address, struct failure *why)
{
    const char *rest;
    const struct link_kind *kind = kind_of(address, &rest);
    struct link opened = {.kind = kind, .descriptor = -1, .wake = UINT64_MAX};

    if (kind == NULL)
        return failure_set(why, FAIL_ADDRESS, "%s", address);
    if (!kind->open(&opened, rest, why))
        return false;
    *link = opened;
    return true;
}

enum link_result link_settle(struct link *link, uint64_t now, struct failure *why)
{
    return link->kind->settle != NULL ? link->kind->settle(link, now, why) : LINK_OK;
}

enum link_result link_read(struct link *link, uint8_t *data, size_t capacity, size_t *got)
{
    return link->kind->read(link, data, capacity, got);
}

enum link_result link_write(struct link *link, const uint8_t *data, size_t size, size_t *put)
{
    return link->kind->write(link, data, size, put);
}

void link_close(struct link *link)
{
    if (link_is_open(link))
        link->kind->close(link);
    memset(link, 0, sizeof *link);
}

bool link_is_open(const struct link *link)
{
    return link->kind != NULL;
}
