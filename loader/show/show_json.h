/* One event as one JSON line. Its texts are valid UTF-8 already (show_event sees to it). */
#ifndef SUTURE_LOADER_SHOW_SHOW_JSON_H
#define SUTURE_LOADER_SHOW_SHOW_JSON_H

#include "loader/show/show.h"

void show_event_json(FILE *out, const struct event *event);

#endif
