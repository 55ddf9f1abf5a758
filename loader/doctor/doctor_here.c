/* The doctor's world on this computer. */
#include "loader/doctor/doctor.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* By the kernel's name, whatever name leads to it. */
static bool is_adapter(const char *path)
{
    char *real = realpath(path, NULL);
    const char *slash = real != NULL ? strrchr(real, '/') : NULL;
    bool adapter = slash != NULL && (strncmp(slash, "/ttyUSB", 7) == 0 || strncmp(slash, "/ttyACM", 7) == 0);

    free(real);
    return adapter;
}

static bool port_here(const char *path, struct port_facts *out)
{
    struct stat about;

    memset(out, 0, sizeof *out);
    if (stat(path, &about) != 0)
        return false;
    const struct group *group = getgrgid(about.st_gid);
    out->group = about.st_gid;
    out->mode = about.st_mode & 07777;
    snprintf(out->group_name, sizeof out->group_name, "%s", group != NULL ? group->gr_name : "");
    out->adapter = is_adapter(path);
    out->usable = faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0;
    out->held = port_holder_find(path, &out->holder);
    return true;
}

static bool listed_here(const struct doctor_world *world, gid_t group)
{
    const struct passwd *user = getpwuid(world->user);

    if (user != NULL && user->pw_gid == group)
        return true;
    const struct group *members = getgrgid(group);
    for (char **one = members != NULL ? members->gr_mem : NULL; one != NULL && *one != NULL; one++)
        if (strcmp(*one, world->user_name) == 0)
            return true;
    return false;
}

static bool writable_here(const char *folder)
{
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0;
}

static bool room_here(const char *folder, uint64_t *bytes)
{
    struct statvfs about;

    if (statvfs(folder, &about) != 0)
        return false;
    *bytes = (uint64_t)about.f_bavail * about.f_frsize;
    return true;
}

/* As timedatectl and chronyc see it: the kernel knows whether somebody disciplines its clock. */
static bool clock_kept_here(void)
{
    struct timex clock = {.modes = 0};
    return adjtimex(&clock) >= 0 && (clock.status & STA_UNSYNC) == 0;
}

static void name_user(struct doctor_world *world)
{
    const struct passwd *user;

    world->user = geteuid();
    user = getpwuid(world->user);
    if (user != NULL)
        snprintf(world->user_name, sizeof world->user_name, "%s", user->pw_name);
    else
        snprintf(world->user_name, sizeof world->user_name, "user %u", (unsigned)world->user);
    int count = getgroups(DOCTOR_GROUPS_MAX - 1, world->groups);
    world->group_count = count > 0 ? (size_t)count : 0;
    world->groups[world->group_count++] = getegid();
}

bool doctor_here(struct doctor_world *world, const char *store, const char *receipts, const char *bundles,
                 struct failure *why)
{
    struct stat program;

    memset(world, 0, sizeof *world);
    world->root = "";
    world->now = (uint64_t)time(NULL);
    world->built = stat("/proc/self/exe", &program) == 0 ? (uint64_t)program.st_mtime : 0;
    world->port = port_here;
    world->listed = listed_here;
    world->writable = writable_here;
    world->room = room_here;
    world->clock_kept = clock_kept_here;
    name_user(world);
    return folder_name(FOLDER_TRUST, store, world->store, why) &&
           folder_name(FOLDER_RECEIPTS, receipts, world->receipts, why) &&
           folder_name(FOLDER_BUNDLES, bundles, world->bundles, why);
}
