/* What the doctor found, as text for people and as JSON lines. */
#ifndef SUTURE_LOADER_SHOW_SHOW_FINDING_H
#define SUTURE_LOADER_SHOW_SHOW_FINDING_H

#include "loader/doctor/doctor.h"
#include "loader/show/show.h"

/* One finding; with JSON a line of event `finding`. */
void show_finding(struct show *show, const struct finding *finding);
/* The end: how many of each grade; with JSON a line of event `doctor`. */
void show_diagnosis(struct show *show, const struct diagnosis *diagnosis);

#endif
