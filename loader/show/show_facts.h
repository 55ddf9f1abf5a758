/* What jobs that only ask bring home: all that a device is and can, and its log; as text and as JSON. */
#ifndef SUTURE_LOADER_SHOW_SHOW_FACTS_H
#define SUTURE_LOADER_SHOW_SHOW_FACTS_H

#include "loader/show/show.h"

#include <jansson.h>

void show_identify(struct show *show, const struct event *event);
void show_log(struct show *show, const struct event *event);
/* Adds the members of an EVENT_IDENTIFY or EVENT_LOG to its line. */
void show_identify_json(json_t *line, const struct event *event);
void show_log_json(json_t *line, const struct event *event);

#endif
