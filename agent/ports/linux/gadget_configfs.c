/* The gadget's folder in configfs. The order of the links is the order of the interfaces: FunctionFS (SMP, DFU), then CDC-ACM. */
#include "agent/ports/linux/gadget.h"
#include "agent/ports/usb/os_descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CONFIGFS       "/sys/kernel/config"
#define CONFIGFS_MAGIC 0x62656570 /* Linux, include/uapi/linux/magic.h has it not */
#define CONTROLLERS    "/sys/class/udc"
#define FUNCTIONS      "ffs.suture"
#define LINE           "acm.suture"

bool gadget_refuse(const char *path, const char *reason, struct failure *why)
{
    return failure_set(why, FAIL_AGENT_GADGET, "%s: %s", path, reason);
}

/* `root` and what stands below it. */
static void path_of(const struct gadget *gadget, const char *below, char out[2 * GADGET_PATH])
{
    snprintf(out, (size_t)2 * GADGET_PATH, "%s/%s", gadget->root, below);
}

static bool attribute_set(const struct gadget *gadget, const char *name, const char *value,
                          struct failure *why)
{
    char path[2 * GADGET_PATH];

    path_of(gadget, name, path);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool done = file >= 0 && write(file, value, strlen(value)) == (ssize_t)strlen(value);
    int error = errno;
    if (file >= 0)
        close(file);
    return done || gadget_refuse(path, strerror(error), why);
}

static bool attribute_number(const struct gadget *gadget, const char *name, unsigned value,
                             struct failure *why)
{
    char text[16];

    snprintf(text, sizeof text, "0x%04x", value);
    return attribute_set(gadget, name, text, why);
}

static bool folders_make(const struct gadget *gadget, struct failure *why)
{
    static const char *const names[] = {"",
                                        "strings/0x409",
                                        "configs/c.1",
                                        "configs/c.1/strings/0x409",
                                        "functions/" FUNCTIONS,
                                        "functions/" LINE};
    char path[2 * GADGET_PATH];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(gadget, names[i], path);
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return gadget_refuse(path, strerror(errno), why);
    }
    return true;
}

/* An association of interfaces stands in the configuration, so the device says EF 02 01 (USB 2.0's ECN). */
static bool device_describe(const struct gadget *gadget, struct failure *why)
{
    const struct usb_identity *identity = &gadget->identity;

    return attribute_number(gadget, "idVendor", identity->vendor_id, why) &&
           attribute_number(gadget, "idProduct", identity->product_id, why) &&
           attribute_number(gadget, "bcdDevice", identity->release, why) &&
           attribute_number(gadget, "bcdUSB", 0x0200, why) &&
           attribute_set(gadget, "bDeviceClass", "0xef", why) &&
           attribute_set(gadget, "bDeviceSubClass", "0x02", why) &&
           attribute_set(gadget, "bDeviceProtocol", "0x01", why) &&
           (identity->vendor[0] == '\0' ||
            attribute_set(gadget, "strings/0x409/manufacturer", identity->vendor, why)) &&
           (identity->product[0] == '\0' ||
            attribute_set(gadget, "strings/0x409/product", identity->product, why)) &&
           (identity->serial[0] == '\0' ||
            attribute_set(gadget, "strings/0x409/serialnumber", identity->serial, why)) &&
           attribute_set(gadget, "configs/c.1/strings/0x409/configuration", "service", why);
}

static bool link_make(const struct gadget *gadget, const char *to, const char *name, struct failure *why)
{
    char from_path[2 * GADGET_PATH], to_path[2 * GADGET_PATH];

    path_of(gadget, name, from_path);
    path_of(gadget, to, to_path);
    if (symlink(to_path, from_path) == 0 || errno == EEXIST)
        return true;
    return gadget_refuse(from_path, strerror(errno), why);
}

static bool links_make(const struct gadget *gadget, struct failure *why)
{
    return link_make(gadget, "functions/" FUNCTIONS, "configs/c.1/" FUNCTIONS, why) &&
           link_make(gadget, "functions/" LINE, "configs/c.1/" LINE, why) &&
           attribute_number(gadget, "os_desc/b_vendor_code", USB_OS_VENDOR_CODE, why) &&
           attribute_set(gadget, "os_desc/qw_sign", "MSFT100", why) &&
           attribute_set(gadget, "os_desc/use", "1", why) &&
           link_make(gadget, "configs/c.1", "os_desc/c.1", why);
}

/* Only high and full speed are described: a faster controller is told so. Kernels before 5.10 have no such attribute. */
static void speed_limit(const struct gadget *gadget)
{
    struct failure ignored;

    (void)attribute_set(gadget, "max_speed", "high-speed", &ignored);
}

static bool console_find(struct gadget *gadget, struct failure *why)
{
    char path[2 * GADGET_PATH], text[16] = "";

    path_of(gadget, "functions/" LINE "/port_num", path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        close(file);
    if (size <= 0)
        return gadget_refuse(path, "the kernel does not say which line it made", why);
    snprintf(gadget->console, sizeof gadget->console, "tty:/dev/ttyGS%lu", strtoul(text, NULL, 10));
    return true;
}

static bool configfs_ready(struct failure *why)
{
    struct statfs stat_of;

    if (statfs(CONFIGFS, &stat_of) != 0)
        return gadget_refuse(CONFIGFS, "the kernel has no configfs; load libcomposite", why);
    if (stat_of.f_type == CONFIGFS_MAGIC || mount("none", CONFIGFS, "configfs", 0, NULL) == 0)
        return true;
    return gadget_refuse(CONFIGFS, strerror(errno), why);
}

static bool functions_mount(const struct gadget *gadget, struct failure *why)
{
    if (mkdir(gadget->mount, 0700) != 0 && errno != EEXIST)
        return gadget_refuse(gadget->mount, strerror(errno), why);
    if (mount("suture", gadget->mount, "functionfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL) == 0)
        return true;
    return gadget_refuse(gadget->mount, strerror(errno), why);
}

bool gadget_make(struct gadget *gadget, struct failure *why)
{
    if (!configfs_ready(why))
        return false;
    gadget_remove(gadget);
    return folders_make(gadget, why) && device_describe(gadget, why) && links_make(gadget, why) &&
           console_find(gadget, why) && functions_mount(gadget, why) && (speed_limit(gadget), true);
}

/* Configfs gives up its folders one by one, from the links down. */
void gadget_remove(const struct gadget *gadget)
{
    static const char *const links[] = {"os_desc/c.1", "configs/c.1/" LINE, "configs/c.1/" FUNCTIONS};
    static const char *const folders[] = {"configs/c.1/strings/0x409", "configs/c.1",   "functions/" LINE,
                                          "functions/" FUNCTIONS,      "strings/0x409", ""};
    char path[2 * GADGET_PATH];
    struct failure ignored;

    if (access(gadget->root, F_OK) == 0)
        (void)gadget_controller((struct gadget *)(uintptr_t)gadget, "\n", &ignored);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        path_of(gadget, links[i], path);
        unlink(path);
    }
    umount2(gadget->mount, MNT_DETACH);
    rmdir(gadget->mount);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        path_of(gadget, folders[i], path);
        rmdir(path);
    }
}

bool gadget_controller(struct gadget *gadget, const char *name, struct failure *why)
{
    return attribute_set(gadget, "UDC", name, why);
}
