/*
 * Runs inside a pod's virtual machine, once for each port of virtio-serial: does what an `enter` on the host asks for,
 * one command after the other.
 *
 *   agent PORT
 *
 * The command comes with whatever makes it the app's (root, user, capabilities): this program only starts it, with a
 * terminal or without, and passes on what it says. It ends with whoever asked for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "frames.h"

#define MOST_WORDS (1 << 20)
/*
 * Whether anybody is at the host's end comes another way than what is said there, later or not at all. So what counts is
 * being silent: whoever is there says something every BEAT_SECONDS.
 */
#define SILENT_SECONDS (5 * BEAT_SECONDS)

static int port, host_away;
static time_t last_heard;
static struct inbox inbox;

/* What is asked for at present; nothing of it is there while `begun` is 0. */
static struct {
    int begun;
    char *words;
    size_t length;
    struct command command;
    unsigned char pending[MOST];
    size_t pending_length;
} session = { .command = { .input = -1, .output = -1, .errors = -1 } };

static int is_silent(void)
{
    return host_away && seconds_now() - last_heard > SILENT_SECONDS;
}

/* Waits for room; what nobody on the host takes any more is dropped. */
static void say(char kind, const void *bytes, size_t length)
{
    unsigned char frame[HEAD + MOST];
    size_t whole = put_frame(frame, kind, bytes, length), done = 0;

    while (done < whole) {
        struct pollfd room = { .fd = port, .events = POLLOUT };
        ssize_t written = write(port, frame + done, whole - done);

        if (written > 0) {
            done += (size_t)written;
            continue;
        }
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (poll(&room, 1, -1) > 0 && room.revents & POLLHUP && !(room.revents & POLLOUT)) {
            host_away = 1;
            if (is_silent())
                return;
            usleep(20000); /* there is nothing to wait for while the port looks abandoned */
        }
    }
}

static void complain(const char *what)
{
    char text[256];
    int length = snprintf(text, sizeof text, "stage1: %s: %s\n", what, strerror(errno));

    say(ERRORS, text, length < (int)sizeof text ? (size_t)length : sizeof text - 1);
}

static void shut_input(void)
{
    session.pending_length = 0;
    if (session.command.input == session.command.output)
        return; /* a terminal has no end of its own: the app sees what was typed */
    shut(&session.command.input);
}

static void forget_session(void)
{
    forget_command(&session.command);
    free(session.words);
    session.words = NULL;
    session.length = session.pending_length = 0;
    session.begun = 0;
}

static void end_session(void)
{
    tell_command(&session.command, SIGKILL);
    forget_session();
}

static void finish(int code)
{
    unsigned char byte = (unsigned char)code;

    say(EXIT, &byte, 1);
    end_session();
}

/* Passes on what is there; returns 0 once nothing more can come. */
static int pass_on(int *from, char kind)
{
    unsigned char bytes[MOST];
    ssize_t length = read(*from, bytes, sizeof bytes);

    if (length > 0) {
        say(kind, bytes, (size_t)length);
        return 1;
    }
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (*from == session.command.input) {
        session.command.input = -1;
        session.pending_length = 0;
    }
    shut(from);
    return 0;
}

/* All that was said before the end. Whoever still writes into it is not waited for: no pipe holds more than this. */
static void drain(int *from, char kind)
{
    int rounds;

    for (rounds = 0; rounds < (1 << 20) / MOST && *from >= 0 && pass_on(from, kind); rounds++)
        ;
}

static void pass_input(void)
{
    ssize_t length = write(session.command.input, session.pending, session.pending_length);

    if (length < 0 && errno != EAGAIN && errno != EINTR) {
        shut_input();
        return;
    }
    if (length <= 0)
        return;
    session.pending_length -= (size_t)length;
    memmove(session.pending, session.pending + length, session.pending_length);
}

static void start(void)
{
    char **words = calloc(session.length + 1, sizeof *words);
    size_t count = 0, at;

    if (!words || session.length == 0 || session.words[session.length - 1] != '\0') {
        errno = EINVAL;
        complain("no command");
        finish(COULD_NOT_RUN);
        free(words);
        return;
    }
    for (at = 0; at < session.length; at += strlen(session.words + at) + 1)
        words[count++] = session.words + at;
    if (start_command(&session.command, words) < 0) {
        complain("cannot start a command");
        finish(COULD_NOT_RUN);
    }
    free(words);
}

static void begin(const unsigned char *bytes)
{
    end_session();
    session.begun = 1;
    session.command.terminal = bytes[TOKEN];
    session.command.size.ws_row = (unsigned short)get_number(bytes + TOKEN + 1, 2);
    session.command.size.ws_col = (unsigned short)get_number(bytes + TOKEN + 3, 2);
    session.command.owner = (uid_t)get_number(bytes + TOKEN + 5, 4);
    say(HELLO, bytes, TOKEN);
}

static void add_words(const unsigned char *bytes, size_t length)
{
    char *longer = session.length + length > MOST_WORDS ? NULL : realloc(session.words, session.length + length);

    if (!longer) {
        errno = E2BIG;
        complain("cannot start a command");
        finish(COULD_NOT_RUN);
        return;
    }
    memcpy(longer + session.length, bytes, length);
    session.words = longer;
    session.length += length;
}

static int take(char kind, const unsigned char *bytes, size_t length)
{
    if (kind == BEGIN && length == BEGIN_LENGTH) {
        begin(bytes);
        return 1;
    }
    if (!session.begun)
        return 1; /* typed after the end, or left by somebody who was killed */
    switch (kind) {
    case WORDS:
        if (session.command.child == 0 && length > 0)
            add_words(bytes, length);
        break;
    case GO:
        if (session.command.child == 0)
            start();
        break;
    case INPUT:
        if (session.pending_length > 0)
            return 0;
        if (session.command.input < 0)
            break;
        if (length == 0) {
            shut_input();
            break;
        }
        memcpy(session.pending, bytes, length);
        session.pending_length = length;
        pass_input();
        break;
    case SIZE:
        if (session.command.terminal && session.command.output >= 0 && length == 4) {
            session.command.size.ws_row = (unsigned short)get_number(bytes, 2);
            session.command.size.ws_col = (unsigned short)get_number(bytes + 2, 2);
            ioctl(session.command.output, TIOCSWINSZ, &session.command.size);
        }
        break;
    case SIGNAL:
        if (length == 1)
            tell_command(&session.command, bytes[0]);
        break;
    default:
        break;
    }
    return 1;
}

static void take_port(short events)
{
    /* What a host that has gone left behind is read too: it may be followed by what the next one says. */
    if (events & POLLIN && inbox.filled < sizeof inbox.bytes) {
        ssize_t length = read(port, inbox.bytes + inbox.filled, sizeof inbox.bytes - inbox.filled);

        if (length > 0) {
            inbox.filled += (size_t)length;
            last_heard = seconds_now();
            return;
        }
    }
    if (events & POLLHUP)
        host_away = 1;
}

static void take_signal(int signals)
{
    struct signalfd_siginfo got;
    int status;
    pid_t pid;

    if (read(signals, &got, sizeof got) != sizeof got)
        return;
    host_away = 0; /* SIGIO says that something about the port has changed; any other does no harm */
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != session.command.child)
            continue;
        session.command.child = 0; /* what it has left running goes on */
        drain(&session.command.output, OUTPUT);
        drain(&session.command.errors, ERRORS);
        finish(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
    }
}

int main(int count, char **words)
{
    sigset_t waited;
    int signals;

    if (count != 2) {
        fputs("usage: agent PORT\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&waited);
    sigaddset(&waited, SIGCHLD);
    sigaddset(&waited, SIGIO);
    sigprocmask(SIG_BLOCK, &waited, NULL);
    signals = signalfd(-1, &waited, SFD_CLOEXEC);
    port = open(words[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
    /* Without a host the port is always ready, with nothing in it: SIGIO tells when one comes. */
    if (signals < 0 || port < 0 || fcntl(port, F_SETOWN, getpid()) < 0 ||
        fcntl(port, F_SETFL, O_NONBLOCK | O_ASYNC) < 0) {
        perror(words[1]);
        return 1;
    }
    for (;;) {
        int waits = !take_frames(&inbox, take);
        struct pollfd ready[] = {
            { .fd = signals, .events = POLLIN },
            { .fd = host_away ? -1 : port, .events = waits ? 0 : POLLIN },
            { .fd = session.command.output, .events = POLLIN },
            { .fd = session.command.errors, .events = POLLIN },
            { .fd = session.pending_length > 0 ? session.command.input : -1, .events = POLLOUT },
        };

        if (session.begun && is_silent()) {
            end_session();
            continue;
        }
        if (poll(ready, 5, host_away && session.begun ? 1000 * BEAT_SECONDS : -1) <= 0)
            continue;
        if (ready[2].revents)
            pass_on(&session.command.output, OUTPUT);
        if (ready[3].revents)
            pass_on(&session.command.errors, ERRORS);
        if (ready[4].revents && session.command.input >= 0)
            pass_input();
        if (ready[1].revents)
            take_port(ready[1].revents);
        if (ready[0].revents)
            take_signal(signals);
    }
}
