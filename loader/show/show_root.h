/* A root document of the trust store, as text for people and as a JSON line. */
#ifndef SUTURE_LOADER_SHOW_SHOW_ROOT_H
#define SUTURE_LOADER_SHOW_SHOW_ROOT_H

#include "keys/trust.h"

#include <jansson.h>
#include <stdio.h>

/* Where a document stands among those of its vendor. */
enum root_standing { ROOT_RULES, ROOT_REPLACED };

/* Vendor, version, and its keys' ids: what is compared with the vendor's own page. */
void show_root(FILE *out, const struct trust *trust);
/* All of it. `now` in seconds since 1970: keys whose time is over are marked. */
void show_root_whole(FILE *out, const struct trust *trust, enum root_standing standing, uint64_t now);
/* One JSON line of event `root`. */
void show_root_json(FILE *out, const struct trust *trust, enum root_standing standing);

/* The members that every JSON line begins with: schema, t, ev. Owned by the caller; NULL: no memory. */
json_t *json_line_begin(const char *event);
/* Prints a line and frees it; NULL prints nothing. */
void json_line_end(FILE *out, json_t *line);

#endif
