#include "loader/show/show_root.h"

#include "keys/base/hex.h"
#include "keys/notation.h"
#include "loader/record/receipt.h"
#include "loader/show/show.h"

#include <inttypes.h>
#include <time.h>

json_t *json_line_begin(const char *event)
{
    char now[24];

    time_text((uint64_t)time(NULL), now);
    return json_pack("{s:i, s:s, s:s}", "schema", SHOW_SCHEMA, "t", now, "ev", event);
}

void json_line_end(FILE *out, json_t *line)
{
    if (line == NULL)
        return;
    json_dumpf(line, out, JSON_COMPACT | JSON_ENSURE_ASCII);
    fputc('\n', out);
    json_decref(line);
}

static void print_hex(FILE *out, const char *before, const uint8_t *bytes, size_t size)
{
    char text[2 * UUID_SIZE + 1];

    hex_of(span_of(bytes, size < UUID_SIZE ? size : UUID_SIZE), text);
    fprintf(out, "%s%s", before, text);
}

static void print_key(FILE *out, const struct trust_key *key)
{
    static const struct {
        unsigned role;
        const char *name;
    } roles[] = {
        {ROLE_RELEASE, "releases"}, {ROLE_ROOT, "root documents"}, {ROLE_DEVICE, "device certificates"}};

    print_hex(out, "  key ", key->id, KEY_ID_SIZE);
    fprintf(out, "  signs");
    const char *between = " ";
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (key->roles & roles[i].role) {
            fprintf(out, "%s%s", between, roles[i].name);
            between = ", ";
        }
    fputc('\n', out);
}

void show_root(FILE *out, const struct trust *trust)
{
    print_hex(out, "vendor ", trust->vendor, UUID_SIZE);
    fprintf(out, "  version %" PRIu32 "\n", trust->version);
    for (size_t i = 0; i < trust->key_count; i++)
        print_key(out, &trust->keys[i]);
}

static void print_policy(FILE *out, const char *what, const struct trust_policy *policy)
{
    unsigned kinds = (unsigned)policy->classical + policy->post_quantum;
    unsigned all = policy->all > kinds ? policy->all : kinds;

    if (all == 0)
        fprintf(out, "  %-19s  nobody may sign any\n", what);
    else
        fprintf(out, "  %-19s  need %u signature%s, at least %u classical and %u post-quantum\n", what, all,
                all == 1 ? "" : "s", policy->classical, policy->post_quantum);
}

static void print_limits(FILE *out, const struct trust_key *key, uint64_t now)
{
    char until[DATE_TEXT_SIZE];

    for (size_t i = 0; i < key->class_count; i++) {
        print_hex(out, "      only for class ", key->classes[i], UUID_SIZE);
        fputc('\n', out);
    }
    if (key->valid_until == 0)
        return;
    date_write(until, key->valid_until);
    fprintf(out, "      valid until %s%s\n", until,
            now > key->valid_until ? ": OVER, it counts no more" : "");
}

void show_root_whole(FILE *out, const struct trust *trust, enum root_standing standing, uint64_t now)
{
    print_hex(out, "vendor ", trust->vendor, UUID_SIZE);
    fprintf(out, "  version %" PRIu32 ", %s\n", trust->version,
            standing == ROOT_RULES ? "rules" : "replaced by a newer one");
    print_policy(out, "releases", &trust->release);
    print_policy(out, "root documents", &trust->root);
    print_policy(out, "device certificates", &trust->device);
    for (size_t i = 0; i < trust->key_count; i++) {
        print_key(out, &trust->keys[i]);
        print_limits(out, &trust->keys[i], now);
    }
    for (size_t i = 0; i < trust->withdrawn_key_count; i++) {
        print_hex(out, "  withdrawn key ", trust->withdrawn_keys[i], KEY_ID_SIZE);
        fputc('\n', out);
    }
    for (size_t i = 0; i < trust->withdrawn_manifest_count; i++) {
        print_hex(out, "  withdrawn release ", trust->withdrawn_manifests[i], TRUST_MANIFEST_ID);
        fputc('\n', out);
    }
}

static json_t *json_hex(const uint8_t *bytes, size_t size)
{
    char text[2 * UUID_SIZE + 1];

    hex_of(span_of(bytes, size < UUID_SIZE ? size : UUID_SIZE), text);
    return json_string(text);
}

static json_t *json_policy(const struct trust_policy *policy)
{
    return json_pack("{s:i, s:i, s:i}", "classical", policy->classical, "post_quantum", policy->post_quantum,
                     "all", policy->all);
}

static json_t *json_key(const struct trust_key *key)
{
    static const struct {
        unsigned role;
        const char *name;
    } roles[] = {{ROLE_RELEASE, "release"}, {ROLE_ROOT, "root"}, {ROLE_DEVICE, "device"}};
    json_t *names = json_array(), *classes = json_array();
    char until[DATE_TEXT_SIZE];

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (key->roles & roles[i].role)
            json_array_append_new(names, json_string(roles[i].name));
    for (size_t i = 0; i < key->class_count; i++)
        json_array_append_new(classes, json_hex(key->classes[i], UUID_SIZE));
    date_write(until, key->valid_until);
    return json_pack("{s:o, s:I, s:o, s:o, s:o}", "id", json_hex(key->id, KEY_ID_SIZE), "alg",
                     (json_int_t)key->algorithm, "roles", names, "classes", classes, "valid_until",
                     key->valid_until ? json_string(until) : json_null());
}

void show_root_json(FILE *out, const struct trust *trust, enum root_standing standing)
{
    json_t *line = json_line_begin("root"), *keys = json_array(), *withdrawn_keys = json_array(),
           *withdrawn_manifests = json_array();

    for (size_t i = 0; i < trust->key_count; i++)
        json_array_append_new(keys, json_key(&trust->keys[i]));
    for (size_t i = 0; i < trust->withdrawn_key_count; i++)
        json_array_append_new(withdrawn_keys, json_hex(trust->withdrawn_keys[i], KEY_ID_SIZE));
    for (size_t i = 0; i < trust->withdrawn_manifest_count; i++)
        json_array_append_new(withdrawn_manifests,
                              json_hex(trust->withdrawn_manifests[i], TRUST_MANIFEST_ID));
    json_object_set_new(line, "vendor", json_hex(trust->vendor, UUID_SIZE));
    json_object_set_new(line, "version", json_integer((json_int_t)trust->version));
    json_object_set_new(line, "rules", json_boolean(standing == ROOT_RULES));
    json_object_set_new(line, "policies",
                        json_pack("{s:o, s:o, s:o}", "release", json_policy(&trust->release), "root",
                                  json_policy(&trust->root), "device", json_policy(&trust->device)));
    json_object_set_new(line, "keys", keys);
    json_object_set_new(line, "withdrawn_keys", withdrawn_keys);
    json_object_set_new(line, "withdrawn_manifests", withdrawn_manifests);
    json_line_end(out, line);
}
