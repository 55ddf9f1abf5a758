/* The clock, and the folders that receipts are written to and bundles are found in. */
#include "loader/doctor/doctor_inner.h"

#include "loader/record/receipt.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define CLOCK_TOLERANCE_S 3600 /* clocks of shares and of other stations are never quite the same */
#define ROOM_LEAST        ((uint64_t)16 << 20)
#define ROOM_GOOD         ((uint64_t)256 << 20)
#define SET_CLOCK                                                                                            \
    "sudo timedatectl set-ntp true; without a network: sudo timedatectl set-time 'YYYY-MM-DD HH:MM'"

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), wanted = strlen(end);
    return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

/* The latest time stamp of the folder's files of this kind, 0 when there are none; and how many there are. */
static uint64_t newest(const char *folder, const char *end, unsigned *count)
{
    char path[FOLDER_NAME_MAX + 300];
    struct stat about;
    uint64_t latest = 0;
    DIR *dir = opendir(folder);

    *count = 0;
    if (dir == NULL)
        return 0;
    for (struct dirent *one; (one = readdir(dir)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, one->d_name);
        if (one->d_name[0] == '.' || !ends_with(one->d_name, end) || stat(path, &about) != 0 ||
            !S_ISREG(about.st_mode))
            continue;
        *count += 1;
        if (about.st_mtime > 0 && (uint64_t)about.st_mtime > latest)
            latest = (uint64_t)about.st_mtime;
    }
    closedir(dir);
    return latest;
}

/* What bears a later time than now: the clock was set back. */
static bool was_set_back(struct look *look)
{
    const struct doctor_world *world = look->world;
    unsigned count;
    const struct {
        const char *what;
        uint64_t time;
    } marks[] = {{"this program", world->built},
                 {"the newest root document in the trust store", newest(world->store, ".root", &count)},
                 {"the newest receipt", newest(world->receipts, ".json", &count)}};
    char now[24], then[24];

    time_text(world->now, now);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        if (marks[i].time <= world->now || marks[i].time - world->now <= CLOCK_TOLERANCE_S)
            continue;
        time_text(marks[i].time, then);
        look_mend(look, FAIL_CLOCK, SET_CLOCK,
                  "the clock says %s, and %s is of %s: it is slow or was set back", now, marks[i].what, then);
        return true;
    }
    return false;
}

void look_at_clock(struct look *look)
{
    char now[24];

    if (was_set_back(look))
        return;
    time_text(look->world->now, now);
    if (look->world->clock_kept())
        look_well(look, "the clock says %s and is kept right by a time server", now);
    else
        look_hint(look, SET_CLOCK,
                  "the clock says %s and no time server keeps it: compare it with a watch, receipts bear it",
                  now);
}

/* The folder itself, or the nearest above it that exists: there it would be made. */
static bool nearest(const char *folder, char out[FOLDER_NAME_MAX])
{
    struct stat about;

    snprintf(out, FOLDER_NAME_MAX, "%s", folder);
    while (stat(out, &about) != 0 && errno == ENOENT && strcmp(out, ".") != 0) {
        char *slash = strrchr(out, '/');
        if (slash == NULL)
            snprintf(out, FOLDER_NAME_MAX, ".");
        else
            slash[slash == out ? 1 : 0] = '\0';
    }
    return stat(out, &about) == 0 && S_ISDIR(about.st_mode);
}

static void look_at_room(struct look *look, const char *folder, const char *place)
{
    char mend[MEND_MAX];
    uint64_t bytes;

    if (!look->world->room(place, &bytes)) {
        look_hint(look, mend_with(mend, "df -h ", place, ""), "%s: how much room there is can't be said",
                  folder);
        return;
    }
    if (bytes >= ROOM_GOOD) {
        look_well(look, "receipts go to %s, with %" PRIu64 " MiB free", folder, bytes >> 20);
        return;
    }
    mend_with(mend, "delete or move what is not needed; what is there: df -h ", place, "");
    if (bytes >= ROOM_LEAST)
        look_hint(look, mend, "receipts go to %s, with only %" PRIu64 " MiB free", folder, bytes >> 20);
    else
        look_mend(look, FAIL_FILE_WRITE, mend, "receipts go to %s, with only %" PRIu64 " KiB free", folder,
                  bytes >> 10);
}

static void not_writable(struct look *look, const char *folder, const char *place)
{
    char before[MEND_MAX / 2], mend[MEND_MAX], user[160];

    shell_word(look->world->user_name, user, sizeof user);
    snprintf(before, sizeof before, "sudo chown -R %s ", user);
    if (strcmp(folder, place) != 0)
        snprintf(before, sizeof before, "sudo install -d -o %s ", user);
    look_mend(look, FAIL_FILE_WRITE, mend_with(mend, before, folder, ""),
              "receipts go to %s, where %s may not write", folder, look->world->user_name);
}

void look_at_disk(struct look *look)
{
    const char *folder = look->world->receipts;
    char place[FOLDER_NAME_MAX], mend[MEND_MAX];

    if (!nearest(folder, place))
        look_mend(look, FAIL_FILE_WRITE,
                  mend_with(mend, "choose another with --receipts DIR, or: ls -ld ", place, ""),
                  "receipts would go to %s, and %s is no folder that can be used", folder, place);
    else if (!look->world->writable(place))
        not_writable(look, folder, place);
    else
        look_at_room(look, folder, place);
}

void look_at_bundles(struct look *look)
{
    const char *folder = look->world->bundles;
    char mend[MEND_MAX];
    unsigned count;
    DIR *dir = opendir(folder);

    if (dir == NULL) {
        mend_with(mend, "name the stick or share with --from DIR, or: mkdir -p ", folder, "");
        look_hint(look, mend, "bundles would be looked for in %s: %s", folder, strerror(errno));
        return;
    }
    closedir(dir);
    newest(folder, ".suture", &count);
    if (count > 0)
        look_well(look, "%u bundle%s in %s", count, count == 1 ? "" : "s", folder);
    else
        look_hint(look, "name the stick or share with --from DIR", "no bundle (*.suture) in %s", folder);
}
