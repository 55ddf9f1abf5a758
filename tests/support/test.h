/* What every cmocka test includes: cmocka itself with the headers that it needs before it. */
#ifndef SUTURE_TESTS_SUPPORT_TEST_H
#define SUTURE_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#endif
