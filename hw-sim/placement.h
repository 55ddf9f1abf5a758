/* Where the areas of flash stand: worked out from a profile. All areas follow one another in the order of enum area_id on the
 * first chip, each rounded up to erase blocks; those that a further chip holds stand there, in that chip's order. */
#ifndef SUTURE_SIM_PLACEMENT_H
#define SUTURE_SIM_PLACEMENT_H

#include "hw-sim/profile.h"

struct placement {
    struct flash_geometry chips[FLASH_CHIPS_MAX];
    size_t chip_count;
    struct {
        size_t chip;
        uint64_t offset, size; /* bytes */
    } areas[AREA_COUNT];
};

/* FAIL_LAYOUT: an area does not fit its chip's erase blocks, or the rules of agent/layout.h. */
bool placement_make(const struct profile_file *profile, struct placement *out, struct failure *why);

enum placement_view { VIEW_DEVICE, VIEW_BYSTANDER };
/* The layout over opened cells; it borrows them. */
void placement_layout(const struct placement *placement, const struct flash_cells *cells,
                      enum placement_view view, struct layout *out);

#endif
