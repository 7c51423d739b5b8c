/*
 * Runs on the host: a command in a pod's virtual machine, as if it ran here. Hands the command to an `agent` inside,
 * passes on what is typed and said, and signals, and ends with the command's exit code.
 *
 *   enter FOLDER UID WORD...
 *
 * FOLDER holds the sockets agent-1, agent-2 ... of the virtual machine's ports; a port serves one command at a time, and
 * a lock beside its socket says whether it is free. UID is whom the command's streams are to belong to. With a terminal on
 * both ends the command gets a terminal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "frames.h"

static int agent, terminal, welcomed, input_open = 1;
static unsigned char token[TOKEN];
static struct termios before;
static struct inbox inbox;
/* What is on its way to the agent. Nothing more is read until it has gone. */
static unsigned char *outbox;
static size_t out_length, out_done;
static time_t last_said;

static void end(int code)
{
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
    exit(code);
}

static void fail(const char *what)
{
    fprintf(stderr, "stage1: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
    end(COULD_NOT_RUN);
}

static void put(char kind, const void *bytes, size_t length)
{
    unsigned char *longer = realloc(outbox, out_length + HEAD + length);

    if (!longer)
        fail("no memory");
    outbox = longer;
    out_length += put_frame(outbox + out_length, kind, bytes, length);
}

/* Returns 0 where the socket is not there: there are no further ports. */
static int take_port(const char *folder, int number)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[sizeof address.sun_path + 8];
    int lock;

    errno = 0;
    if (snprintf(address.sun_path, sizeof address.sun_path, "%s/agent-%d", folder, number) >=
        (int)sizeof address.sun_path)
        fail("the pod's folder has too long a name");
    if (access(address.sun_path, F_OK) < 0)
        return 0;
    snprintf(name, sizeof name, "%s.lock", address.sun_path);
    lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        fail(name);
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        close(lock);
        return 1;
    }
    agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (agent < 0 || connect(agent, (struct sockaddr *)&address, sizeof address) < 0)
        fail("the pod does not run");
    fcntl(agent, F_SETFL, O_NONBLOCK);
    return 1;
}

static void find_port(const char *folder)
{
    int number;

    for (number = 1; agent == 0; number++)
        if (!take_port(folder, number)) {
            errno = 0;
            fail(number == 1 ? "the pod does not run" : "too many commands have entered the pod");
        }
}

static void put_size(unsigned char *place)
{
    struct winsize size = { 0 };

    ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    put_number(place, 2, size.ws_row);
    put_number(place + 2, 2, size.ws_col);
}

static void ask(uid_t owner, char **words)
{
    unsigned char begin[BEGIN_LENGTH];

    if (getrandom(token, TOKEN, 0) != TOKEN)
        fail("no random numbers");
    out_length = HEAD + MOST;
    outbox = calloc(1, out_length);
    if (!outbox)
        fail("no memory");
    memcpy(begin, token, TOKEN);
    begin[TOKEN] = (unsigned char)terminal;
    put_size(begin + TOKEN + 1);
    put_number(begin + TOKEN + 5, 4, owner);
    put(BEGIN, begin, sizeof begin);
    for (; *words; words++) {
        size_t length = strlen(*words) + 1, at;

        for (at = 0; at < length; at += MOST)
            put(WORDS, *words + at, length - at < MOST ? length - at : MOST);
    }
    put(GO, NULL, 0);
}

static void write_all(int file, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        struct pollfd room = { .fd = file, .events = POLLOUT };
        ssize_t written = write(file, bytes, length);

        if (written < 0 && errno == EAGAIN)
            poll(&room, 1, -1);
        else if (written < 0 && errno != EINTR)
            fail("cannot pass on what the command says");
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
        }
    }
}

static int take(char kind, const unsigned char *bytes, size_t length)
{
    if (kind == HELLO && length == TOKEN && memcmp(bytes, token, TOKEN) == 0)
        welcomed = 1;
    if (!welcomed)
        return 1; /* meant for somebody who was here before */
    if (kind == OUTPUT)
        write_all(STDOUT_FILENO, bytes, length);
    if (kind == ERRORS)
        write_all(STDERR_FILENO, bytes, length);
    if (kind == EXIT && length == 1)
        end(bytes[0]);
    return 1;
}

static void receive(void)
{
    ssize_t length = recv(agent, inbox.bytes + inbox.filled, sizeof inbox.bytes - inbox.filled, 0);

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0) {
        errno = 0;
        fail("the pod has ended");
    }
    inbox.filled += (size_t)length;
    take_frames(&inbox, take);
}

static void deliver(void)
{
    ssize_t sent = send(agent, outbox + out_done, out_length - out_done, MSG_NOSIGNAL);

    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        out_done = out_length; /* it has ended, and what it said before is still to be read */
    if (sent > 0) {
        out_done += (size_t)sent;
        last_said = seconds_now();
    }
    if (out_done == out_length)
        out_done = out_length = 0;
}

static void take_input(void)
{
    unsigned char bytes[MOST];
    ssize_t length = read(STDIN_FILENO, bytes, sizeof bytes);

    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length <= 0)
        input_open = 0;
    put(INPUT, bytes, length < 0 ? 0 : (size_t)length);
}

static void take_signal(int signals)
{
    struct signalfd_siginfo got;
    unsigned char bytes[4];

    if (read(signals, &got, sizeof got) != sizeof got)
        return;
    if (got.ssi_signo == SIGWINCH) {
        put_size(bytes);
        put(SIZE, bytes, 4);
    } else {
        bytes[0] = (unsigned char)got.ssi_signo;
        put(SIGNAL, bytes, 1);
    }
}

/* Lets the agent know that somebody is still here. */
static void beat(void)
{
    if (out_length > 0 || seconds_now() - last_said < BEAT_SECONDS)
        return;
    put(0, NULL, 0);
    out_length = 1;
}

static void make_raw(void)
{
    struct termios raw;

    terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (!terminal)
        return;
    raw = before;
    cfmakeraw(&raw);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static int watch_signals(void)
{
    static const int passed_on[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH };
    sigset_t waited;
    size_t index;

    sigemptyset(&waited);
    for (index = 0; index < sizeof passed_on / sizeof *passed_on; index++)
        sigaddset(&waited, passed_on[index]);
    sigprocmask(SIG_BLOCK, &waited, NULL);
    /* Node ignores it, and whoever is started inherits that. */
    signal(SIGPIPE, SIG_DFL);
    return signalfd(-1, &waited, SFD_CLOEXEC);
}

int main(int count, char **words)
{
    int signals;

    if (count < 4) {
        fputs("usage: enter FOLDER UID WORD...\n", stderr);
        return COULD_NOT_RUN;
    }
    find_port(words[1]);
    signals = watch_signals();
    make_raw();
    ask((uid_t)strtoul(words[2], NULL, 10), words + 3);
    for (;; beat()) {
        struct pollfd ready[] = {
            { .fd = agent, .events = (short)(out_length > 0 ? POLLIN | POLLOUT : POLLIN) },
            { .fd = input_open && out_length == 0 ? STDIN_FILENO : -1, .events = POLLIN },
            { .fd = signals, .events = POLLIN },
        };

        if (poll(ready, 3, 1000 * BEAT_SECONDS) <= 0)
            continue;
        if (ready[0].revents & ~POLLOUT)
            receive();
        if (ready[0].revents & POLLOUT)
            deliver();
        if (ready[1].revents)
            take_input();
        if (ready[2].revents)
            take_signal(signals);
    }
}
