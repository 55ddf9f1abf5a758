/* The catalogue's rows, for failure.c alone. */
#ifndef SUTURE_KEYS_BASE_FAILURE_ROWS_H
#define SUTURE_KEYS_BASE_FAILURE_ROWS_H

#include "keys/base/failure.h"

extern const struct failure_entry failure_rows[];
extern const size_t failure_row_count;
extern const struct exit_entry exit_rows[];
extern const size_t exit_row_count;

#endif
