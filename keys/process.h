/* Runs another program as a filter, without a shell: bytes to its standard input, a bounded answer from its standard
 * output; its messages go to our standard error. Host code. */
#ifndef SUTURE_KEYS_PROCESS_H
#define SUTURE_KEYS_PROCESS_H

#include "keys/base/failure.h"
#include "keys/base/span.h"

/* `words` ends with NULL; words[0] is looked for in PATH. `setting` ("NAME=value") is added to the environment. Answers
 * when the program has ended. False (`id` says as what): it could not be started, ended with a code other than 0 or by a
 * signal, or answered with more than `answer` holds. A program that does not read its input is no failure by itself. */
bool process_filter(char *const words[], const char *setting, struct span input, struct buffer *answer,
                    enum failure_id id, struct failure *why);

#endif
