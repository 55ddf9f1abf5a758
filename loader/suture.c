/* suture: the technician's program. */
#include "loader/cmd/run.h"

static const struct command *const commands[] = {
    &command_devices, &command_check, &command_update,   &command_resume, &command_rollback, &command_verify,
    &command_receipt, &command_trust, &command_identify, &command_log,    &command_doctor,   NULL,
};

static const struct command_address addresses[] = {
    {"usb", "BUS-PORT", "",
     "a USB device at this place, as usb:3-1.4; usb:serial=TEXT; or usb, the only one"},
    {"serial", "PATH[@BAUD]", "/dev/tty", "a serial port; 115200 baud when no speed is given"},
    {"tcp", "HOST:PORT", "", "an agent on a network; an IPv6 address in brackets"},
    {"unix", "PATH", "", "a socket, as the simulator offers it"},
    {"usbredir", "HOST:PORT", "", "a USB device that another machine shares; or usbredir:unix:PATH"},
    {NULL, NULL, NULL, NULL},
};

static const struct command_option environment[] = {
    {"SUTURE_TRUST", NULL, "folder of the trust store; else $XDG_CONFIG_HOME/suture/trust (~/.config)"},
    {"SUTURE_RECEIPTS", NULL, "folder of receipts; else $XDG_STATE_HOME/suture/receipts (~/.local/state)"},
    {"SUTURE_BUNDLES", NULL, "folder with bundles; else $XDG_DATA_HOME/suture/bundles (~/.local/share)"},
    {"SUTURE_SERIAL_DIR", NULL, "folder whose names are the serial ports; else those of /dev with hardware"},
    {"SUTURE_LINES", NULL, "file that the JSON lines of each run are added to, whatever the screen shows"},
    {"NO_COLOR", NULL, "when it is set and not empty, no colour on a terminal (no-color.org)"},
    OPTION_END,
};

int main(int argc, char **argv)
{
    static const struct program program = {"suture", "update devices through their service port", commands,
                                           addresses, environment};
    return command_main(&program, argc, argv);
}
