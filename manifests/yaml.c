/* Two passes over the same bytes. libyaml's events are held against libcyaml's schema first, because libcyaml itself takes
 * "12abc" for 12 and any word for true, passes over a second document, and names the line before an unknown key.
 * What is left (missing and repeated fields, lengths, counts, ranges) libcyaml says in its log, which is caught here. */
#include "manifests/yaml.h"

#include "keys/base/file.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define DEPTH_MAX 8 /* mappings and sequences inside each other */

const cyaml_strval_t yaml_bool[2] = {{"false", 0}, {"true", 1}};

/* ---- first pass: events against the schema */

struct level {
    const cyaml_schema_value_t *schema; /* of the mapping or sequence that is open */
    const cyaml_schema_value_t *value;  /* a mapping's value that must come next; NULL: a key or the end */
};

struct walk {
    const char *path;
    enum failure_id id;
    struct failure *why;
    const cyaml_schema_value_t *top;
    struct level levels[DEPTH_MAX];
    size_t depth;
    unsigned documents;
    bool ended;
};

static bool refuse(const struct walk *walk, const yaml_event_t *event, const char *reason)
{
    return failure_set(walk->why, walk->id, "%s, line %zu: %s", walk->path, event->start_mark.line + 1,
                       reason);
}

static bool refuse_text(const struct walk *walk, const yaml_event_t *event, const char *reason,
                        const char *text)
{
    return failure_set(walk->why, walk->id, "%s, line %zu: %s '%.80s'", walk->path,
                       event->start_mark.line + 1, reason, text);
}

/* Decimal without leading zeros, or 0x and hexadecimal digits: "010" would silently be 8. */
static bool whole_number(const char *text)
{
    text += *text == '-';
    if (text[0] == '0' && text[1] == 'x')
        return text[2] != '\0' && text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0';
    if (text[0] == '0' && text[1] != '\0')
        return false;
    return isdigit((unsigned char)text[0]) && text[strspn(text, "0123456789")] == '\0';
}

static bool decimal_number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    return text[strspn(text, "0123456789.-+eE")] == '\0' && end != text && *end == '\0' && isfinite(value);
}

static bool check_scalar(struct walk *walk, const yaml_event_t *event, const cyaml_schema_value_t *schema)
{
    const char *text = (const char *)event->data.scalar.value;

    if (memchr(text, '\0', event->data.scalar.length) != NULL)
        return refuse(walk, event, "a text with a NUL in it");
    if ((schema->type == CYAML_INT || schema->type == CYAML_UINT) && !whole_number(text))
        return refuse_text(walk, event, "not a whole number:", text);
    if (schema->type == CYAML_UINT && text[0] == '-')
        return refuse_text(walk, event, "below zero:", text);
    if (schema->type == CYAML_FLOAT && !decimal_number(text))
        return refuse_text(walk, event, "not a number:", text);
    if (schema->type == CYAML_MAPPING)
        return refuse_text(walk, event, "expected fields, found", text);
    if (schema->type == CYAML_SEQUENCE)
        return refuse_text(walk, event, "expected a list, found", text);
    return true;
}

static bool take_key(struct walk *walk, const yaml_event_t *event, struct level *level)
{
    const char *key = (const char *)event->data.scalar.value;

    for (const cyaml_schema_field_t *field = level->schema->mapping.fields; field->key != NULL; field++)
        if (strlen(field->key) == event->data.scalar.length && strcmp(field->key, key) == 0) {
            level->value = &field->value;
            return true;
        }
    return refuse_text(walk, event, "unknown key", key);
}

/* The schema of the value that comes next, taken; NULL when a key is due or nothing fits. */
static const cyaml_schema_value_t *take_value(struct walk *walk)
{
    struct level *level = walk->depth ? &walk->levels[walk->depth - 1] : NULL;

    if (level == NULL)
        return walk->top;
    if (level->schema->type == CYAML_SEQUENCE)
        return level->schema->sequence.entry;
    const cyaml_schema_value_t *value = level->value;
    level->value = NULL;
    return value;
}

static bool check_start(struct walk *walk, const yaml_event_t *event, cyaml_type_e type, const char *reason)
{
    const cyaml_schema_value_t *schema = take_value(walk);

    if (schema == NULL || schema->type != type)
        return refuse(walk, event, reason);
    if (walk->depth == DEPTH_MAX)
        return refuse(walk, event, "nested too deep");
    walk->levels[walk->depth++] = (struct level){schema, NULL};
    return true;
}

static bool check_event(struct walk *walk, const yaml_event_t *event)
{
    struct level *level = walk->depth ? &walk->levels[walk->depth - 1] : NULL;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++walk->documents == 1 || refuse(walk, event, "a second document begins");
    case YAML_MAPPING_START_EVENT:
        return check_start(walk, event, CYAML_MAPPING, "did not expect fields");
    case YAML_SEQUENCE_START_EVENT:
        return check_start(walk, event, CYAML_SEQUENCE, "did not expect a list");
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        walk->depth--;
        return true;
    case YAML_SCALAR_EVENT:
        if (level != NULL && level->schema->type == CYAML_MAPPING && level->value == NULL)
            return take_key(walk, event, level);
        return check_scalar(walk, event, take_value(walk));
    case YAML_ALIAS_EVENT:
        return refuse(walk, event, "aliases are not read");
    case YAML_STREAM_END_EVENT:
        walk->ended = true;
        return walk->documents > 0 || refuse(walk, event, "the file is empty");
    default:
        return true;
    }
}

static bool check_events(struct walk *walk, struct span bytes)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool fine = true;

    if (!yaml_parser_initialize(&parser))
        return failure_set(walk->why, FAIL_MEMORY, "%s", walk->path);
    yaml_parser_set_input_string(&parser, bytes.data, bytes.size);
    while (fine && !walk->ended) {
        if (!yaml_parser_parse(&parser, &event)) {
            fine = failure_set(walk->why, walk->id, "%s, line %zu: %s", walk->path,
                               parser.problem_mark.line + 1, parser.problem ? parser.problem : "not YAML");
            break;
        }
        fine = check_event(walk, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return fine;
}

/* ---- second pass: libcyaml loads; its log is the reason */

struct log {
    char reason[256]; /* the first error */
    size_t line;      /* of the innermost place in the backtrace; 0 unknown */
};

static void catch_log(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    struct log *log = context;
    char message[256];

    if (level < CYAML_LOG_ERROR)
        return;
    vsnprintf(message, sizeof message, format, arguments);
    message[strcspn(message, "\n")] = '\0';
    const char *text = strncmp(message, "Load: ", 6) == 0 ? message + 6 : message;
    const char *line = strstr(text, "(line: ");
    if (line != NULL && log->line == 0)
        log->line = strtoul(line + strlen("(line: "), NULL, 10);
    if (log->reason[0] == '\0' && line == NULL && strncmp(text, "Backtrace", 9) != 0)
        memcpy(log->reason, text, strlen(text) + 1);
}

static cyaml_config_t configuration(struct log *log)
{
    return (cyaml_config_t){
        .log_fn = catch_log,
        .log_ctx = log,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

bool yaml_file_read(const char *path, const cyaml_schema_value_t *schema, enum failure_id id, void **out,
                    struct failure *why)
{
    struct walk walk = {.path = path, .id = id, .why = why, .top = schema};
    struct log log = {{0}, 0};
    cyaml_config_t config = configuration(&log);
    cyaml_data_t *data = NULL;
    struct buffer file;

    if (!file_read(path, YAML_FILE_MAX, &file, why))
        return false;
    bool fine = check_events(&walk, span_used(&file));
    if (fine) {
        cyaml_err_t error = cyaml_load_data(file.data, file.size, &config, schema, &data, NULL);
        if (error != CYAML_OK)
            fine = failure_set(why, id, "%s, line %zu: %s", path, log.line ? log.line : 1,
                               log.reason[0] ? log.reason : cyaml_strerror(error));
    }
    free(file.data);
    if (fine)
        *out = data;
    return fine;
}

void yaml_file_free(const cyaml_schema_value_t *schema, void *data)
{
    struct log log = {{0}, 0};
    cyaml_config_t config = configuration(&log);

    cyaml_free(&config, schema, data, 0);
}
