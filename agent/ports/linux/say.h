/* The agent's log: one line on standard error, where systemd's journal takes it. */
#ifndef SUTURE_AGENT_PORTS_LINUX_SAY_H
#define SUTURE_AGENT_PORTS_LINUX_SAY_H

/* Made harmless on a terminal; cut at 767 bytes. */
void agent_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
