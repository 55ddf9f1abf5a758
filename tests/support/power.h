/* Cutting power everywhere in a story. A story is told once on a watched device; at each flash operation (one write unit of
 * a program, or one erase) three other devices get the flash that a cut before it, in its middle and after it would leave.
 * Each is switched on, must keep the five rules of docs/design.md 5.1, hears the story again from its beginning, as a
 * technician would tell it, and must end where the story was going. Such a second telling is watched in the same way, and
 * cut a second time at operations chosen by a seed.
 *
 * Nothing survives a cut but flash and the clock, so that a copy of the flash is as good as a device that was cut. */
#ifndef SUTURE_TESTS_SUPPORT_POWER_H
#define SUTURE_TESTS_SUPPORT_POWER_H

#include "tests/support/bench_device.h"

#define POWER_CUTS_MAX 2
#define POWER_IMAGES   3 /* of sequence 1 (the factory's), 2, and 3 or 2 again */

#define POWER_BLOCK_MAX   512u /* bytes, of every patch stream here */
#define POWER_SEGMENT_MAX 2048u

/* The flash of a proof, what travels to it, and how much of it is cut. Zeros mean the ordinary. */
struct power_terms {
    struct bench_options bench;
    uint8_t codec;          /* PATCH_STORED or PATCH_DEFLATE */
    size_t image_size;      /* bytes; 0: 10,000 */
    unsigned first_budget;  /* first cuts of a story, about; 0: each operation in each way */
    unsigned second_budget; /* second cuts of a story, about; 0: none */
};

struct power_device;

/* How a person goes about it from switching on, and where it must end. Telling it again must do no harm. */
struct power_story {
    const char *name;
    /* Without cuts, from the factory on; NULL: nothing to prepare. The device is off afterwards. */
    void (*prepare)(struct power_device *device);
    /* From power-on. What went wrong, or NULL. */
    const char *(*tell)(struct power_device *device);
    enum {
        PAIRS_SOME,
        PAIRS_ALL
    } pairs;                      /* second cuts: as the terms say, or all where all first ones are made */
    enum self_test self_test;     /* while it is told */
    struct bench_release release; /* sequence 2 */
    enum { THIRD_IS_NEWER, THIRD_IS_OTHER_STREAM } third; /* image: of sequence 3, or of the same manifest */
    uint8_t ends_in;                                      /* slot */
    uint32_t ends_with;                                   /* sequence of the image that runs */
    uint8_t other_ends;                                   /* state of the other slot */
    uint32_t floor;                                       /* at the end */
    unsigned outcomes;                                    /* bit i: outcome i may be the last */
};

/* Where power was cut: operation `operation`, from 1, of the telling since the last cut. */
struct power_cut {
    unsigned operation;
    enum cut_when when;
};

struct power_device {
    struct bench *bench;
    const struct power_story *story;
    const struct power_terms *terms;
    const struct push *images; /* POWER_IMAGES */
    struct power_cut cuts[POWER_CUTS_MAX];
    unsigned cut_count;
    unsigned operations;           /* of this telling */
    unsigned first_chance, chance; /* of the first cuts, and of later ones, one in so many is made */
    uint32_t floor;                /* the highest that it ever reported */
    uint64_t taken;       /* bytes of the push file that its flash may know of, 0: nothing can be said */
    unsigned slot_erases; /* in the slots, since the story began or the last staging ended */
};

struct power_counts {
    unsigned long cut_points, cut_pairs, violations;
};

/* Tells and cuts one story; prints each violation with what is needed to see it again. */
void power_cut_story(const struct power_story *story, const struct power_terms *terms,
                     struct power_counts *counts);
/* To be called when a test ends early: which cuts the device had, on whose bench something was wrong. */
void power_print_last(void);

/* The whole numbers of the environment: POWER_SEED (1), POWER_PAIRS (second cuts of a story). */
unsigned long power_number(const char *name, unsigned long otherwise);

/* For stories: uploads an image; what went wrong, or NULL. After a cut at most one segment and one erase block may be sent
 * again, and one erase block made again for each cut. */
const char *power_upload(struct power_device *device, const struct push *push);
/* A device as the story's terms say, with images of its own; the caller ends it with power_device_end. */
struct power_device power_device_begin(const struct power_story *story, const struct power_terms *terms,
                                       struct push images[POWER_IMAGES]);
void power_device_end(struct power_device *device, struct push images[POWER_IMAGES]);

/* power_rules.c: what is broken, or NULL. `power_broken` after a power-on; it asks only read verbs. */
enum power_proof {
    POWER_UNPROVEN,
    POWER_PROVEN
}; /* the report's signatures are looked at, or only its fields */
const char *power_broken(struct power_device *device, enum power_proof proof);
const char *power_wrong_end(struct power_device *device);
struct record power_record(const struct bench *bench);

#endif
