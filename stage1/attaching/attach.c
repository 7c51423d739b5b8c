/*
 * Attaches to the streams of an app until they end, or until whoever attached wants no more.
 *
 *   attach BUNDLE STREAMS
 *
 * STREAMS are letters: (i)nput, (o)utput, (e)rrors; (t) where they are a terminal's, which makes ours raw; (z) where the
 * end of our input is to be the end of the app's. Ctrl-] three times within a second detaches from a terminal. The app
 * does not notice when this ends, however it does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"

#define COULD_NOT_RUN 254
#define ESCAPE 0x1d /* Ctrl-] */

static struct termios before;
static volatile sig_atomic_t is_raw, is_resized;

static void restore(void)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
    is_raw = 0;
}

static void leave(int signal_number)
{
    restore();
    _exit(128 + signal_number);
}

static void note_resize(int signal_number)
{
    (void)signal_number;
    is_resized = 1;
}

static int fail(const char *what)
{
    restore();
    fprintf(stderr, "stage1: %s: %s\n", what, strerror(errno));
    return COULD_NOT_RUN;
}

static void make_raw(void)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return; /* input from a file or a pipe */
    raw = before;
    cfmakeraw(&raw);
    is_raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int connected(const char *bundle)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET_NAME};
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    /* From within, since a whole path may be longer than an address can be. */
    if (connection < 0 || chdir(bundle) != 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
        return -1;
    return connection;
}

static int write_all(int file, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(file, bytes, count);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return -1;
        bytes += written;
        count -= (size_t)written;
    }
    return 0;
}

/* Whether Ctrl-] has now been typed three times within a second. */
static int is_escape(const char *bytes, size_t count)
{
    static int escapes;
    static struct timespec first;
    size_t index;

    for (index = 0; index < count; index++) {
        struct timespec now;

        if (bytes[index] != ESCAPE) {
            escapes = 0;
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (escapes == 0 || (now.tv_sec - first.tv_sec) * 1000 + (now.tv_nsec - first.tv_nsec) / 1000000 > 1000) {
            first = now;
            escapes = 0;
        }
        if (++escapes == 3)
            return 1;
    }
    return 0;
}

/* What is said next, kept until it can be said: the app may not read, and a signal has to be heard meanwhile. */
struct speech {
    char message[1 + MOST_INPUT];
    size_t count;
};

static void say(int connection, struct speech *speech)
{
    if (send(connection, speech->message, speech->count, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
        (errno != EAGAIN && errno != ENOBUFS && errno != EINTR))
        speech->count = 0;
}

static void say_size(int connection)
{
    char message[1 + sizeof(struct winsize)] = {WINDOW_SIZE};
    struct winsize size;

    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0)
        return;
    memcpy(message + 1, &size, sizeof size);
    send(connection, message, sizeof message, MSG_NOSIGNAL);
}

/* Acts on one message. The exit code once there is one, -1 before. */
static int hear(int connection)
{
    char message[1 + MOST_OUTPUT];
    ssize_t count = recv(connection, message, sizeof message, 0);
    uint64_t lost;

    if (count < 0 && errno == EINTR)
        return -1;
    if (count <= 0) {
        restore();
        fputs("stage1: the pod has ended\n", stderr);
        return COULD_NOT_RUN;
    }
    switch (message[0]) {
    case OUTPUT:
    case ERRORS:
        if (write_all(message[0] == OUTPUT ? STDOUT_FILENO : STDERR_FILENO, message + 1, (size_t)count - 1) != 0)
            return fail("cannot write what the app wrote");
        return -1;
    case LOST:
        if ((size_t)count == 1 + sizeof lost) {
            memcpy(&lost, message + 1, sizeof lost);
            fprintf(stderr, "stage1: %llu bytes of the app's were not read in time, and are lost\n",
                    (unsigned long long)lost);
        }
        return -1;
    case STREAMS_ENDED:
        restore();
        return 0;
    default:
        return -1;
    }
}

/* What was typed, ready to be said. Whether it asks to detach. */
static int read_input(struct speech *speech, int *open)
{
    ssize_t count = read(STDIN_FILENO, speech->message + 1, MOST_INPUT);

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (count <= 0) {
        *open = 0;
        speech->message[0] = INPUT_ENDED;
        speech->count = 1;
        return 0;
    }
    if (is_raw && is_escape(speech->message + 1, (size_t)count))
        return 1;
    speech->message[0] = INPUT;
    speech->count = 1 + (size_t)count;
    return 0;
}

static int attach(int connection, int input_open)
{
    struct speech speech = {.count = 0};
    sigset_t resizing, heard;

    sigemptyset(&resizing);
    sigaddset(&resizing, SIGWINCH);
    sigprocmask(SIG_BLOCK, &resizing, &heard);
    for (;;) {
        struct pollfd ready[] = {
            {.fd = connection, .events = (short)(POLLIN | (speech.count > 0 ? POLLOUT : 0))},
            {.fd = input_open && speech.count == 0 ? STDIN_FILENO : -1, .events = POLLIN},
        };

        if (ppoll(ready, 2, NULL, &heard) < 0 && errno != EINTR)
            return fail("cannot wait");
        if (is_resized) {
            is_resized = 0;
            say_size(connection);
            continue;
        }
        if (ready[0].revents & POLLOUT)
            say(connection, &speech);
        if (ready[0].revents & (POLLIN | POLLHUP | POLLERR)) {
            int code = hear(connection);

            if (code >= 0)
                return code;
        }
        if (ready[1].revents) {
            if (read_input(&speech, &input_open)) {
                restore();
                return 0;
            }
            if (speech.count > 0)
                say(connection, &speech);
        }
    }
}

int main(int count, char **words)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction leaving = {.sa_handler = leave}, resizing = {.sa_handler = note_resize};
    const char *streams;
    char hello[2] = {HELLO, 0};
    int connection;
    size_t index;

    if (count != 3) {
        fputs("usage: attach BUNDLE STREAMS\n", stderr);
        return 2;
    }
    streams = words[2];
    hello[1] = (char)((strchr(streams, 'i') ? WANTS_INPUT : 0) | (strchr(streams, 'o') ? WANTS_OUTPUT : 0) |
                      (strchr(streams, 'e') ? WANTS_ERRORS : 0) | (strchr(streams, 'z') ? HANDS_ON_END : 0));
    connection = connected(words[1]);
    if (connection < 0)
        return fail("cannot attach: the app has not started yet, or has ended");
    for (index = 0; index < sizeof ending / sizeof *ending; index++)
        sigaction(ending[index], &leaving, NULL);
    sigaction(SIGWINCH, &resizing, NULL);
    if (send(connection, hello, sizeof hello, MSG_NOSIGNAL) < 0)
        return fail("cannot attach");
    if (strchr(streams, 't')) {
        if (strchr(streams, 'i'))
            make_raw();
        say_size(connection);
    }
    return attach(connection, strchr(streams, 'i') != NULL);
}
