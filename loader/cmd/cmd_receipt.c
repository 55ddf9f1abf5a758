/* suture receipt: shows receipts, or proves them offline by the vendor's root document. */
#include "loader/cmd/run.h"

#include "loader/record/folders.h"

#include <string.h>

static bool prove(const struct receipt_file *file, const char *store_option, struct failure *why)
{
    char store[FOLDER_NAME_MAX];
    struct trust_document root;

    if (!folder_name(FOLDER_TRUST, store_option, store, why) ||
        !trust_store_find(store, receipt_vendor(file), &root, why))
        return false;
    bool proven = receipt_prove(file, &root.trust, why);
    trust_document_free(&root);
    return proven;
}

static enum exit_code one_receipt(const struct invocation *call, const char *path, bool verify)
{
    struct receipt_file *file;
    struct failure why;
    enum exit_code code = EXIT_VERIFIED;

    if (!receipt_read(path, &file, &why))
        return command_fail(&why);
    if (verify && !prove(file, option_value(call, "store", NULL), &why))
        code = command_fail(&why);
    else if (option_given(call, "json"))
        receipt_print_json(stdout, file);
    else if (verify)
        printf("%s: proven: the device signed it for this very session\n", path);
    else
        receipt_print(stdout, file);
    receipt_file_free(file);
    return code;
}

static enum exit_code receipt(const struct invocation *call)
{
    bool verify = strcmp(call->arguments[0], "verify") == 0;
    enum exit_code worst = EXIT_VERIFIED;
    struct failure why;

    if (!verify && strcmp(call->arguments[0], "show") != 0) {
        failure_set(&why, FAIL_USAGE, "receipt %s: it is show or verify", call->arguments[0]);
        return command_fail(&why);
    }
    for (size_t i = 1; i < call->argument_count; i++)
        worst = exit_worst(worst, one_receipt(call, call->arguments[i], verify));
    return worst;
}

static const struct command_option options[] = {
    OPTION_STORE,
    {"json", NULL, "one receipt a line as it is; of `verify` only those that are proven"},
    OPTION_END};
static const char *const examples[] = {
    "# prove it offline, years later, with the vendor's root document alone",
    "suture receipt verify 7F31-2026-11-24T09-14-03Z-a1b2c3d4.json",
    "# which release do the devices of this folder run, by receipts that are proven?",
    "suture receipt verify --json receipts/*.json | jq -r '[.device.serial, .after.sequence, .outcome] | "
    "@tsv'",
    NULL};

const struct command command_receipt = {
    "receipt", "show|verify FILE…", 2, SIZE_MAX, "show receipts, or prove them offline", options, examples,
    receipt,
};
