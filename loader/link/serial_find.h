/* serial:auto[@BAUD]: the ports at which a device could be. In /dev these are ttyACM*, ttyUSB* and those ttyS* that have
 * hardware behind them. $SUTURE_SERIAL_DIR names a folder to look in instead: each name in it that leads to a character
 * device is a port (links to simulated ports; a station's own choice of ports). Each port once, however many names it has. */
#ifndef SUTURE_LOADER_LINK_SERIAL_FIND_H
#define SUTURE_LOADER_LINK_SERIAL_FIND_H

#include "keys/base/failure.h"

#define SERIAL_FIND_MAX 256 /* ports; what is beyond is no bench */

struct serial_ports {
    char *addresses[SERIAL_FIND_MAX]; /* "serial:PATH[@BAUD]", in the order of their names; owned */
    size_t count;
    char folder[256]; /* where was looked, harmless */
};

bool serial_is_auto(const char *address);
/* Finds the ports of an address that is auto; opens none of them. None found is no failure. FAIL_SERIAL_DIR: the folder of
 * $SUTURE_SERIAL_DIR can't be read; FAIL_ADDRESS: no speed behind the @; FAIL_MEMORY. */
bool serial_find(const char *address, struct serial_ports *ports, struct failure *why);
void serial_ports_free(struct serial_ports *ports);

#endif
