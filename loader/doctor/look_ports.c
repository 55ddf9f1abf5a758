/* Serial ports, and what keeps a user from them. */
#include "loader/doctor/doctor_inner.h"

#include "loader/link/serial_find.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define RULE_NAME    "60-suture-serial.rules"
#define RELOAD       "sudo udevadm control --reload && sudo udevadm trigger"
#define RULE_COMMAND "suture doctor --udev-rule | sudo tee /etc/udev/rules.d/" RULE_NAME " && " RELOAD

/* uaccess must come before 73-seat-late.rules, which gives such devices to whoever is logged in at the seat. */
const char doctor_udev_rule[] =
    "# Suture: serial adapters are open to whoever sits at this station, and ModemManager keeps off them.\n"
    "# Belongs into /etc/udev/rules.d/" RULE_NAME "\n"
    "ACTION!=\"remove\", SUBSYSTEM==\"tty\", KERNEL==\"ttyUSB[0-9]*|ttyACM[0-9]*\", TAG+=\"uaccess\", "
    "ENV{ID_MM_PORT_IGNORE}=\"1\"\n";

/* Where udev reads this rule; false: nowhere. */
static bool rule_installed(const char *root, const char *name, char path[4096])
{
    static const char *const folders[] = {"/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"};

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, 4096, "%s%s/udev/rules.d/%s", root, folders[i], name);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

void look_at_rule(struct look *look)
{
    char path[4096];

    look->rule_there = rule_installed(look->world->root, RULE_NAME, path);
    if (look->rule_there)
        look_well(look, "%s opens serial adapters to whoever sits here", path);
    else
        look_hint(
            look, RULE_COMMAND,
            "the udev rule for serial adapters is not installed: it opens them to whoever sits here, and "
            "keeps ModemManager off them");
    if (rule_installed(look->world->root, "70-suture.rules", path))
        look_well(look, "%s opens devices on USB to whoever sits here", path);
    else
        look_hint(
            look, "sudo make install && " RELOAD,
            "the udev rule for devices on USB, 70-suture.rules, is not installed: where it is not, USB is "
            "for root alone");
}

static bool runs(const char *root, const char *program, long *pid)
{
    char path[4096], name[32];
    bool found = false;

    snprintf(path, sizeof path, "%s/proc", root);
    DIR *processes = opendir(path);
    if (processes == NULL)
        return false;
    for (struct dirent *one; !found && (one = readdir(processes)) != NULL;) {
        if (!isdigit((unsigned char)one->d_name[0]))
            continue;
        snprintf(path, sizeof path, "%s/proc/%.20s/comm", root, one->d_name);
        FILE *comm = fopen(path, "r");
        if (comm == NULL)
            continue;
        if (fgets(name, sizeof name, comm) != NULL) {
            name[strcspn(name, "\n")] = '\0';
            found = strcmp(name, program) == 0;
            sscanf(one->d_name, "%ld", pid);
        }
        fclose(comm);
    }
    closedir(processes);
    return found;
}

void look_at_modem_manager(struct look *look)
{
    long pid = 0;

    if (!runs(look->world->root, "ModemManager", &pid))
        look_well(look, "ModemManager does not run");
    else if (look->rule_there)
        look_well(look, "ModemManager runs (process %ld), and the udev rule keeps it off serial adapters",
                  pid);
    else
        look_mend(look, FAIL_MODEM_MANAGER, RULE_COMMAND,
                  "ModemManager runs (process %ld): it talks to each adapter that is plugged in, for up to "
                  "half a minute, as if it were a modem",
                  pid);
}

static bool has_group(const struct doctor_world *world, gid_t group)
{
    for (size_t i = 0; i < world->group_count; i++)
        if (world->groups[i] == group)
            return true;
    return false;
}

/* No group opens it: the rule does where it is about such ports and not there yet, else its owner is changed, which lasts
 * until the port is made anew. */
static void no_door(struct look *look, const char *path, const struct port_facts *port)
{
    char before[MEND_MAX / 2], mend[MEND_MAX], user[160];

    shell_word(look->world->user_name, user, sizeof user);
    snprintf(before, sizeof before, "until it is plugged in again or the computer restarts: sudo chown %s ",
             user);
    mend_with(mend, before, path, "");
    look_mend(look, FAIL_LINK_PERMISSION, port->adapter && !look->rule_there ? RULE_COMMAND : mend,
              "%s: %s may not use it, and no group that a user should be in may (mode %03o, group %s)", path,
              look->world->user_name, (unsigned)port->mode & 0777,
              port->group_name[0] != '\0' ? port->group_name : "unnamed");
}

/* Why it may not be used, from the nearest cure on: the group's door is open and the user stands in the group's list but
 * not inside; the door is open and the user is not in the list; there is no door. */
static void closed_port(struct look *look, const char *path, const struct port_facts *port)
{
    const struct doctor_world *world = look->world;
    bool door = (port->mode & 060) == 060 && port->group != 0 && port->group_name[0] != '\0';
    char mend[MEND_MAX], before[160];

    if (!door || has_group(world, port->group)) {
        no_door(look, path, port);
        return;
    }
    if (world->listed(world, port->group)) {
        mend_with(mend, "log out and in again; for this terminal alone: newgrp ", port->group_name, "");
        look_mend(look, FAIL_LINK_PERMISSION, mend,
                  "%s: %s was put into the group %s after this login, which therefore does not have it", path,
                  world->user_name, port->group_name);
        return;
    }
    snprintf(before, sizeof before, "sudo usermod -aG %s ", port->group_name);
    mend_with(mend, before, world->user_name, " && echo 'now log out and in again'");
    look_mend(look, FAIL_LINK_PERMISSION, mend, "%s: belongs to the group %s, and %s is not in it", path,
              port->group_name, world->user_name);
}

static void held_port(struct look *look, const char *path, const struct port_holder *holder)
{
    char mend[MEND_MAX];

    if (strcmp(holder->program, "ModemManager") == 0) {
        look_mend(look, FAIL_MODEM_MANAGER, "sudo systemctl disable --now ModemManager",
                  "%s: ModemManager (process %d) has it", path, (int)holder->pid);
    } else if (strcmp(holder->program, "suture-sim") == 0) {
        look_well(look, "%s: made by suture-sim (process %d)", path, (int)holder->pid);
    } else if (strcmp(holder->program, "suture") == 0) {
        look_hint(look, "wait until it has ended", "%s: suture (process %d) is at work there", path,
                  (int)holder->pid);
    } else {
        snprintf(mend, sizeof mend, "close that program, or: kill %d", (int)holder->pid);
        look_hint(look, mend, "%s: in use by %s (process %d)", path,
                  holder->program[0] != '\0' ? holder->program : "a program", (int)holder->pid);
    }
}

static void look_at_port(struct look *look, const char *path)
{
    struct port_facts port;

    if (!look->world->port(path, &port))
        return;
    if (!port.usable)
        closed_port(look, path, &port);
    else if (port.held)
        held_port(look, path, &port.holder);
    else
        look_well(look, "%s: %s may use it, and nobody else does now", path, look->world->user_name);
}

void look_at_ports(struct look *look)
{
    struct serial_ports ports;
    struct failure why;

    if (look->world->user == 0)
        look_hint(look, "run it as the person who does the updates",
                  "this is root, who may use every port: what a technician may is not seen from here");
    if (!serial_find("serial:auto", &ports, &why)) {
        look_mend(look, why.id, "unset SUTURE_SERIAL_DIR", "%s", why.what);
        return;
    }
    if (ports.count == 0)
        look_well(look, "no serial port in %s now: plug an adapter in to have it looked at", ports.folder);
    for (size_t i = 0; i < ports.count; i++)
        look_at_port(look, ports.addresses[i] + strlen("serial:"));
    serial_ports_free(&ports);
}
