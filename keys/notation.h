/* The small notations of command lines and screens: dates and domains. Host code. */
#ifndef SUTURE_KEYS_NOTATION_H
#define SUTURE_KEYS_NOTATION_H

#include <stdbool.h>
#include <stdint.h>

/* "2031-12-31" (its first second) or "2031-12-31T23:59:59Z" (RFC 3339 in UTC, whole seconds), 1970 to 9999, as seconds
 * since 1970. False: anything else, also a day that is in no calendar. */
bool date_read(const char *text, uint64_t *seconds);
/* "2031-12-31T23:59:59Z" and a NUL; beyond the year 9999 the number of seconds itself. */
#define DATE_TEXT_SIZE 24
void date_write(char out[DATE_TEXT_SIZE], uint64_t seconds);

/* Whether `text` is a domain name as vendor ids are made from: lower case letters, digits, hyphens inside labels, at
 * least one dot, no dot at its ends, at most 253 characters (RFC 1035, 2.3.1 and 2.3.4). Another spelling of the same
 * domain would name another vendor. */
bool domain_is_plain(const char *text);

#endif
