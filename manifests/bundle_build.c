#include "manifests/bundle_build.h"

#include "keys/base/file.h"
#include "keys/uuid.h"
#include "manifests/attachment.h"
#include "manifests/fit.h"
#include "manifests/patch_write.h"
#include "manifests/recipe.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All that a build holds until it is written. */
struct build {
    const char *recipe_path;
    struct recipe *recipe;
    struct device_class *class;
    struct buffer image, stream, envelope;
    struct buffer attached[BUNDLE_ATTACHMENTS];
    char description[512];
    struct suit_content content;
};

static void build_free(struct build *build)
{
    recipe_free(build->recipe);
    device_class_free(build->class);
    free(build->image.data);
    free(build->stream.data);
    free(build->envelope.data);
    for (size_t i = 0; i < BUNDLE_ATTACHMENTS; i++)
        free(build->attached[i].data);
}

/* A path as the recipe means it: relative to where the recipe lies. */
static bool beside_recipe(const struct build *build, const char *path, char out[PATH_MAX],
                          struct failure *why)
{
    const char *slash = strrchr(build->recipe_path, '/');
    int folder = slash == NULL || path[0] == '/' ? 0 : (int)(slash - build->recipe_path) + 1;
    int size = snprintf(out, PATH_MAX, "%.*s%s", folder, build->recipe_path, path);

    return (size >= 0 && size < PATH_MAX) ||
           failure_set(why, FAIL_RECIPE, "%s: path too long", build->recipe_path);
}

static bool read_beside(const struct build *build, const char *path, size_t most, struct buffer *out,
                        struct failure *why)
{
    char full[PATH_MAX];

    return beside_recipe(build, path, full, why) && file_read(full, most, out, why);
}

static bool read_inputs(struct build *build, struct failure *why)
{
    char class_path[PATH_MAX];

    if (!recipe_read(build->recipe_path, &build->recipe, why) ||
        !beside_recipe(build, build->recipe->device_class, class_path, why) ||
        !device_class_read(class_path, &build->class, why) ||
        !read_beside(build, build->recipe->image, (size_t)CLASS_SLOT_MAX, &build->image, why))
        return false;
    if (build->image.size == 0)
        return failure_set(why, FAIL_RECIPE, "%s: image: %s is empty", build->recipe_path,
                           build->recipe->image);
    if (build->image.size > build->class->slot_size)
        return failure_set(why, FAIL_IMAGE_TOO_LARGE, "%s: %zu bytes, slot of %ju", build->recipe->image,
                           build->image.size, (uintmax_t)build->class->slot_size);
    return true;
}

/* ---- the stream */

static uint64_t deflate_ram(uint32_t block, uint8_t window)
{
    return (uint64_t)block + PATCH_INFLATE_RAM + (1u << window);
}

static bool choose_settings(const struct build *build, struct patch_settings *settings, struct failure *why)
{
    const struct device_class *class = build->class;
    uint32_t block = class->block_max;
    uint32_t segment = block > BUILD_SEGMENT_SIZE ? block : BUILD_SEGMENT_SIZE;

    *settings = (struct patch_settings){
        .codec = PATCH_STORED,
        .block_max = block,
        .segment_size = segment < class->segment_max ? segment : class->segment_max,
    };
    if (build->recipe->codec == RECIPE_STORED)
        return true;
    settings->codec = PATCH_DEFLATE;
    settings->window_bits = BUILD_WINDOW_MAX;
    while (settings->window_bits >= 9 && deflate_ram(block, settings->window_bits) > class->ram)
        settings->window_bits--;
    if (settings->window_bits < 9)
        return failure_set(
            why, FAIL_DEVICE_MEMORY,
            "deflate needs %ju bytes at its smallest, ram %u; use smaller blocks, or codec: stored",
            (uintmax_t)deflate_ram(block, 9), class->ram);
    return true;
}

static bool encode(struct build *build, struct failure *why)
{
    struct suit_content *content = &build->content;
    struct patch_settings settings;

    if (!choose_settings(build, &settings, why) ||
        !patch_write(span_used(&build->image), &settings, &build->stream, &content->streams[0].patch, why))
        return false;
    content->stream_count = 1;
    content->image_size = build->image.size;
    digest_of(span_used(&build->image), content->image_digest);
    return true;
}

/* ---- attachments */

static bool attach(struct build *build, struct failure *why)
{
    const char *const paths[BUNDLE_ATTACHMENTS] = {build->recipe->notes, build->recipe->sbom,
                                                   build->recipe->vex};
    struct suit_content *content = &build->content;

    for (size_t i = 0; i < BUNDLE_ATTACHMENTS; i++) {
        const char *name = bundle_attachment_names[i];
        struct buffer *bytes = &build->attached[i];
        if (paths[i] == NULL)
            continue;
        if (!read_beside(build, paths[i], BUNDLE_ATTACHMENT_MAX, bytes, why) ||
            !attachment_check(name, paths[i], span_used(bytes), why))
            return false;
        struct suit_attachment *one = &content->attachments[content->attachment_count++];
        one->name = name;
        one->size = bytes->size;
        digest_of(span_used(bytes), one->digest);
    }
    return true;
}

/* ---- what the manifest says */

static void fill_identity(struct build *build)
{
    const struct device_class *class = build->class;
    struct suit_content *content = &build->content;

    uuid_of_vendor(class->vendor_domain, content->vendor);
    content->class_count = class->hardware_revisions_count;
    for (unsigned i = 0; i < class->hardware_revisions_count; i++)
        uuid_of_class(content->vendor, class->model, class->hardware_revisions[i], content->classes[i]);
    content->vendor_name = class->vendor_name;
    content->vendor_domain = class->vendor_domain;
    content->model_name = class->model;
}

static void fill_checks(struct build *build)
{
    static const char *const kinds[] = {"yes-no", "number", "text"};
    struct suit_content *content = &build->content;

    content->check_count = build->recipe->checks_count;
    for (unsigned i = 0; i < build->recipe->checks_count; i++) {
        const struct recipe_check *from = &build->recipe->checks[i];
        content->checks[i] = (struct suit_check){
            .id = from->id,
            .text = from->text,
            .kind = kinds[from->kind],
            .unit = from->unit ? from->unit : "",
            .least = llround(from->least * 1000),
            .most = llround(from->most * 1000),
            .required = from->required,
        };
    }
}

static void fill_release(struct build *build)
{
    static const char *const settings[] = {"Settings stay untouched.", "Settings migrate after confirm."};
    const struct recipe *recipe = build->recipe;
    struct suit_content *content = &build->content;

    snprintf(build->description, sizeof build->description, "%s %s", recipe->description,
             settings[recipe->data]);
    version_read(recipe->version, content->version);
    content->sequence = recipe->sequence;
    content->floor_after = recipe->floor;
    content->confirm_who = recipe->confirm == RECIPE_BY_DEVICE ? CONFIRM_BY_DEVICE : CONFIRM_BY_TECHNICIAN;
    content->confirm_healthy = recipe->healthy_seconds;
    content->confirm_tries = (uint8_t)recipe->tries;
    content->silence_staging = recipe->silence_staging;
    content->silence_boot = recipe->silence_boot;
    content->update_description = build->description;
    content->from = recipe->from;
    content->minutes = recipe->minutes;
    content->valid_until = recipe->valid_until;
    content->least_loader = BUILD_LEAST_LOADER;
    content->cve_count = recipe->vulnerabilities_count;
    for (unsigned i = 0; i < recipe->vulnerabilities_count; i++)
        content->cves[i] = recipe->vulnerabilities[i];
}

static bool write_envelope(struct build *build, struct failure *why)
{
    build->envelope = buffer_over(malloc(BUNDLE_MANIFEST_MAX), BUNDLE_MANIFEST_MAX);
    if (build->envelope.data == NULL)
        return failure_set(why, FAIL_MEMORY, "the manifest");
    enum status status = suit_write(&build->envelope, &build->content);
    if (status == TOO_LARGE)
        return failure_set(why, FAIL_MANIFEST_TOO_LARGE, "with its texts it has more than %u bytes",
                           BUNDLE_MANIFEST_MAX);
    return status == OK ||
           failure_set(why, FAIL_INTERNAL, "the manifest was not made: %s", status_name(status));
}

static bool default_output(const struct build *build, char out[PATH_MAX])
{
    char name[80];
    size_t at = 0;

    for (const char *from = build->class->model; *from != '\0' && at + 1 < sizeof name; from++)
        name[at++] =
            isalnum((unsigned char)*from) || *from == '.' ? (char)tolower((unsigned char)*from) : '-';
    name[at] = '\0';
    return snprintf(out, PATH_MAX, "%s-%s.suture", name, build->recipe->version) < PATH_MAX;
}

static bool write_bundle(const struct build *build, const char *path, struct failure *why)
{
    struct tar_entry entries[2 + BUNDLE_ATTACHMENTS];
    size_t count = 0;

    entries[count++] = (struct tar_entry){"manifest.suit", span_used(&build->envelope)};
    for (size_t i = 0; i < BUNDLE_ATTACHMENTS; i++)
        if (build->attached[i].data != NULL)
            entries[count++] = (struct tar_entry){bundle_attachment_names[i], span_used(&build->attached[i])};
    entries[count++] = (struct tar_entry){"patch/0", span_used(&build->stream)};
    return bundle_write(path, entries, count, why);
}

/* Reads the envelope back as a device would, and asks whether the class can hold what it says. */
static bool check_fit(const struct build *build, struct failure *why)
{
    struct suit_envelope envelope;
    struct suit_manifest manifest;
    struct plan_target target = {.stream = 0};
    struct plan plan;
    size_t envelope_size;

    memcpy(target.vendor, build->content.vendor, UUID_SIZE);
    memcpy(target.class_id, build->content.classes[0], UUID_SIZE);
    enum status status = suit_envelope_read(span_used(&build->envelope), &envelope, NULL);
    if (status == OK)
        status = suit_manifest_read(&envelope, &manifest, NULL);
    if (status == OK)
        status = plan_make(&manifest, &target, &plan, NULL);
    if (status != OK)
        return failure_set(why, FAIL_INTERNAL, "the manifest made does not read back: %s",
                           status_name(status));
    return fit_envelope_size(&envelope, &envelope_size, why) &&
           fit_check(build->class, envelope_size, &plan, why);
}

bool bundle_build(const char *recipe_path, const char *output, char written[PATH_MAX], struct failure *why)
{
    struct build build = {.recipe_path = recipe_path};
    bool fine = read_inputs(&build, why);

    if (fine) {
        fill_identity(&build);
        fill_checks(&build);
        fill_release(&build);
    }
    fine = fine && encode(&build, why) && attach(&build, why) && write_envelope(&build, why) &&
           check_fit(&build, why);
    if (fine && (output != NULL ? snprintf(written, PATH_MAX, "%s", output) >= PATH_MAX
                                : !default_output(&build, written)))
        fine = failure_set(why, FAIL_USAGE, "the output's path is too long");
    fine = fine && write_bundle(&build, written, why);
    build_free(&build);
    return fine;
}
