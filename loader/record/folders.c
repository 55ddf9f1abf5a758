#include "loader/record/folders.h"

#include <stdlib.h>

bool folder_name(enum folder folder, const char *given, char out[FOLDER_NAME_MAX], struct failure *why)
{
    static const struct {
        const char *variable, *base, *under_home, *name, *option;
    } rows[] = {
        [FOLDER_TRUST] = {"SUTURE_TRUST", "XDG_CONFIG_HOME", ".config", "trust", "--store"},
        [FOLDER_RECEIPTS] = {"SUTURE_RECEIPTS", "XDG_STATE_HOME", ".local/state", "receipts", "--receipts"},
        [FOLDER_BUNDLES] = {"SUTURE_BUNDLES", "XDG_DATA_HOME", ".local/share", "bundles", "--from"},
    };
    const char *own = getenv(rows[folder].variable), *base = getenv(rows[folder].base),
               *home = getenv("HOME");
    int length;

    if (given == NULL && own != NULL && own[0] != '\0')
        given = own;
    if (given != NULL)
        length = snprintf(out, FOLDER_NAME_MAX, "%s", given);
    else if (base != NULL && base[0] == '/') /* the XDG rules ignore a relative one */
        length = snprintf(out, FOLDER_NAME_MAX, "%s/suture/%s", base, rows[folder].name);
    else if (home != NULL && home[0] == '/')
        length = snprintf(out, FOLDER_NAME_MAX, "%s/%s/suture/%s", home, rows[folder].under_home,
                          rows[folder].name);
    else
        return failure_set(why, FAIL_STORE, "neither %s, $%s nor $HOME names the folder of %s",
                           rows[folder].option, rows[folder].variable, rows[folder].name);
    if (length <= 0 || length >= FOLDER_NAME_MAX)
        return failure_set(why, FAIL_STORE, "the folder of %s has an empty or too long name",
                           rows[folder].name);
    return true;
}
