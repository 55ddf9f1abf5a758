/* What a manifest can do, found by running every alternative of it: the classes and streams it serves, and from them the
 * one layout that the bundle's file may have. */
#include "manifests/bundle_file.h"

#include <stdio.h>
#include <string.h>

/* ---- classes: each class condition is noted and said not to hold, so that the next alternative runs */

struct survey {
    struct bundle *bundle;
    bool vendor_seen, too_many, mixed_vendors;
    bool has_stream[SUIT_STREAMS_MAX], has_base[SUIT_STREAMS_MAX];
    uint8_t bases[SUIT_STREAMS_MAX][DIGEST_SIZE];
};

static void note_vendor(struct survey *survey, struct span vendor)
{
    struct bundle *bundle = survey->bundle;

    if (vendor.size != UUID_SIZE)
        return;
    if (survey->vendor_seen && memcmp(bundle->vendor, vendor.data, UUID_SIZE) != 0)
        survey->mixed_vendors = true;
    memcpy(bundle->vendor, vendor.data, UUID_SIZE);
    survey->vendor_seen = true;
}

static void note_class(struct survey *survey, struct span class_id)
{
    struct bundle *bundle = survey->bundle;

    if (class_id.size != UUID_SIZE)
        return;
    for (size_t i = 0; i < bundle->class_count; i++)
        if (memcmp(bundle->classes[i], class_id.data, UUID_SIZE) == 0)
            return;
    if (bundle->class_count == SUIT_CLASSES_MAX)
        survey->too_many = true;
    else
        memcpy(bundle->classes[bundle->class_count++], class_id.data, UUID_SIZE);
}

static enum status class_condition(void *context, int64_t label, size_t component,
                                   const struct suit_parameters *parameters)
{
    struct survey *survey = context;

    (void)component;
    if (label == SUIT_CONDITION_VENDOR)
        note_vendor(survey, parameters->vendor);
    if (label != SUIT_CONDITION_CLASS)
        return OK;
    note_class(survey, parameters->class_id);
    return WRONG_CLASS;
}

static enum status pass_directive(void *context, int64_t label, size_t component,
                                  const struct suit_parameters *parameters)
{
    (void)context, (void)label, (void)component, (void)parameters;
    return OK;
}

/* ---- streams, for the first class: each base condition is noted and said not to hold */

static void note_stream(struct survey *survey, const struct suit_parameters *parameters, bool has_base)
{
    const struct span uri = parameters->uri;

    if (uri.size != 2 || uri.data[0] != '#' || uri.data[1] < '0' || uri.data[1] >= '0' + SUIT_STREAMS_MAX) {
        survey->too_many = true;
        return;
    }
    unsigned stream = uri.data[1] - '0';
    survey->has_stream[stream] = true;
    if (has_base && parameters->base_digest.size == DIGEST_SIZE) {
        survey->has_base[stream] = true;
        memcpy(survey->bases[stream], parameters->base_digest.data, DIGEST_SIZE);
    }
}

static enum status stream_condition(void *context, int64_t label, size_t component,
                                    const struct suit_parameters *parameters)
{
    struct survey *survey = context;
    struct span first = span_of(survey->bundle->classes[0], UUID_SIZE);

    (void)component;
    if (label == SUIT_CONDITION_CLASS)
        return span_equal(parameters->class_id, first) ? OK : WRONG_CLASS;
    if (label != SUIT_CONDITION_BASE)
        return OK;
    note_stream(survey, parameters, true);
    return WRONG_BASE;
}

static enum status stream_directive(void *context, int64_t label, size_t component,
                                    const struct suit_parameters *parameters)
{
    (void)component;
    if (label == SUIT_DIRECTIVE_APPLY_STREAM)
        note_stream(context, parameters, false);
    return OK;
}

static void run(struct survey *survey, const struct suit_hooks *hooks)
{
    struct suit_parameters parameters[SUIT_COMPONENTS_MAX];

    /* how it ends says nothing here: the conditions were made to fail */
    (void)suit_run(&survey->bundle->manifest, SUIT_INSTALL, hooks, parameters, SUIT_COMPONENTS_MAX, NULL);
}

static bool profile_failed(const struct bundle *bundle, const char *reason, struct failure *why)
{
    return failure_set(why, FAIL_MANIFEST_PROFILE, "%s: manifest.suit: %s", bundle->path, reason);
}

static bool same_plan(const struct plan *a, const struct plan *b)
{
    return a->image_size == b->image_size && digest_equal(a->image_digest, b->image_digest) &&
           a->patch.stream_size == b->patch.stream_size && a->patch.first_length == b->patch.first_length &&
           digest_equal(a->patch.first_digest, b->patch.first_digest) && a->floor_after == b->floor_after &&
           a->confirm_who == b->confirm_who && a->confirm_tries == b->confirm_tries;
}

/* Runs the manifest as the device of each class would when it is offered this stream. */
static bool plan_stream(struct survey *survey, unsigned stream, struct failure *why)
{
    struct bundle *bundle = survey->bundle;

    for (size_t i = 0; i < bundle->class_count; i++) {
        struct plan_target target = {.stream = (int)stream};
        struct suit_where where = {SUIT_NOWHERE, 0};
        struct plan plan;

        memcpy(target.vendor, bundle->vendor, UUID_SIZE);
        memcpy(target.class_id, bundle->classes[i], UUID_SIZE);
        memcpy(target.running_digest, survey->bases[stream], DIGEST_SIZE);
        enum status status = plan_make(&bundle->manifest, &target, &plan, &where);
        if (status != OK)
            return failure_set(why, FAIL_MANIFEST_PROFILE, "%s: manifest.suit: stream %u: %s, at label %jd",
                               bundle->path, stream, status_name(status), (intmax_t)where.label);
        if (i == 0)
            bundle->plans[stream] = plan;
        else if (!same_plan(&bundle->plans[stream], &plan))
            return profile_failed(bundle, "the classes it is for would get different images", why);
    }
    return true;
}

static bool survey_streams(struct survey *survey, struct failure *why)
{
    struct suit_hooks hooks = {survey, stream_condition, stream_directive};
    struct bundle *bundle = survey->bundle;

    run(survey, &hooks);
    while (bundle->stream_count < SUIT_STREAMS_MAX && survey->has_stream[bundle->stream_count])
        bundle->stream_count++;
    for (size_t i = bundle->stream_count; i < SUIT_STREAMS_MAX; i++)
        if (survey->has_stream[i])
            return profile_failed(bundle, "its streams are not numbered from 0", why);
    if (survey->too_many || bundle->stream_count == 0)
        return profile_failed(bundle, "it applies no stream of the bundle", why);
    for (unsigned i = 0; i < bundle->stream_count; i++)
        if (!plan_stream(survey, i, why))
            return false;
    return true;
}

bool bundle_survey(struct bundle *bundle, struct failure *why)
{
    struct survey survey = {.bundle = bundle};
    struct suit_hooks hooks = {&survey, class_condition, pass_directive};

    run(&survey, &hooks);
    if (!survey.vendor_seen || survey.mixed_vendors)
        return profile_failed(bundle, "it does not name one vendor", why);
    if (bundle->class_count == 0 || survey.too_many)
        return profile_failed(bundle, "it does not name 1 to 8 device classes", why);
    return survey_streams(&survey, why);
}

/* ---- layout */

static void add_place(struct bundle *bundle, uint64_t size, int stream, const struct suit_attachment *bound)
{
    struct bundle_place *place = &bundle->places[bundle->place_count++];

    place->header = bundle->end;
    place->data = place->header + TAR_BLOCK;
    place->size = size;
    place->stream = stream;
    place->bound = bound;
    if (stream >= 0)
        snprintf(place->name, sizeof place->name, "patch/%d", stream);
    else
        snprintf(place->name, sizeof place->name, "%s", bound ? bound->name : "manifest.suit");
    bundle->end = place->data + tar_padded(size);
}

static const struct suit_attachment *attachment_named(const struct bundle *bundle, const char *name,
                                                      size_t *count)
{
    const struct suit_attachment *found = NULL;

    for (size_t i = 0; i < bundle->text.attachment_count; i++)
        if (strcmp(bundle->text.attachments[i].name, name) == 0) {
            found = &bundle->text.attachments[i];
            *count += 1;
        }
    return found;
}

bool bundle_lay_out(struct bundle *bundle, struct failure *why)
{
    size_t placed = 0;

    add_place(bundle, bundle->bytes.size, -1, NULL);
    for (size_t i = 0; i < BUNDLE_ATTACHMENTS; i++) {
        const struct suit_attachment *one = attachment_named(bundle, bundle_attachment_names[i], &placed);
        if (one != NULL && one->size > BUNDLE_ATTACHMENT_MAX)
            return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: %s has %ju bytes, at most %u", bundle->path,
                               one->name, (uintmax_t)one->size, BUNDLE_ATTACHMENT_MAX);
        if (one != NULL)
            add_place(bundle, one->size, -1, one);
    }
    if (placed != bundle->text.attachment_count)
        return failure_set(why, FAIL_BUNDLE_ENTRY,
                           "%s: the manifest binds an attachment of a name not allowed", bundle->path);
    for (size_t i = 0; i < bundle->stream_count; i++) {
        uint64_t size = bundle->plans[i].patch.stream_size;
        if (size > BUNDLE_PATCH_MAX)
            return failure_set(why, FAIL_BUNDLE_ENTRY, "%s: patch/%zu has %ju bytes, at most %ju",
                               bundle->path, i, (uintmax_t)size, (uintmax_t)BUNDLE_PATCH_MAX);
        add_place(bundle, size, (int)i, NULL);
    }
    bundle->end += TAR_END;
    return true;
}
