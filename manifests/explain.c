#include "manifests/explain.h"

#include "keys/uuid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 512 /* bytes of one text as shown */

static void row(FILE *out, const char *label, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void row(FILE *out, const char *label, const char *format, ...)
{
    va_list arguments;

    fprintf(out, "  %-18s ", label);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

/* A text of the manifest: never trusted to be plain. */
static void text_row(FILE *out, const char *label, const char *text)
{
    char harmless[TEXT_MAX];

    if (text == NULL)
        return;
    text_harmless(harmless, sizeof harmless, text, strlen(text));
    row(out, label, "%s", harmless);
}

static const char *hex(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
    return out;
}

static const char *uuid(const uint8_t id[UUID_SIZE], char out[37])
{
    size_t at = 0;

    for (size_t i = 0; i < UUID_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        sprintf(out + at, "%02x", id[i]);
        at += 2;
    }
    return out;
}

/* ---- for whom */

static const char *revision_of(const struct device_class *class, const uint8_t vendor[UUID_SIZE],
                               const uint8_t class_id[UUID_SIZE])
{
    uint8_t made[UUID_SIZE];

    for (unsigned i = 0; class != NULL && i < class->hardware_revisions_count; i++) {
        uuid_of_class(vendor, class->model, class->hardware_revisions[i], made);
        if (memcmp(made, class_id, UUID_SIZE) == 0)
            return class->hardware_revisions[i];
    }
    return NULL;
}

static bool print_targets(FILE *out, const struct bundle *bundle, const struct device_class *class,
                          struct failure *why)
{
    uint8_t vendor[UUID_SIZE], classes[SUIT_CLASSES_MAX][UUID_SIZE], made[UUID_SIZE];
    const char *domain = bundle_text(bundle)->vendor_domain;
    size_t count;
    char id[37], name[TEXT_MAX] = "";

    if (!bundle_targets(bundle, vendor, classes, &count, why))
        return false;
    if (domain != NULL) {
        text_harmless(name, sizeof name, domain, strlen(domain));
        uuid_of_vendor(domain, made);
    }
    if (domain != NULL && memcmp(made, vendor, UUID_SIZE) == 0)
        row(out, "vendor", "%s = %s", uuid(vendor, id), name);
    else
        row(out, "vendor", "%s (not the id of the domain that the text names)", uuid(vendor, id));
    for (size_t i = 0; i < count; i++) {
        const char *revision = revision_of(class, vendor, classes[i]);
        if (revision != NULL)
            row(out, "device class", "%s = %s, hardware revision %s", uuid(classes[i], id), class->model,
                revision);
        else
            row(out, "device class", "%s%s", uuid(classes[i], id),
                class ? " (no revision of the class file)" : "");
    }
    return true;
}

/* ---- what happens */

/* The firmware image is component [h'00'] (docs/formats.md 6). */
static void print_components(FILE *out, const struct suit_manifest *manifest)
{
    static const uint8_t image[] = {0x81, 0x41, 0x00};

    for (size_t i = 0; i < manifest->component_count; i++) {
        struct span id = span_first(manifest->components[i], TEXT_MAX / 4);
        char text[TEXT_MAX];
        if (span_equal(id, span_of(image, sizeof image)))
            row(out, "component", "00, the firmware image, into the slot that does not run");
        else
            row(out, "component", "%s (encoded)", hex(id.data, id.size, text));
    }
}

static void print_release(FILE *out, const struct plan *plan)
{
    char digest[2 * DIGEST_SIZE + 1];

    row(out, "to version", "%u.%u.%u", plan->version[0], plan->version[1], plan->version[2]);
    row(out, "sequence", "%u (the device must run a lower one, or repair this one)", plan->sequence);
    row(out, "image", "%ju bytes", (uintmax_t)plan->image_size);
    row(out, "image SHA-256", "%s", hex(plan->image_digest, DIGEST_SIZE, digest));
    if (plan->floor_after != 0)
        row(out, "floor", "%u after confirm: nothing lower is accepted or booted from then on",
            plan->floor_after);
    else
        row(out, "floor", "stays");
    row(out, "trial", "%u tries; confirmed by the %s after %u s healthy", plan->confirm_tries,
        plan->confirm_who == CONFIRM_BY_DEVICE ? "device" : "technician", plan->confirm_healthy);
    row(out, "silence", "at most %u s while staging, %u s while booting", plan->silence_staging,
        plan->silence_boot);
}

/* The commands of one section as a device of the first class that is offered stream 0 would meet them. */
struct steps {
    const struct plan *plan;
    char names[TEXT_MAX];
};

static void note_step(struct steps *steps, int64_t label)
{
    const struct suit_command_rule *rule = suit_command_rule(label);
    size_t used = strlen(steps->names);

    snprintf(steps->names + used, sizeof steps->names - used, "%s%s", used ? ", " : "",
             rule ? rule->name : "?");
}

static enum status step_condition(void *context, int64_t label, size_t component,
                                  const struct suit_parameters *parameters)
{
    struct steps *steps = context;

    (void)component;
    if (label == SUIT_CONDITION_CLASS &&
        !span_equal(parameters->class_id, span_of(steps->plan->class_id, UUID_SIZE)))
        return WRONG_CLASS;
    if (label == SUIT_CONDITION_BASE && !span_equal(parameters->uri, span_text("#0")))
        return WRONG_BASE;
    note_step(steps, label);
    return OK;
}

static enum status step_directive(void *context, int64_t label, size_t component,
                                  const struct suit_parameters *parameters)
{
    (void)component, (void)parameters;
    note_step(context, label);
    return OK;
}

static void print_steps(FILE *out, const struct bundle *bundle)
{
    static const struct {
        enum suit_section section;
        const char *label;
    } sections[] = {
        {SUIT_INSTALL, "installing"}, {SUIT_VALIDATE, "before each boot"}, {SUIT_INVOKE, "booting"}};
    struct suit_parameters parameters[SUIT_COMPONENTS_MAX];

    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        struct steps steps = {bundle_plan(bundle, 0), ""};
        struct suit_hooks hooks = {&steps, step_condition, step_directive};
        enum status status = suit_run(bundle_manifest(bundle), sections[i].section, &hooks, parameters,
                                      SUIT_COMPONENTS_MAX, NULL);
        row(out, sections[i].label, "%s%s%s", steps.names, status == OK ? "" : " then ",
            status == OK ? "" : status_name(status));
    }
}

static const char *codec_name(uint8_t codec)
{
    static const char *const names[] = {"stored", "deflate", "delta + deflate", "modelled"};
    return codec < 4 ? names[codec] : "unknown";
}

static void print_stream(FILE *out, unsigned number, const struct plan *plan)
{
    const struct patch_description *patch = &plan->patch;
    char label[16], digest[2 * DIGEST_SIZE + 1];

    snprintf(label, sizeof label, "stream #%u", number);
    if (plan->has_base)
        row(out, label, "from the image with SHA-256 %s", hex(plan->base_digest, DIGEST_SIZE, digest));
    else
        row(out, label, "from any image (a full patch)");
    if (patch->window_bits != 0)
        row(out, "", "%s, window %u bytes", codec_name(patch->codec), 1u << patch->window_bits);
    else
        row(out, "", "%s", codec_name(patch->codec));
    row(out, "", "%ju bytes: %.1f %% of the image", (uintmax_t)patch->stream_size,
        100.0 * (double)patch->stream_size / (double)(plan->image_size ? plan->image_size : 1));
    row(out, "", "blocks up to %u bytes, segments up to %u, needs %u bytes of RAM", patch->block_max,
        patch->segment_max, patch->ram);
}

/* ---- who signed */

static void print_signatures(FILE *out, const struct suit_envelope *envelope)
{
    char id[2 * KEY_ID_SIZE + 1];

    if (envelope->block_count == 0)
        row(out, "signatures", "NONE: unsigned");
    for (size_t i = 0; i < envelope->block_count; i++) {
        struct cose_sign1 block;
        if (cose_read(envelope->blocks[i], &block) != OK) {
            row(out, "signature", "a block that is no COSE_Sign1");
            continue;
        }
        const char *algorithm = block.algorithm == COSE_ESP256    ? "ESP256 (ECDSA P-256)"
                                : block.algorithm == COSE_ES256   ? "ES256 (ECDSA P-256)"
                                : block.algorithm == COSE_HSS_LMS ? "HSS-LMS"
                                                                  : "unknown algorithm";
        row(out, "signature", "key %s, %s; listed, not judged here",
            block.key_id.data ? hex(block.key_id.data, KEY_ID_SIZE, id) : "not named", algorithm);
    }
}

/* ---- what the text says */

static void print_check(FILE *out, const struct suit_check *check)
{
    char id[64], text[TEXT_MAX], unit[64];

    text_harmless(id, sizeof id, check->id, strlen(check->id));
    text_harmless(text, sizeof text, check->text, strlen(check->text));
    text_harmless(unit, sizeof unit, check->unit ? check->unit : "", check->unit ? strlen(check->unit) : 0);
    if (check->least != 0 || check->most != 0)
        row(out, "check", "%s: %s [%g to %g %s]%s", id, text, (double)check->least / 1000,
            (double)check->most / 1000, unit, check->required ? " required" : "");
    else
        row(out, "check", "%s: %s%s%s%s%s", id, text, *unit ? " [" : "", unit, *unit ? "]" : "",
            check->required ? " required" : "");
}

static void print_text(FILE *out, const struct suit_content *text)
{
    char digest[2 * DIGEST_SIZE + 1], name[64];

    text_row(out, "vendor", text->vendor_name);
    text_row(out, "domain", text->vendor_domain);
    text_row(out, "model", text->model_name);
    text_row(out, "description", text->update_description);
    text_row(out, "from versions", text->from);
    if (text->minutes != 0)
        row(out, "out of service", "about %u min", text->minutes);
    for (size_t i = 0; i < text->cve_count; i++)
        text_row(out, "closes", text->cves[i]);
    text_row(out, "valid until", text->valid_until);
    text_row(out, "least loader", text->least_loader);
    for (size_t i = 0; i < text->check_count; i++)
        print_check(out, &text->checks[i]);
    for (size_t i = 0; i < text->attachment_count; i++) {
        text_harmless(name, sizeof name, text->attachments[i].name, strlen(text->attachments[i].name));
        row(out, "attachment", "%s, %ju bytes, SHA-256 %s", name, (uintmax_t)text->attachments[i].size,
            hex(text->attachments[i].digest, DIGEST_SIZE, digest));
    }
}

bool explain_print(FILE *out, const struct bundle *bundle, const struct device_class *class,
                   struct failure *why)
{
    char path[TEXT_MAX], digest[2 * DIGEST_SIZE + 1];

    text_harmless(path, sizeof path, bundle_path(bundle), strlen(bundle_path(bundle)));
    fprintf(out, "%s\n\nWhat it does, found by running its manifest:\n", path);
    row(out, "manifest digest", "%s", hex(bundle_envelope(bundle)->digest, DIGEST_SIZE, digest));
    if (!print_targets(out, bundle, class, why))
        return false;
    print_components(out, bundle_manifest(bundle));
    print_release(out, bundle_plan(bundle, 0));
    for (unsigned i = 0; i < bundle_stream_count(bundle); i++)
        print_stream(out, i, bundle_plan(bundle, i));
    print_steps(out, bundle);
    print_signatures(out, bundle_envelope(bundle));
    fprintf(out, "\nWhat its text says, for people (signed, but no device acts on it):\n");
    print_text(out, bundle_text(bundle));
    return fflush(out) == 0 || failure_set(why, FAIL_FILE_WRITE, "the table was not taken");
}
