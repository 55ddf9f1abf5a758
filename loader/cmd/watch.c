#include "loader/cmd/watch.h"

#include "keys/base/steady.h"
#include "loader/cmd/addresses.h"
#include "loader/cmd/run.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct place {
    char *address;   /* owned */
    struct job *job; /* asks now; owned; NULL: none */
    uint64_t ask_at; /* ms */
    bool found;      /* by the last look */
    bool here, told; /* a device is there; what is in the way was told */
    struct device_facts device;
};

struct watch {
    const struct invocation *call;
    struct show show, silent; /* what a question says is not told, only what came of it */
    struct job_settings settings;
    struct place *places; /* owned */
    struct pollfd *polls;
    size_t count;
    bool usb_told; /* whether USB can be looked at */
};

/* ---- what is told */

static void tell(struct watch *watch, const struct place *place, enum event_kind kind, const char *text)
{
    show_event(&watch->show, &(struct event){.kind = kind,
                                             .address = place->address,
                                             .label = place->here ? place->device.serial : place->address,
                                             .device = place->here ? &place->device : NULL,
                                             .name = "",
                                             .text = text});
}

static void place_gone(struct watch *watch, struct place *place)
{
    if (place->here)
        tell(watch, place, EVENT_GONE, "");
    place->here = false;
}

static bool is_changed(const struct device_facts *before, const struct device_facts *now)
{
    const struct message_slot *ran = device_running(before), *runs = device_running(now);

    return strcmp(before->serial, now->serial) != 0 || before->boot_kind != now->boot_kind ||
           (ran == NULL) != (runs == NULL) || (runs != NULL && !digest_equal(ran->hash, runs->hash));
}

static void place_met(struct watch *watch, struct place *place, const struct device_facts *device)
{
    bool other = place->here && strcmp(place->device.serial, device->serial) != 0;
    bool news = !place->here || is_changed(&place->device, device);

    if (other)
        place_gone(watch, place);
    place->device = *device;
    place->here = true;
    if (news)
        tell(watch, place, EVENT_DEVICE, "");
}

/* Something of this station, not of the device. */
static bool is_in_the_way(enum failure_id id)
{
    switch (failure_entry(id)->exit) {
    case EXIT_NO_PERMISSION:
    case EXIT_LOCAL_IO:
    case EXIT_INTERNAL:
    case EXIT_USAGE:
        return true;
    default:
        return false;
    }
}

static void place_not_met(struct watch *watch, struct place *place, const struct failure *why)
{
    char text[768];

    if (!is_in_the_way(why->id)) {
        place_gone(watch, place);
        place->told = false;
        return;
    }
    if (place->told || place->here)
        return;
    place->told = true;
    snprintf(text, sizeof text, "E-%02d %s: %s. Next: %s", why->id, failure_entry(why->id)->title, why->what,
             failure_entry(why->id)->next);
    tell(watch, place, EVENT_NOTE, text);
}

/* ---- asking */

static void end_question(struct place *place)
{
    if (place->job != NULL)
        job_free(place->job);
    free(place->job);
    place->job = NULL;
}

static bool begin_question(struct watch *watch, struct place *place, struct failure *why)
{
    place->job = calloc(1, sizeof *place->job);
    if (place->job == NULL)
        return failure_set(why, FAIL_MEMORY, "%s", place->address);
    if (!job_start(place->job, JOB_DEVICES, place->address, &watch->settings, why)) {
        free(place->job);
        place->job = NULL;
        return false;
    }
    place->job->origin = JOB_FOUND; /* nobody is an answer here, and must come soon */
    return true;
}

static bool run_question(struct watch *watch, struct place *place, uint64_t now, struct failure *why)
{
    if (place->job == NULL && (now < place->ask_at || !begin_question(watch, place, why)))
        return now < place->ask_at;
    job_run(place->job, now);
    if (!job_ended(place->job))
        return true;
    if (place->job->met)
        place_met(watch, place, &place->job->device);
    else
        place_not_met(watch, place, &place->job->failure);
    end_question(place);
    place->ask_at = now + WATCH_ASK_MS;
    return true;
}

/* ---- looking */

static struct place *place_of(struct watch *watch, const char *address)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->places[i].address, address) == 0)
            return &watch->places[i];
    return NULL;
}

static bool add_place(struct watch *watch, const struct address *address, struct failure *why)
{
    size_t count = watch->count + 1;
    struct place *places = realloc(watch->places, count * sizeof *places);

    if (places != NULL)
        watch->places = places;
    struct pollfd *polls = realloc(watch->polls, count * sizeof *polls);
    if (polls != NULL)
        watch->polls = polls;
    char *text = strdup(address->text);
    if (places == NULL || polls == NULL || text == NULL) {
        free(text);
        return failure_set(why, FAIL_MEMORY, "%s", address->text);
    }
    places[watch->count] = (struct place){.address = text, .found = true};
    watch->count = count;
    return true;
}

static void remove_place(struct watch *watch, struct place *place)
{
    size_t at = (size_t)(place - watch->places);

    place_gone(watch, place);
    end_question(place);
    free(place->address);
    watch->count -= 1;
    memmove(place, place + 1, (watch->count - at) * sizeof *place);
}

static bool look(struct watch *watch, struct failure *why)
{
    struct addresses addresses;
    bool good = addresses_read(watch->call, JOB_DEVICES, &addresses, why);

    if (good && addresses.usb_unseen.id != FAIL_NONE && !watch->usb_told)
        failure_print(stderr, &addresses.usb_unseen);
    watch->usb_told = true;

    for (size_t i = 0; i < watch->count; i++)
        watch->places[i].found = false;
    for (size_t i = 0; good && i < addresses.count; i++) {
        struct place *place = place_of(watch, addresses.list[i].text);
        if (place != NULL)
            place->found = true;
        else
            good = add_place(watch, &addresses.list[i], why);
    }
    for (size_t i = watch->count; good && i > 0; i--)
        if (!watch->places[i - 1].found)
            remove_place(watch, &watch->places[i - 1]);
    addresses_free(&addresses);
    return good;
}

static void sleep_until(struct watch *watch, uint64_t wake)
{
    uint64_t now = steady_ms();

    for (size_t i = 0; i < watch->count; i++) {
        const struct place *place = &watch->places[i];
        uint64_t next = place->job != NULL ? job_wake(place->job) : place->ask_at;
        watch->polls[i] = place->job != NULL ? job_poll(place->job, now) : (struct pollfd){.fd = -1};
        wake = next < wake ? next : wake;
    }
    poll(watch->polls, (nfds_t)watch->count, wake > now ? (int)(wake - now) : 0);
}

static bool watch_on(struct watch *watch, const volatile int *wishes, struct failure *why)
{
    uint64_t look_at = 0;

    while (*wishes == 0 && !ferror(watch->show.out)) {
        uint64_t now = steady_ms();
        if (now >= look_at) {
            if (!look(watch, why))
                return false;
            look_at = now + WATCH_LOOK_MS;
        }
        for (size_t i = 0; i < watch->count; i++)
            if (!run_question(watch, &watch->places[i], now, why))
                return false;
        sleep_until(watch, look_at);
    }
    return !ferror(watch->show.out) || failure_set(why, FAIL_FILE_WRITE, "standard output");
}

enum exit_code watch_devices(const struct invocation *call)
{
    struct watch *watch = calloc(1, sizeof *watch);
    FILE *nowhere = fopen("/dev/null", "w");
    enum exit_code code = EXIT_VERIFIED;
    struct failure why;

    if (watch == NULL || nowhere == NULL) {
        failure_set(&why, FAIL_MEMORY, "watching");
        code = command_fail(&why);
        goto out;
    }
    watch->call = call;
    show_init(&watch->show, stdout, option_given(call, "json") ? SHOW_FOR_MACHINES : SHOW_FOR_PEOPLE);
    show_init(&watch->silent, nowhere, SHOW_FOR_PEOPLE);
    watch->show.watching = true;
    watch->settings = (struct job_settings){.station = "", .show = &watch->silent};
    const volatile int *wishes = run_catch_interrupts();
    fprintf(stderr, "watching: Ctrl-C ends it\n");
    if (!watch_on(watch, wishes, &why))
        code = command_fail(&why);
    while (watch->count > 0) {
        watch->places[watch->count - 1].here = false; /* the end of watching is nobody's going */
        remove_place(watch, &watch->places[watch->count - 1]);
    }
    free(watch->places);
    free(watch->polls);
out:
    if (nowhere != NULL)
        fclose(nowhere);
    free(watch);
    return code;
}
