/* What a firmware says on its console between frames, as lines for whoever asked to see it. A device may flood: what is
 * kept and what is shown have bounds, and what was passed over is counted and told. */
#ifndef SUTURE_LOADER_SESSION_CHATTER_H
#define SUTURE_LOADER_SESSION_CHATTER_H

#include "keys/base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHATTER_LINE_MAX   160  /* bytes; a longer line is shown in pieces */
#define CHATTER_PER_SECOND 20   /* lines of one device that are shown within a second */
#define CHATTER_PER_RUN    1000 /* and within a run; after that they are only counted */
#define CHATTER_PAUSE_MS   1000 /* a line that is not ended for so long is shown as it is: a prompt */

struct chatter {
    char line[CHATTER_LINE_MAX];
    size_t size;
    uint64_t now, heard_at, second_at; /* ms */
    unsigned shown_in_second, shown;
    uint64_t passed_over, passed_over_told; /* lines */
};

/* One line, not cleaned, without its end; or, with an empty line, how many more there were that are not shown. */
typedef void (*chatter_tell)(void *context, struct span line, uint64_t passed_over);

/* Takes bytes as they come; a line ends with CR, LF, NUL, or at CHATTER_LINE_MAX. Empty ones are none. */
void chatter_take(struct chatter *chatter, struct span bytes, chatter_tell tell, void *context);
/* The clock, at least once a second: tells an unended line after its pause, and once a second what was passed over. */
void chatter_turn(struct chatter *chatter, uint64_t now, chatter_tell tell, void *context);
/* The end of a run: what is left of a line, and of the count. */
void chatter_end(struct chatter *chatter, chatter_tell tell, void *context);

#endif
