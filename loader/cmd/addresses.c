#include "loader/cmd/addresses.h"

#include "loader/link/serial_find.h"

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
        if (same_wire(addresses, ports.addresses[i]) == NULL)
            added = add(addresses, ports.addresses[i], JOB_FOUND, why);
    serial_ports_free(&ports);
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
    return !all || add_found(addresses, "serial:auto", why);
}

void addresses_free(struct addresses *addresses)
{
    for (size_t i = 0; i < addresses->count; i++)
        free(addresses->list[i].text);
    free(addresses->list);
    memset(addresses, 0, sizeof *addresses);
}
