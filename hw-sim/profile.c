/* The profile's schema, and the checks that a schema can't say. */
#include "hw-sim/profile.h"

#include "hw-sim/wire.h"
#include "keys/base/file.h"
#include "keys/certificate.h"
#include "manifests/recipe.h"
#include "manifests/yaml.h"

#include <stdlib.h>
#include <string.h>

#define OPTIONAL      CYAML_FLAG_OPTIONAL
#define TEXT          CYAML_FLAG_POINTER
#define OWN_TEXT      (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define PATH_TEXT_MAX 1024

static const cyaml_strval_t erased_words[] = {{"ones", ERASED_ONES}, {"zeros", ERASED_ZEROS}};
static const cyaml_strval_t switch_words[] = {{"jumper", SERVICE_JUMPER}, {"key", SERVICE_KEY}};
static const cyaml_strval_t use_words[] = {
    {"free", USE_FREE}, {"therapy", USE_THERAPY}, {"patient", USE_PATIENT}, {"alarm", USE_ALARM}};
static const cyaml_strval_t self_test_words[] = {
    {"pass", BEHAVIOUR_PASSES}, {"fail", BEHAVIOUR_FAILS}, {"never", BEHAVIOUR_NEVER_ENDS}};
static const cyaml_strval_t kind_words[] = {
    {"loss", FAULT_LOSS}, {"double", FAULT_DOUBLE}, {"reorder", FAULT_REORDER}, {"noise", FAULT_NOISE},
    {"pull", FAULT_PULL}, {"gap", FAULT_GAP},       {"chatter", FAULT_CHATTER}};
static const cyaml_strval_t speed_words[] = {{"high", USB_HIGH}, {"full", USB_FULL}};
static const cyaml_strval_t way_words[] = {{"in", FAULT_IN}, {"out", FAULT_OUT}, {"both", FAULT_BOTH}};
static const cyaml_strval_t unit_words[] = {
    {"byte", FAULT_BYTE}, {"chunk", FAULT_CHUNKS}, {"frame", FAULT_FRAME}};
static const cyaml_strval_t area_words[] = {
    {"record0", AREA_RECORD0}, {"record1", AREA_RECORD1}, {"identity", AREA_IDENTITY},
    {"trust0", AREA_TRUST0},   {"trust1", AREA_TRUST1},   {"meta_a", AREA_META_A},
    {"meta_b", AREA_META_B},   {"journal", AREA_JOURNAL}, {"log", AREA_LOG},
    {"slot_a", AREA_SLOT_A},   {"slot_b", AREA_SLOT_B}};

#define FIELD_WORD(key, structure, member, words)                                                            \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | OPTIONAL, structure, member, words, CYAML_ARRAY_LEN(words))
#define FIELD_NUMBER(key, structure, member) CYAML_FIELD_UINT(key, OPTIONAL, structure, member)

static const cyaml_schema_field_t behaviour_fields[] = {
    CYAML_FIELD_STRING_PTR("version", OWN_TEXT, struct behaviour, version, 1, 32),
    FIELD_NUMBER("sequence", struct behaviour, sequence),
    FIELD_WORD("self_test", struct behaviour, self_test, self_test_words),
    FIELD_NUMBER("code", struct behaviour, code),
    FIELD_NUMBER("self_test_ms", struct behaviour, self_test_ms),
    FIELD_NUMBER("boot_ms", struct behaviour, boot_ms),
    YAML_FIELD_BOOL("hang", OPTIONAL, struct behaviour, hang),
    YAML_FIELD_BOOL("crash", OPTIONAL, struct behaviour, crash),
    FIELD_NUMBER("after_ms", struct behaviour, after_ms),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t behaviour_row = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct behaviour, behaviour_fields)};

static const cyaml_schema_value_t area_row = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum area_id, area_words, CYAML_ARRAY_LEN(area_words))};
static const cyaml_schema_field_t chip_fields[] = {
    CYAML_FIELD_UINT("write_unit", CYAML_FLAG_DEFAULT, struct profile_chip, write_unit),
    CYAML_FIELD_UINT("erase_block", CYAML_FLAG_DEFAULT, struct profile_chip, erase_block),
    FIELD_WORD("erased", struct profile_chip, erased, erased_words),
    FIELD_NUMBER("program_us", struct profile_chip, program_us),
    FIELD_NUMBER("erase_ms", struct profile_chip, erase_ms),
    CYAML_FIELD_SEQUENCE("areas", CYAML_FLAG_POINTER, struct profile_chip, areas, &area_row, 1,
                         PROFILE_AREAS_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t chip_row = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct profile_chip, chip_fields)};

static const cyaml_schema_field_t fault_fields[] = {
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct fault, kind, kind_words, CYAML_ARRAY_LEN(kind_words)),
    FIELD_WORD("way", struct fault, way, way_words),
    FIELD_WORD("per", struct fault, per, unit_words),
    FIELD_NUMBER("per_million", struct fault, per_million),
    FIELD_NUMBER("at_byte", struct fault, at_byte),
    FIELD_NUMBER("at_ms", struct fault, at_ms),
    FIELD_NUMBER("for_ms", struct fault, for_ms),
    FIELD_NUMBER("every_ms", struct fault, every_ms),
    YAML_FIELD_BOOL("inside", OPTIONAL, struct fault, inside),
    CYAML_FIELD_STRING("text", OPTIONAL, struct fault, text, 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t fault_row = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fault, fault_fields)};

static const cyaml_schema_field_t fields[] = {
    CYAML_FIELD_UINT("format", CYAML_FLAG_DEFAULT, struct profile, format),
    CYAML_FIELD_STRING_PTR("device_class", TEXT, struct profile, device_class, 1, PATH_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("hardware_revision", OWN_TEXT, struct profile, hardware_revision, 1, 32),
    CYAML_FIELD_STRING_PTR("serial", OWN_TEXT, struct profile, serial, 1, SERIAL_MAX),
    CYAML_FIELD_STRING_PTR("flash", TEXT, struct profile, flash, 1, PATH_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("door", OWN_TEXT, struct profile, door, 1, PATH_TEXT_MAX),
    CYAML_FIELD_STRING_PTR("control", OWN_TEXT, struct profile, control, 1, PATH_TEXT_MAX),
    FIELD_NUMBER("seed", struct profile, seed),
    FIELD_WORD("erased", struct profile, erased, erased_words),
    FIELD_NUMBER("program_us", struct profile, program_us),
    FIELD_NUMBER("erase_ms", struct profile, erase_ms),
    FIELD_NUMBER("journal_blocks", struct profile, journal_blocks),
    FIELD_NUMBER("log_blocks", struct profile, log_blocks),
    FIELD_NUMBER("buffer", struct profile, buffer),
    FIELD_NUMBER("buffers", struct profile, buffers),
    FIELD_NUMBER("link_speed", struct profile, link_speed),
    FIELD_NUMBER("baud", struct profile, baud),
    FIELD_WORD("usb_speed", struct profile, usb_speed, speed_words),
    FIELD_NUMBER("boot_ms", struct profile, boot_ms),
    FIELD_NUMBER("watchdog_ms", struct profile, watchdog_ms),
    FIELD_WORD("service_switch", struct profile, service_switch, switch_words),
    YAML_FIELD_BOOL("service", OPTIONAL, struct profile, service),
    FIELD_WORD("use", struct profile, use, use_words),
    CYAML_FIELD_UINT_PTR("battery", OWN_TEXT, struct profile, battery),
    CYAML_FIELD_ENUM_PTR("mains", CYAML_FLAG_STRICT | OWN_TEXT, struct profile, mains, yaml_bool, 2),
    CYAML_FIELD_STRING_PTR("settings", OWN_TEXT, struct profile, settings, 0, PATH_TEXT_MAX),
    YAML_FIELD_BOOL("rescue", OPTIONAL, struct profile, rescue),
    CYAML_FIELD_SEQUENCE("behaviour", OWN_TEXT, struct profile, behaviour, &behaviour_row, 0,
                         PROFILE_BEHAVIOUR_MAX),
    CYAML_FIELD_SEQUENCE("faults", OWN_TEXT, struct profile, faults, &fault_row, 0, FAULTS_MAX),
    CYAML_FIELD_SEQUENCE("chips", OWN_TEXT, struct profile, chips, &chip_row, 0, FLASH_CHIPS_MAX - 1),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct profile, fields)};

const struct behaviour *profile_behaviour(const struct profile *profile, const uint32_t version[3],
                                          uint32_t sequence)
{
    static const struct behaviour plain = {0};
    uint32_t wanted[3];

    for (unsigned i = 0; i < profile->behaviour_count; i++) {
        const struct behaviour *row = &profile->behaviour[i];
        bool fits = row->sequence == 0 || row->sequence == sequence;
        if (row->version != NULL)
            fits = fits && version_read(row->version, wanted) && memcmp(wanted, version, sizeof wanted) == 0;
        if (fits)
            return row;
    }
    return &plain;
}

/* The line on which a top-level key stands, 0 when it can't be found: the schema's reader keeps no lines. */
static size_t line_of(const char *path, const char *key)
{
    struct buffer file;
    size_t line = 0, length = strlen(key);

    if (!file_read(path, YAML_FILE_MAX, &file, NULL))
        return 0;
    for (size_t at = 0, number = 1; at < file.size && line == 0; number++) {
        const uint8_t *end = memchr(file.data + at, '\n', file.size - at);
        size_t size = end ? (size_t)(end - file.data) - at : file.size - at;
        if (size > length && memcmp(file.data + at, key, length) == 0 && file.data[at + length] == ':')
            line = number;
        at += size + 1;
    }
    free(file.data);
    return line;
}

static bool refuse(const char *path, const char *key, const char *reason, struct failure *why)
{
    return failure_set(why, FAIL_PROFILE, "%s, line %zu: %s: %s", path, line_of(path, key), key, reason);
}

static bool check_behaviour(const char *path, const struct behaviour *row, struct failure *why)
{
    uint32_t version[3];
    if (row->version != NULL && !version_read(row->version, version))
        return refuse(path, "behaviour", "a version is 1 to 3 numbers with dots", why);
    if (row->hang && row->crash)
        return refuse(path, "behaviour", "an image either hangs or crashes", why);
    if (row->after_ms > 0 && !row->hang && !row->crash)
        return refuse(path, "behaviour", "after_ms needs hang or crash", why);
    if (row->code != 0 && row->self_test != BEHAVIOUR_FAILS)
        return refuse(path, "behaviour", "a code needs self_test: fail", why);
    return true;
}

static bool check_chips(const char *path, const struct profile *profile, struct failure *why)
{
    bool placed[AREA_COUNT] = {false};
    for (unsigned i = 0; i < profile->chips_count; i++) {
        for (unsigned k = 0; k < profile->chips[i].areas_count; k++) {
            enum area_id area = profile->chips[i].areas[k];
            if (placed[area])
                return refuse(path, "chips", "an area stands on two chips", why);
            placed[area] = true;
        }
    }
    return true;
}

static const char loopback[] = "127.0.0.1:";

static bool is_port(const char *text)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);

    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && port <= 65535;
}

/* What stands behind the scheme, or NULL. */
static const char *door_place(const char *door, enum door_scheme *scheme)
{
    static const struct {
        const char *word;
        enum door_scheme scheme;
    } schemes[] = {
        {"unix:", DOOR_UNIX},
        {"tcp:", DOOR_TCP},
        {"pty:", DOOR_PTY},
        {"usbredir:unix:", DOOR_USB_UNIX},
        {"usbredir:connect:", DOOR_USB_DIAL},
        {"usbredir:", DOOR_USB_TCP},
    };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i].word);
        if (strncmp(door, schemes[i].word, length) != 0 || door[length] == '\0')
            continue;
        *scheme = schemes[i].scheme;
        return door + length;
    }
    return NULL;
}

static bool is_tcp(enum door_scheme scheme)
{
    return scheme == DOOR_TCP || scheme == DOOR_USB_TCP;
}

static bool check_door(const char *path, const struct profile *profile, struct failure *why)
{
    enum door_scheme scheme = DOOR_UNIX;
    const char *place = profile->door ? door_place(profile->door, &scheme) : NULL;

    if (profile->door != NULL && place == NULL)
        return refuse(path, "door",
                      "must be unix:PATH, tcp:127.0.0.1:PORT, pty:PATH, usbredir:unix:PATH, "
                      "usbredir:127.0.0.1:PORT or usbredir:connect:PATH",
                      why);
    if (is_tcp(scheme) &&
        (strncmp(place, loopback, sizeof loopback - 1) != 0 || !is_port(place + sizeof loopback - 1)))
        return refuse(path, "door", "a port is 127.0.0.1:PORT: nobody else's network reaches it", why);
    if (door_is_usb(scheme) && profile->baud != 0)
        return refuse(path, "baud", "USB has none: see usb_speed", why);
    if (door_is_usb(scheme) && profile->faults_count > 0)
        return refuse(path, "faults", "USB loses no bytes: suture-sim ctl … usb and cable do harm", why);
    if (profile->baud != 0 && (profile->baud < WIRE_BAUD_LEAST || profile->baud > WIRE_BAUD_MOST))
        return refuse(path, "baud", "300 to 4000000, or 0 for no limit", why);
    for (unsigned i = 0; i < profile->faults_count; i++) {
        const char *wrong =
            fault_check(&profile->faults[i], scheme == DOOR_PTY ? FAULTS_ON_FRAMES : FAULTS_ON_PACKETS);
        if (wrong != NULL)
            return refuse(path, "faults", wrong, why);
    }
    return true;
}

static bool check_content(const char *path, const struct profile *profile, struct failure *why)
{
    if (profile->format != 1)
        return refuse(path, "format", "this program reads 1", why);
    if (!check_door(path, profile, why))
        return false;
    if (profile->buffer != 0 && (profile->buffer < 256 || profile->buffer > 65535))
        return refuse(path, "buffer", "256 to 65535 bytes", why);
    if (profile->buffers > 255)
        return refuse(path, "buffers", "1 to 255 frames", why);
    if (profile->battery != NULL && *profile->battery > 100 && *profile->battery != 255)
        return refuse(path, "battery", "0 to 100 percent, or 255 for unknown", why);
    if (profile->journal_blocks == 1 || profile->journal_blocks > 1024)
        return refuse(path, "journal_blocks", "2 to 1024 erase blocks", why);
    if (profile->log_blocks == 1 || profile->log_blocks > 1024)
        return refuse(path, "log_blocks", "2 to 1024 erase blocks", why);
    for (unsigned i = 0; i < profile->behaviour_count; i++)
        if (!check_behaviour(path, &profile->behaviour[i], why))
            return false;
    return check_chips(path, profile, why);
}

/* `name` as seen from the folder of the profile at `path`. The caller frees; NULL: no memory. */
static char *resolve(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t folder = name[0] == '/' || slash == NULL ? 0 : (size_t)(slash - path) + 1;
    size_t length = strlen(name);
    char *joined = malloc(folder + length + 1);

    if (joined == NULL)
        return NULL;
    memcpy(joined, path, folder);
    memcpy(joined + folder, name, length + 1);
    return joined;
}

static bool resolve_paths(struct profile_file *profile, struct failure *why)
{
    const struct profile *content = profile->content;
    profile->flash = resolve(profile->path, content->flash);
    if (content->door != NULL) {
        const char *place = door_place(content->door, &profile->door_scheme);
        profile->door = is_tcp(profile->door_scheme) ? strdup(place) : resolve(profile->path, place);
    }
    if (content->control != NULL)
        profile->control = resolve(profile->path, content->control);
    if (profile->flash == NULL || (content->door != NULL && profile->door == NULL) ||
        (content->control != NULL && profile->control == NULL))
        return failure_set(why, FAIL_MEMORY, "no memory for the profile's paths");
    return true;
}

static bool find_revision(struct profile_file *profile, struct failure *why)
{
    const struct device_class *class = profile->device_class;
    const char *wanted = profile->content->hardware_revision;

    for (unsigned i = 0; i < class->hardware_revisions_count; i++) {
        if (wanted == NULL || strcmp(class->hardware_revisions[i], wanted) == 0) {
            profile->hardware_revision = class->hardware_revisions[i];
            return true;
        }
    }
    return refuse(profile->path, "hardware_revision", "not one of the class's", why);
}

bool profile_read(const char *path, struct profile_file *out, struct failure *why)
{
    struct profile_file profile = {0};
    void *content;
    char *class_path = NULL;

    if (!yaml_file_read(path, &schema, FAIL_PROFILE, &content, why))
        return false;
    profile.content = content;
    profile.path = strdup(path);
    class_path = resolve(path, profile.content->device_class);
    if (profile.path == NULL || class_path == NULL) {
        failure_set(why, FAIL_MEMORY, "no memory for the profile's paths");
        goto fail;
    }
    if (!check_content(path, profile.content, why) ||
        !device_class_read(class_path, &profile.device_class, why) || !find_revision(&profile, why) ||
        !resolve_paths(&profile, why))
        goto fail;
    free(class_path);
    *out = profile;
    return true;
fail:
    free(class_path);
    profile_free(&profile);
    return false;
}

void profile_free(struct profile_file *profile)
{
    if (profile->content != NULL)
        yaml_file_free(&schema, profile->content);
    device_class_free(profile->device_class);
    free(profile->path);
    free(profile->flash);
    free(profile->door);
    free(profile->control);
    memset(profile, 0, sizeof *profile);
}
