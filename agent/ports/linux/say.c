#include "agent/ports/linux/say.h"

#include "keys/base/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void agent_say(const char *format, ...)
{
    char line[768], harmless[800];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    text_harmless(harmless, sizeof harmless, line, strlen(line));
    fprintf(stderr, "suture-agent: %s\n", harmless);
}
