/* The version of all programs of the project; a bundle names the least one that may load it. */
#ifndef SUTURE_KEYS_BASE_VERSION_H
#define SUTURE_KEYS_BASE_VERSION_H

#define SUTURE_VERSION "0.1.0"

#endif
