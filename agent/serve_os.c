/* Groups 0 (OS) and 10 (enumeration), as existing SMP clients use them. */
#include "agent/interlock.h"
#include "agent/serve.h"

#include <string.h>

static enum refusal echo(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);
    struct cbor value;
    struct span text;

    if (smp_find(exchange->body, "d", &value) || cbor_text(&value, &text))
        return REFUSED_INVALID;
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "r");
    cbor_put_text_span(&writer, text);
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

/* Carries out the test that a foreign client asked for, if there is one. `force` is ignored: the interlock is not ours to
 * overrule. */
static enum refusal reset(struct exchange *exchange)
{
    struct agent *agent = exchange->agent;
    enum status status = interlock_allows_now(agent);

    if (status)
        return refusal_of(status);
    if (agent->test_wanted)
        return serve_activate(agent);
    agent_want_reset(agent);
    return ALLOWED;
}

static enum refusal parameters(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);

    cbor_put_map(&writer, 2);
    cbor_put_text(&writer, "buf_size");
    cbor_put_uint(&writer, exchange->agent->memory.receive.capacity);
    cbor_put_text(&writer, "buf_count");
    cbor_put_uint(&writer, serve_buffers(exchange->agent));
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

/* One word of the OS info for one format letter; data NULL for a letter that we don't know. */
static struct span info_word(const struct agent *agent, uint8_t letter)
{
    switch (letter) {
    case 's':
    case 'o':
        return span_text("Suture");
    case 'n':
        return agent->identity.serial;
    case 'r':
    case 'v':
        return span_text(agent->port->agent_version);
    case 'm':
        return agent->identity.model;
    case 'p':
    case 'i':
        return agent->identity.hardware;
    default:
        return (struct span){0};
    }
}

static struct span info_format(struct span body, bool *fine)
{
    struct cbor value;
    struct span format = span_text("s");
    enum status status = smp_find(body, "format", &value);

    *fine = status == NOT_FOUND || (status == OK && cbor_text(&value, &format) == OK);
    if (*fine && format.size == 1 && format.data[0] == 'a')
        return span_text("snrvmpio");
    return format;
}

static enum refusal info(struct exchange *exchange)
{
    uint8_t memory[192];
    struct buffer text = buffer_over(memory, sizeof memory);
    struct cbor_writer writer = cbor_into(&exchange->out);
    bool fine;
    struct span format = info_format(exchange->body, &fine);

    if (!fine)
        return REFUSED_INVALID;
    for (size_t i = 0; i < format.size; i++) {
        struct span word = info_word(exchange->agent, format.data[i]);
        if (!word.data)
            return REFUSED_INVALID;
        if ((text.size > 0 && !buffer_put(&text, ' ')) || !buffer_append(&text, word))
            return REFUSED_TOO_LONG;
    }
    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "output");
    cbor_put_text_span(&writer, span_used(&text));
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

/* "mode" 5 in the words of SMP: run in place, with a way back. */
static enum refusal bootloader(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);
    struct cbor value;
    struct span query;
    enum status status = smp_find(exchange->body, "query", &value);

    if (status == OK && cbor_text(&value, &query) == OK) {
        if (!span_equal(query, span_text("mode")))
            return REFUSED_NO_ENTRY;
        cbor_put_map(&writer, 2);
        cbor_put_text(&writer, "mode");
        cbor_put_uint(&writer, 5);
        cbor_put_text(&writer, "no-downgrade");
        cbor_put_bool(&writer, true);
    } else if (status == NOT_FOUND) {
        cbor_put_map(&writer, 1);
        cbor_put_text(&writer, "bootloader");
        cbor_put_text(&writer, "Suture");
    } else {
        return REFUSED_INVALID;
    }
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

static enum refusal group_count(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "count");
    cbor_put_uint(&writer, serve_group_count);
    return ALLOWED;
}

static enum refusal group_list(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "groups");
    cbor_put_array(&writer, serve_group_count);
    for (size_t i = 0; i < serve_group_count; i++)
        cbor_put_uint(&writer, serve_groups[i]->id);
    return ALLOWED;
}

static enum refusal group_by_index(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);
    struct cbor value;
    uint64_t index = 0;
    enum status status = smp_find(exchange->body, "index", &value);

    if ((status && status != NOT_FOUND) || (status == OK && cbor_uint(&value, &index)))
        return REFUSED_INVALID;
    if (index >= serve_group_count)
        return REFUSED_NO_ENTRY;
    bool last = index + 1 == serve_group_count;
    cbor_put_map(&writer, last ? 2 : 1);
    if (last) {
        cbor_put_text(&writer, "end");
        cbor_put_bool(&writer, true);
    }
    cbor_put_text(&writer, "group");
    cbor_put_uint(&writer, serve_groups[index]->id);
    return ALLOWED;
}

static enum refusal group_details(struct exchange *exchange)
{
    struct cbor_writer writer = cbor_into(&exchange->out);

    cbor_put_map(&writer, 1);
    cbor_put_text(&writer, "groups");
    cbor_put_array(&writer, serve_group_count);
    for (size_t i = 0; i < serve_group_count; i++) {
        cbor_put_map(&writer, 3);
        cbor_put_text(&writer, "name");
        cbor_put_text(&writer, serve_groups[i]->name);
        cbor_put_text(&writer, "group");
        cbor_put_uint(&writer, serve_groups[i]->id);
        cbor_put_text(&writer, "handlers");
        cbor_put_uint(&writer, serve_groups[i]->count);
    }
    return cbor_written(&writer) ? REFUSED_TOO_LONG : ALLOWED;
}

static const struct serve_command os_commands[] = {
    {OS_ECHO, echo, echo}, {OS_RESET, NULL, reset},           {OS_PARAMETERS, parameters, NULL},
    {OS_INFO, info, NULL}, {OS_BOOTLOADER, bootloader, NULL},
};
const struct serve_group serve_os = {SMP_GROUP_OS, "os mgmt", os_commands,
                                     sizeof os_commands / sizeof os_commands[0]};

static const struct serve_command enumeration_commands[] = {
    {0, group_count, NULL},
    {1, group_list, NULL},
    {2, group_by_index, NULL},
    {3, group_details, NULL},
};
const struct serve_group serve_enumeration = {SMP_GROUP_ENUMERATION, "enumeration mgmt", enumeration_commands,
                                              sizeof enumeration_commands / sizeof enumeration_commands[0]};
