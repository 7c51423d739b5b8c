/* The process that has an app's streams, and carries what is in them to and from those who are attached. */
#include <poll.h>
#include <sys/ioctl.h>

#include "wire.h"
#include "clients.h"

#define END_OF_TYPED_INPUT 0x04

struct streams {
    int input, output, errors; /* this side's ends; of a terminal input and output are the same */
    int terminal;
    int takes_input;
    int attaching, console, crun; /* listeners, and a pipe that ends when crun has done its work */
    char pending[MOST_INPUT];
    size_t pending_from, pending_to;
};

static void end(int *file)
{
    if (*file >= 0)
        close(*file);
    *file = -1;
}

static void take_terminal(struct streams *streams)
{
    char name[256];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = name, .iov_len = sizeof name};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    int connection = accept4(streams->console, NULL, NULL, SOCK_CLOEXEC);
    struct cmsghdr *rights = NULL;

    if (connection >= 0 && recvmsg(connection, &message, MSG_CMSG_CLOEXEC) >= 0)
        rights = CMSG_FIRSTHDR(&message);
    if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS) {
        memcpy(&streams->output, CMSG_DATA(rights), sizeof(int));
        fcntl(streams->output, F_SETFL, O_NONBLOCK);
        if (streams->takes_input)
            streams->input = dup(streams->output);
        end(&streams->console);
    }
    if (connection >= 0)
        close(connection);
}

static void pass_output(struct streams *streams, int *from, char kind)
{
    char message[1 + MOST_OUTPUT];
    ssize_t count = read(*from, message + 1, MOST_OUTPUT);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count <= 0) { /* a terminal that nobody has any more is an error */
        end(from);
        if (streams->terminal)
            end(&streams->input);
        return;
    }
    message[0] = kind;
    clients_tell(message, 1 + (size_t)count, kind == OUTPUT ? WANTS_OUTPUT : WANTS_ERRORS);
}

static void pass_input(struct streams *streams)
{
    ssize_t count =
        write(streams->input, streams->pending + streams->pending_from, streams->pending_to - streams->pending_from);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count < 0) {
        end(&streams->input);
        streams->pending_from = streams->pending_to = 0;
        return;
    }
    streams->pending_from += (size_t)count;
    if (streams->pending_from == streams->pending_to)
        streams->pending_from = streams->pending_to = 0;
}

static void end_input(struct streams *streams)
{
    char typed = END_OF_TYPED_INPUT;

    if (!streams->terminal)
        end(&streams->input);
    else if (streams->input >= 0 && write(streams->input, &typed, 1) < 0)
        end(&streams->input);
}

static void hear(struct streams *streams, struct client *client)
{
    char message[1 + MOST_INPUT];
    ssize_t count = recv(client->socket, message, sizeof message, MSG_DONTWAIT);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count <= 0) {
        client_forget(client);
        return;
    }
    switch (message[0]) {
    case HELLO:
        client->wants = count > 1 ? (unsigned char)message[1] : 0;
        break;
    case INPUT:
        if (!(client->wants & WANTS_INPUT) || streams->input < 0)
            break;
        streams->pending_from = 0;
        streams->pending_to = (size_t)count - 1;
        memcpy(streams->pending, message + 1, streams->pending_to);
        break;
    case INPUT_ENDED:
        client->wants &= ~(unsigned)WANTS_INPUT;
        if (client->wants & HANDS_ON_END && !clients_want(WANTS_INPUT))
            end_input(streams);
        break;
    case WINDOW_SIZE:
        if (streams->terminal && streams->output >= 0 && (size_t)count == 1 + sizeof(struct winsize))
            ioctl(streams->output, TIOCSWINSZ, message + 1);
        break;
    default:
        break;
    }
}

static int is_over(const struct streams *streams)
{
    return streams->input < 0 && streams->output < 0 && streams->errors < 0 && streams->console < 0;
}

static void multiplex(struct streams *streams)
{
    enum { ATTACHING, CONSOLE, STARTING, IN, OUT, ERR, FIRST_CLIENT };
    static const char over = STREAMS_ENDED;

    while (!is_over(streams)) {
        int waiting = streams->pending_to > 0, index;
        struct pollfd ready[FIRST_CLIENT + MOST_CLIENTS] = {
            {.fd = streams->attaching, .events = POLLIN},
            {.fd = streams->console, .events = POLLIN},
            {.fd = streams->crun, .events = POLLIN},
            /* Without an event of its own it still tells when the other end is gone. */
            {.fd = streams->input, .events = waiting ? POLLOUT : 0},
            {.fd = streams->output, .events = POLLIN},
            {.fd = streams->errors, .events = POLLIN},
        };

        for (index = 0; index < MOST_CLIENTS; index++) {
            ready[FIRST_CLIENT + index].fd = clients[index].socket;
            /* Whoever types waits while the app does not read. */
            ready[FIRST_CLIENT + index].events = waiting ? 0 : POLLIN;
        }
        if (poll(ready, FIRST_CLIENT + MOST_CLIENTS, -1) < 0)
            continue;
        if (ready[CONSOLE].revents)
            take_terminal(streams);
        if (ready[STARTING].revents) {
            end(&streams->crun);
            /* crun ended and sent no terminal: there will be none. */
            if (streams->console >= 0 && !(ready[CONSOLE].revents))
                end(&streams->console);
        }
        if (ready[OUT].revents)
            pass_output(streams, &streams->output, OUTPUT);
        if (ready[ERR].revents)
            pass_output(streams, &streams->errors, ERRORS);
        if (streams->input >= 0 && ready[IN].revents & POLLOUT)
            pass_input(streams);
        else if (ready[IN].revents && !streams->terminal)
            end(&streams->input);
        for (index = 0; index < MOST_CLIENTS; index++) {
            short events = ready[FIRST_CLIENT + index].revents;

            if (clients[index].socket < 0 || clients[index].socket != ready[FIRST_CLIENT + index].fd)
                continue;
            if (events & POLLIN && streams->pending_to == 0)
                hear(streams, &clients[index]);
            else if (events & (POLLHUP | POLLERR))
                client_forget(&clients[index]);
        }
        if (ready[ATTACHING].revents)
            client_accept(streams->attaching);
    }
    clients_tell(&over, 1, 0);
}
