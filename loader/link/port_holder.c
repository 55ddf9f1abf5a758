#include "loader/link/port_holder.h"

#include "keys/base/failure.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* "3: FLOCK  ADVISORY  WRITE 4711 00:17:5 0 EOF": device in hexadecimal, inode in decimal. */
static pid_t locker_of(const struct stat *port)
{
    FILE *locks = fopen("/proc/locks", "r");
    unsigned device_major, device_minor;
    unsigned long inode;
    char line[256];
    pid_t found = 0;
    int pid;

    if (locks == NULL)
        return 0;
    while (found == 0 && fgets(line, sizeof line, locks) != NULL)
        if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &pid, &device_major, &device_minor, &inode) == 4 &&
            inode == port->st_ino && makedev(device_major, device_minor) == port->st_dev && pid > 0)
            found = pid;
    fclose(locks);
    return found;
}

static bool has_open(const char *pid, const struct stat *port)
{
    char folder[64], name[384];
    struct stat about;
    bool found = false;

    snprintf(folder, sizeof folder, "/proc/%.20s/fd", pid);
    DIR *open_files = opendir(folder);
    if (open_files == NULL)
        return false;
    for (struct dirent *one; !found && (one = readdir(open_files)) != NULL;) {
        snprintf(name, sizeof name, "%s/%s", folder, one->d_name);
        found = stat(name, &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev == port->st_rdev;
    }
    closedir(open_files);
    return found;
}

static pid_t opener_of(const struct stat *port)
{
    DIR *processes = opendir("/proc");
    pid_t found = 0, self = getpid();

    if (processes == NULL)
        return 0;
    for (struct dirent *one; (found == 0 || found == self) && (one = readdir(processes)) != NULL;)
        if (isdigit((unsigned char)one->d_name[0]) && has_open(one->d_name, port))
            found = (pid_t)atoi(one->d_name);
    closedir(processes);
    return found;
}

static void name_program(struct port_holder *holder)
{
    char path[64], name[32] = "";

    snprintf(path, sizeof path, "/proc/%d/comm", (int)holder->pid);
    FILE *comm = fopen(path, "r");
    if (comm != NULL && fgets(name, sizeof name, comm) == NULL)
        name[0] = '\0';
    if (comm != NULL)
        fclose(comm);
    text_harmless(holder->program, sizeof holder->program, name, strcspn(name, "\n"));
}

bool port_holder_find(const char *path, struct port_holder *holder)
{
    struct stat port;

    if (stat(path, &port) != 0 || !S_ISCHR(port.st_mode))
        return false;
    pid_t pid = locker_of(&port);
    if (pid == 0)
        pid = opener_of(&port);
    if (pid == 0)
        return false;
    holder->pid = pid;
    name_program(holder);
    return true;
}
