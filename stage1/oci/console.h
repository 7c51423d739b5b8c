/*
 * A terminal for an app: crun makes a pseudo-terminal inside the pod and sends its other end here; what is typed goes
 * in, what the app writes comes out. Ctrl-] three times within a second ends the pod, as with systemd-nspawn.
 */
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>

#define ESCAPE 0x1d /* Ctrl-] */
#define END_OF_INPUT 0x04

struct console {
    int listener, terminal, input_open;
    int raw;
    struct termios before;
    int escapes;
    struct timespec first_escape;
};

static int console_open(struct console *console, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    console->terminal = -1;
    console->raw = 0;
    console->escapes = 0;
    console->input_open = 1;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    unlink(path);
    console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (console->listener < 0 || bind(console->listener, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return listen(console->listener, 1);
}

static void console_resize(const struct console *console)
{
    struct winsize size;

    if (console->terminal >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        ioctl(console->terminal, TIOCSWINSZ, &size);
}

static void console_make_raw(struct console *console)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &console->before) < 0)
        return; /* input from a file or a pipe */
    raw = console->before;
    cfmakeraw(&raw);
    console->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static void console_restore(struct console *console)
{
    if (console->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &console->before);
    console->raw = 0;
}

/* Takes the terminal that crun sends over its socket. */
static int console_accept(struct console *console)
{
    char name[256];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = { .iov_base = name, .iov_len = sizeof name };
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes
    };
    struct cmsghdr *rights;
    int connection = accept4(console->listener, NULL, NULL, SOCK_CLOEXEC);

    if (connection < 0)
        return -1;
    if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) < 0) {
        close(connection);
        return -1;
    }
    close(connection);
    rights = CMSG_FIRSTHDR(&message);
    if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
        return -1;
    if (console->terminal >= 0)
        close(console->terminal);
    memcpy(&console->terminal, CMSG_DATA(rights), sizeof(int));
    console_make_raw(console);
    console_resize(console);
    return 0;
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
static int console_escaped(struct console *console, const char *bytes, ssize_t count)
{
    ssize_t index;

    for (index = 0; index < count; index++) {
        struct timespec now;

        if (bytes[index] != ESCAPE) {
            console->escapes = 0;
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (console->escapes == 0 ||
            (now.tv_sec - console->first_escape.tv_sec) * 1000 + (now.tv_nsec - console->first_escape.tv_nsec) / 1000000 > 1000) {
            console->first_escape = now;
            console->escapes = 0;
        }
        if (++console->escapes == 3)
            return 1;
    }
    return 0;
}

/* What was typed. 1 where it asks for the pod's end. */
static int console_input(struct console *console)
{
    char bytes[4096];
    ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);

    if (count < 0)
        return 0;
    if (count == 0) {
        char end = END_OF_INPUT;

        console->input_open = 0;
        write_all(console->terminal, &end, 1);
        return 0;
    }
    if (console->raw && console_escaped(console, bytes, count))
        return 1;
    write_all(console->terminal, bytes, (size_t)count);
    return 0;
}

/* What the app wrote. 0 once no more will come. */
static int console_output(struct console *console)
{
    char bytes[4096];
    ssize_t count = read(console->terminal, bytes, sizeof bytes);

    if (count <= 0 || write_all(STDOUT_FILENO, bytes, (size_t)count) < 0) {
        close(console->terminal);
        console->terminal = -1;
        return 0;
    }
    return 1;
}

/* What has been written and not yet been read when the pod ends. */
static void console_drain(struct console *console)
{
    struct pollfd ready = { .fd = console->terminal, .events = POLLIN };

    while (console->terminal >= 0 && poll(&ready, 1, 0) > 0 && console_output(console))
        ;
    console_restore(console);
}
