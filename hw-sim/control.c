/* Lines in, lines out, and those who wait. */
#include "hw-sim/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool control_open(struct control *control, const char *path, struct device *device, struct failure *why)
{
    memset(control, 0, sizeof *control);
    control->device = device;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        control->clients[i].file = -1;
    return unix_listen(path, FAIL_CONTROL, &control->listener, why);
}

static void hang_up(struct control_client *client)
{
    if (client->file >= 0)
        close(client->file);
    *client = (struct control_client){.file = -1};
}

void control_close(struct control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        hang_up(&control->clients[i]);
    unix_unlisten(&control->listener);
}

void control_watch(const struct control *control, struct pollfd polls[CONTROL_POLLS])
{
    polls[0] = (struct pollfd){control->listener.file, POLLIN, 0};
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        polls[1 + i] = (struct pollfd){control->clients[i].file, POLLIN, 0};
}

/* One short line: a socket's buffer takes it whole, and a client that reads nothing loses its answer. */
static void reply(struct control_client *client, const char *answer)
{
    char line[CONTROL_ANSWER + 1];
    int size = snprintf(line, sizeof line, "%s\n", answer);

    if (size < 0 || size >= (int)sizeof line || send(client->file, line, (size_t)size, MSG_NOSIGNAL) != size)
        hang_up(client);
}

/* Answers the lines that are whole; one that makes the client wait leaves those behind it for later. */
static void take_lines(struct control *control, struct control_client *client, uint64_t now)
{
    char *end;

    while (client->file >= 0 && !client->waiting &&
           (end = memchr(client->line, '\n', client->size)) != NULL) {
        char line[CONTROL_LINE], answer[CONTROL_ANSWER];
        size_t size = (size_t)(end - client->line);
        memcpy(line, client->line, size);
        line[size] = '\0';
        client->size -= size + 1;
        memmove(client->line, end + 1, client->size);
        client->waiting = !control_answer(control->device, line, now, answer, client);
        if (!client->waiting)
            reply(client, answer);
    }
}

static void read_client(struct control *control, struct control_client *client, uint64_t now)
{
    ssize_t got = recv(client->file, client->line + client->size, sizeof client->line - client->size, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        hang_up(client);
        return;
    }
    client->size += (size_t)got;
    take_lines(control, client, now);
    if (client->size == sizeof client->line)
        hang_up(client);
}

static void let_in(struct control *control)
{
    int file = unix_accept(&control->listener);

    if (file < 0)
        return;
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        if (control->clients[i].file < 0) {
            control->clients[i].file = file;
            return;
        }
    }
    close(file);
}

void control_serve(struct control *control, const struct pollfd polls[CONTROL_POLLS], uint64_t now)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];
        if (client->file >= 0 && client->file == polls[1 + i].fd && polls[1 + i].revents != 0)
            read_client(control, client, now);
    }
    if ((polls[0].revents & POLLIN) != 0)
        let_in(control);
}

uint64_t control_settle(struct control *control, uint64_t now)
{
    uint64_t wake = CLOCK_NEVER;

    for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
        struct control_client *client = &control->clients[i];
        if (client->file < 0 || !client->waiting)
            continue;
        if (control_reached(control->device, client->state) || now >= client->until_ms) {
            char answer[CONTROL_ANSWER] = "ok";
            if (!control_reached(control->device, client->state))
                snprintf(answer, sizeof answer, "error %d the device is not '%s' in time", FAIL_TIMEOUT,
                         control_state_names[client->state]);
            client->waiting = false;
            reply(client, answer);
            take_lines(control, client, now);
        } else if (client->until_ms < wake) {
            wake = client->until_ms;
        }
    }
    return wake;
}
