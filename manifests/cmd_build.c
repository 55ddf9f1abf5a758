/* suture-bundle build: a recipe and its images become an unsigned bundle. */
#include "manifests/bundle_build.h"
#include "manifests/commands.h"

/* What was written is opened and proven again, as anybody who gets it would. */
static bool build(const char *recipe, const char *output, struct failure *why)
{
    char path[PATH_MAX];
    struct bundle *bundle;

    if (!bundle_build(recipe, output, path, why) || !bundle_open(path, &bundle, why))
        return false;
    bool fine = bundle_verify(bundle, BUNDLE_UNSIGNED_OK, BUNDLE_VOUCHED, why);
    if (fine) {
        const struct plan *plan = bundle_plan(bundle, 0);
        printf("%s: version %u.%u.%u, sequence %u, image %ju bytes, patch %ju bytes, unsigned\n", path,
               plan->version[0], plan->version[1], plan->version[2], plan->sequence,
               (uintmax_t)plan->image_size, (uintmax_t)plan->patch.stream_size);
    }
    bundle_close(bundle);
    return fine;
}

static enum exit_code run(const struct invocation *call)
{
    struct failure why;

    if (!build(call->arguments[0], option_value(call, "output", NULL), &why))
        return command_fail(&why);
    return EXIT_VERIFIED;
}

static const struct command_option options[] = {
    {"output", "FILE", "write to FILE instead of MODEL-VERSION.suture in this folder"},
    {NULL, NULL, NULL},
};
static const char *const examples[] = {
    "# an unsigned bundle from a recipe, the same bytes every time",
    "suture-bundle build pump.recipe.yaml --output pump-4.3.1.suture",
    NULL,
};

const struct command command_build = {
    .name = "build",
    .arguments = "RECIPE",
    .least_arguments = 1,
    .most_arguments = 1,
    .summary = "make an unsigned bundle from a recipe",
    .options = options,
    .examples = examples,
    .run = run,
};
