#include "loader/link/serial_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define AUTO "serial:auto"

bool serial_is_auto(const char *address)
{
    size_t length = strlen(AUTO);
    return strncmp(address, AUTO, length) == 0 && (address[length] == '\0' || address[length] == '@');
}

/* The kernel makes ttyS0 to ttyS3 and more, whether there is a UART or not: type 0 is none. */
static bool has_uart(const char *name)
{
    char path[128];
    int type = 0;

    snprintf(path, sizeof path, "/sys/class/tty/%.32s/type", name);
    FILE *file = fopen(path, "r");
    bool known = file != NULL && fscanf(file, "%d", &type) == 1;
    if (file != NULL)
        fclose(file);
    return known && type != 0;
}

static bool starts_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

static int could_be_device(const struct dirent *one)
{
    return starts_with(one->d_name, "ttyACM") || starts_with(one->d_name, "ttyUSB") ||
           (starts_with(one->d_name, "ttyS") && has_uart(one->d_name));
}

static int is_no_dot(const struct dirent *one)
{
    return one->d_name[0] != '.';
}

static bool is_known(const dev_t *known, size_t count, dev_t device)
{
    for (size_t i = 0; i < count; i++)
        if (known[i] == device)
            return true;
    return false;
}

static bool take(const char *folder, struct dirent *const *names, size_t count, const char *baud,
                 struct serial_ports *ports)
{
    dev_t known[SERIAL_FIND_MAX];
    char address[4096 + 64];
    struct stat about;

    for (size_t i = 0; i < count && ports->count < SERIAL_FIND_MAX; i++) {
        snprintf(address, sizeof address, "serial:%s/%s%s", folder, names[i]->d_name, baud);
        char *end = address + strlen(address) - strlen(baud);
        *end = '\0';
        bool port = stat(address + strlen("serial:"), &about) == 0 && S_ISCHR(about.st_mode);
        if (!port || is_known(known, ports->count, about.st_rdev))
            continue;
        memcpy(end, baud, strlen(baud) + 1);
        known[ports->count] = about.st_rdev;
        ports->addresses[ports->count] = strdup(address);
        if (ports->addresses[ports->count] == NULL)
            return false;
        ports->count += 1;
    }
    return true;
}

bool serial_find(const char *address, struct serial_ports *ports, struct failure *why)
{
    const char *chosen = getenv("SUTURE_SERIAL_DIR"), *baud = address + strlen(AUTO);
    bool own = chosen != NULL && chosen[0] != '\0';
    struct dirent **names;

    memset(ports, 0, sizeof *ports);
    if (!own)
        chosen = "/dev";
    text_harmless(ports->folder, sizeof ports->folder, chosen, strlen(chosen));
    if (strlen(chosen) > 3800 || strlen(baud) > 16)
        return failure_set(why, FAIL_ADDRESS, "%.300s", address);
    int count = scandir(chosen, &names, own ? is_no_dot : could_be_device, versionsort);
    if (count < 0)
        return failure_set(why, FAIL_SERIAL_DIR, "%s: %s", chosen, strerror(errno));
    bool taken = take(chosen, names, (size_t)count, baud, ports);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (taken)
        return true;
    serial_ports_free(ports);
    return failure_set(why, FAIL_MEMORY, "ports of %s", chosen);
}

void serial_ports_free(struct serial_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        free(ports->addresses[i]);
    ports->count = 0;
}
