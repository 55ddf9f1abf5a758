/* Where a station keeps things: an option, else an environment variable, else the XDG base directories. */
#ifndef SUTURE_LOADER_RECORD_FOLDERS_H
#define SUTURE_LOADER_RECORD_FOLDERS_H

#include "keys/base/failure.h"

enum folder {
    FOLDER_TRUST,    /* $SUTURE_TRUST, else $XDG_CONFIG_HOME/suture/trust (~/.config) */
    FOLDER_RECEIPTS, /* $SUTURE_RECEIPTS, else $XDG_STATE_HOME/suture/receipts (~/.local/state) */
    FOLDER_BUNDLES,  /* $SUTURE_BUNDLES, else $XDG_DATA_HOME/suture/bundles (~/.local/share) */
};

#define FOLDER_NAME_MAX 3072 /* bytes of a folder's name with its NUL: room is left for a file in it */

/* `given` (may be NULL) wins. FAIL_STORE when nothing names the folder, or the name is too long. */
bool folder_name(enum folder folder, const char *given, char out[FOLDER_NAME_MAX], struct failure *why);

#endif
