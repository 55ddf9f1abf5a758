/* suture-sim run: devices of profiles in one process, one thread, in real time, until it is told to end. */
#include "hw-sim/commands.h"
#include "hw-sim/control.h"
#include "hw-sim/usb_door.h"
#include "keys/base/file.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define RUN_DEVICES_MAX 256
#define POLLS_EACH      (DOOR_POLLS + CONTROL_POLLS)
#define ROUNDS_MAX      64 /* bounded pieces of one device's work before the others have their turn */

struct station {
    struct profile_file profile;
    struct device *device;
    struct door door;
    struct usb_door *usb; /* instead of the door, where the device stands on USB; or NULL */
    struct control control;
    bool has_door, has_control;
    bool door_failed; /* told once */
    char name[40];
    const struct clock *clock;
};

static void print_event(void *context, const struct device *device, const char *text)
{
    const struct station *station = context;
    uint64_t now = clock_now(station->clock);

    (void)device;
    printf("%6llu.%03llu  %-14s %s\n", (unsigned long long)(now / 1000), (unsigned long long)(now % 1000),
           station->name, text);
}

/* The profile's serial, or the file's name without folder and ending. */
static void name_station(struct station *station)
{
    const char *path = station->profile.path, *slash = strrchr(path, '/');
    const char *base = station->profile.content->serial ? station->profile.content->serial
                       : slash                          ? slash + 1
                                                        : path;
    size_t length = strlen(base);

    if (length > 5 && strcmp(base + length - 5, ".yaml") == 0)
        length -= 5;
    text_harmless(station->name, sizeof station->name, base, length);
}

/* A port that the system chose is not in the profile. */
static void tell_port(const struct station *station)
{
    char address[DOOR_ADDRESS], text[DOOR_ADDRESS + 16];

    if (station->profile.door_scheme == DOOR_TCP)
        station->door.kind->address(&station->door, address);
    else if (station->profile.door_scheme == DOOR_USB_TCP)
        usb_door_address(station->usb, address);
    else
        return;
    snprintf(text, sizeof text, "door at %s", address);
    print_event((void *)(uintptr_t)station, station->device, text);
}

static bool open_door(struct station *station, struct failure *why)
{
    static const struct door_kind *const kinds[] = {
        [DOOR_UNIX] = &door_unix, [DOOR_TCP] = &door_tcp, [DOOR_PTY] = &door_pty};

    if (station->profile.door == NULL)
        return true;
    if (door_is_usb(station->profile.door_scheme)) {
        if (!usb_door_open(&station->profile, station->device, &station->usb, why))
            return false;
    } else {
        door_start(&station->door, kinds[station->profile.door_scheme], station->profile.door,
                   station->profile.content->baud, device_faults(station->device));
        if (!door_open(&station->door, why))
            return false;
        station->has_door = true;
    }
    tell_port(station);
    return true;
}

static bool station_open(struct station *station, const char *path, const struct clock *clock,
                         struct failure *why)
{
    station->clock = clock;
    if (!profile_read(path, &station->profile, why))
        return false;
    name_station(station);
    if (!device_open(&station->profile, DEVICE_IN_FILE, &station->device, why))
        return false;
    device_on_event(station->device, print_event, station);
    if (station->profile.control != NULL) {
        if (!control_open(&station->control, station->profile.control, station->device, why))
            return false;
        station->has_control = true;
    }
    return open_door(station, why);
}

static void station_close(struct station *station)
{
    if (station->has_door)
        door_shut(&station->door);
    usb_door_close(station->usb);
    if (station->has_control)
        control_close(&station->control);
    device_close(station->device);
    profile_free(&station->profile);
}

/* The door is open while the device has power and its cable is plugged, also by the script of faults. */
static void settle_door(struct station *station, uint64_t now_us)
{
    bool pulled = faults_line(device_faults(station->device), now_us) == LINE_PULLED;
    struct device_status status;
    struct failure why;

    device_status(station->device, &status);
    if (status.state == DEVICE_OFF || !device_cable(station->device)->plugged || pulled) {
        door_shut(&station->door);
        return;
    }
    bool failed = !door_open(&station->door, &why);
    if (failed && !station->door_failed)
        print_event(station, station->device, why.what);
    station->door_failed = failed;
}

/* Moves bytes one way each; true when something moved. */
static bool move_bytes(struct station *station, uint64_t now_us)
{
    struct door *door = &station->door;
    uint64_t now = now_us / 1000;
    size_t taken = 0, given = 0;
    bool flowed = door_flow(door, now_us);

    if (door->in.size > 0) {
        taken = device_receive(station->device, span_used(&door->in), now);
        door_took(&door->in, taken < door->in.size ? taken : door->in.size);
    }
    if (door->client >= 0) {
        door_babbles(door, device_cable(station->device)->fault == CABLE_BABBLE);
        given = device_send(station->device, door->out.data + door->out.size,
                            door->out.capacity - door->out.size, now);
        door->out.size += given;
    }
    return taken > 0 || given > 0 || flowed;
}

/* Without a loader the answers have nowhere to go, as on a line that nobody holds. */
static void drop_answers(struct station *station, uint64_t now)
{
    uint8_t lost[512];
    while (device_send(station->device, lost, sizeof lost, now) > 0)
        ;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Microseconds as a time at which it is surely so late, ms. */
static uint64_t ms_of(uint64_t us)
{
    return us == FAULTS_NEVER ? CLOCK_NEVER : us / 1000 + (us % 1000 != 0);
}

/* Lets one device do what is due; returns when it wants to be called again. */
static uint64_t station_step(struct station *station, uint64_t now_us)
{
    uint64_t now = now_us / 1000, wake = now;

    for (int round = 0; round < ROUNDS_MAX && wake <= now; round++) {
        bool moved = false;
        if (station->has_door) {
            settle_door(station, now_us);
            if (door_changed(&station->door))
                device_link_reset(station->device);
            moved = move_bytes(station, now_us);
        }
        if (station->usb != NULL)
            moved = usb_door_flow(station->usb, now);
        else if (!station->has_door || station->door.client < 0)
            drop_answers(station, now);
        wake = device_step(station->device, now);
        if (station->has_door)
            wake = lesser(wake, ms_of(door_wake(&station->door, now_us)));
        if (station->usb != NULL)
            wake = lesser(wake, usb_door_wake(station->usb, now));
        if (moved)
            wake = now;
    }
    return wake;
}

static uint64_t step_all(struct station *stations, size_t count, const struct clock *clock)
{
    uint64_t wake = CLOCK_NEVER;

    for (size_t i = 0; i < count; i++) {
        wake = lesser(wake, station_step(&stations[i], clock_now_us(clock)));
        if (stations[i].has_control)
            wake = lesser(wake, control_settle(&stations[i].control, clock_now(clock)));
    }
    return wake;
}

static void watch_all(struct station *stations, size_t count, struct pollfd *polls, const struct clock *clock)
{
    for (size_t i = 0; i < count; i++, polls += POLLS_EACH) {
        for (size_t k = 0; k < POLLS_EACH; k++)
            polls[k] = (struct pollfd){-1, 0, 0};
        if (stations[i].has_door)
            door_watch(&stations[i].door, polls, clock_now_us(clock));
        if (stations[i].usb != NULL)
            usb_door_watch(stations[i].usb, polls);
        if (stations[i].has_control)
            control_watch(&stations[i].control, polls + DOOR_POLLS);
    }
}

static void serve_all(struct station *stations, size_t count, const struct pollfd *polls,
                      const struct clock *clock)
{
    for (size_t i = 0; i < count; i++, polls += POLLS_EACH) {
        if (stations[i].has_door)
            door_serve(&stations[i].door, polls, clock_now_us(clock));
        if (stations[i].usb != NULL)
            usb_door_serve(stations[i].usb, polls, clock_now(clock));
        if (stations[i].has_control)
            control_serve(&stations[i].control, polls + DOOR_POLLS, clock_now(clock));
    }
}

/* SIGINT and SIGTERM as a descriptor, so that they end the loop and nothing else. */
static int watch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool run_loop(struct station *stations, size_t count, const struct clock *clock, int signals,
                     struct failure *why)
{
    struct pollfd *polls = calloc(1 + count * POLLS_EACH, sizeof *polls);
    bool fine = true;

    if (polls == NULL)
        return failure_set(why, FAIL_MEMORY, "no memory for %zu devices", count);
    for (size_t i = 0; i < count; i++)
        device_power_on(stations[i].device, clock_now(clock));
    for (;;) {
        uint64_t wake = step_all(stations, count, clock);
        polls[0] = (struct pollfd){signals, POLLIN, 0};
        watch_all(stations, count, polls + 1, clock);
        int happened = poll(polls, (nfds_t)(1 + count * POLLS_EACH), clock_wait(clock, wake));
        if (happened < 0 && errno != EINTR) {
            fine = failure_set(why, FAIL_INTERNAL, "poll: %s", strerror(errno));
            break;
        }
        if (happened > 0 && polls[0].revents != 0)
            break;
        if (happened > 0)
            serve_all(stations, count, polls + 1, clock);
    }
    free(polls);
    return fine;
}

static bool announce(const char *ready_file, size_t count, struct failure *why)
{
    printf("ready: %zu device%s\n", count, count == 1 ? "" : "s");
    return ready_file == NULL || file_write(ready_file, span_text("ready\n"), 0644, why);
}

static enum exit_code run(const struct invocation *call)
{
    size_t count = call->argument_count, opened = 0;
    struct station *stations = calloc(count, sizeof *stations);
    struct clock clock;
    struct failure why = {0};
    bool fine = true;

    if (stations == NULL) {
        failure_set(&why, FAIL_MEMORY, "no memory for %zu devices", count);
        return command_fail(&why);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    clock_start(&clock, CLOCK_REAL);
    int signals = watch_signals();
    if (signals < 0)
        fine = failure_set(&why, FAIL_INTERNAL, "signals can't be watched: %s", strerror(errno));
    while (fine && opened < count) {
        fine = station_open(&stations[opened], call->arguments[opened], &clock, &why);
        opened++;
    }
    fine = fine && announce(option_value(call, "ready-file", NULL), count, &why) &&
           run_loop(stations, count, &clock, signals, &why);
    for (size_t i = 0; i < opened; i++)
        station_close(&stations[i]);
    free(stations);
    if (signals >= 0)
        close(signals);
    return fine ? EXIT_VERIFIED : command_fail(&why);
}

static const struct command_option options[] = {
    {"ready-file", "FILE", "written once all doors are open"},
    {NULL, NULL, NULL},
};

static const char *const examples[] = {
    "# two pumps in one process, until interrupted",
    "suture-sim run p200-1.yaml p200-2.yaml",
    NULL,
};

const struct command command_run = {
    .name = "run",
    .arguments = "PROFILE.yaml…",
    .least_arguments = 1,
    .most_arguments = RUN_DEVICES_MAX,
    .summary = "run devices until interrupted: doors and controls open, one line an event",
    .options = options,
    .examples = examples,
    .run = run,
};
