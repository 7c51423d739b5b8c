/*
 * Stands between the pod's first process and crun, for apps that can be attached to. It is called as crun is:
 *
 *   multiplex --root ROOT OPTION... run OPTION... APP
 *
 * The file `streams` in the app's bundle says in three letters what becomes of the app's input, output and errors:
 * (i)nherited, (n)othing, a (p)ipe, or a (t)erminal, which crun makes and sends to the socket `console`. A process is
 * started that has the other ends of them, and this one becomes crun. Without that file, or to do something else than to
 * run an app, it is crun and nothing else.
 *
 * The process with the streams ends by itself once the app has none of them any more, and holds a lock on that file for
 * so long: the pod's first process waits for it, so that the app's last words are not lost.
 *
 * Whoever attaches connects to the socket `attach`. Any number may come and go; none of them can stop the app: what one
 * does not read in time is lost to that one, and it is told how much.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "multiplexer.h"

#ifndef CRUN
#define CRUN "/usr/bin/crun"
#endif
#define COULD_NOT_RUN 254
#define CONSOLE_NAME "console"
#define MOST_WORDS 32

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "stage1: %s \"%s\": %s\n", what, which, strerror(errno));
    exit(COULD_NOT_RUN);
}

/* A socket of the bundle. Relative, since a whole path may be longer than an address can be. */
static int listen_in(const char *bundle, const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int listener = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    if (here < 0 || listener < 0 || chdir(bundle) != 0)
        fail("cannot listen in", bundle);
    strcpy(address.sun_path, name);
    unlink(name);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 8) != 0)
        fail("cannot listen in", bundle);
    if (fchdir(here) != 0)
        fail("cannot return from", bundle);
    close(here);
    return listener;
}

/*
 * The ends of one stream: ours, and the app's, which is -1 where crun gives it. There is no /dev/null among them: crun
 * gives an app's user what the app has as its streams, and the host's own device is not to be given.
 */
static void open_stream(char letter, int writes, int *ours, int *apps)
{
    int ends[2];

    *ours = *apps = -1;
    if (letter != 'p' && letter != 'n')
        return;
    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("cannot make", "a pipe");
    *ours = ends[writes ? 0 : 1];
    *apps = ends[writes ? 1 : 0];
    /* Only our end: the app did not ask for its own to be one that does not wait. */
    fcntl(*ours, F_SETFL, O_NONBLOCK);
    if (letter == 'n' && !writes)
        end(ours);
}

/* Becomes crun, in the caller's process; the streams go to a child of it. */
static void start(const char *bundle, const char *letters, int lock, int count, char **words)
{
    struct streams streams = {.terminal = strchr(letters, 't') != NULL, .takes_input = letters[0] == 't'};
    char console[PATH_MAX + 16], *with_console[MOST_WORDS + 3];
    int apps[3], life[2], file;
    pid_t child;

    open_stream(letters[0], 0, &streams.input, &apps[0]);
    open_stream(letters[1], 1, &streams.output, &apps[1]);
    open_stream(letters[2], 1, &streams.errors, &apps[2]);
    streams.attaching = listen_in(bundle, SOCKET_NAME, SOCK_SEQPACKET);
    streams.console = streams.terminal ? listen_in(bundle, CONSOLE_NAME, SOCK_STREAM) : -1;
    if (pipe2(life, O_CLOEXEC) != 0)
        fail("cannot make", "a pipe");
    streams.crun = life[0];

    child = fork();
    if (child < 0)
        fail("cannot start", "a multiplexer");
    if (child == 0) {
        signal(SIGPIPE, SIG_IGN);
        setsid();
        close(life[1]);
        for (file = 0; file < 3; file++)
            end(&apps[file]);
        file = open("/dev/null", O_RDWR);
        dup2(file, STDIN_FILENO);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        if (file > STDERR_FILENO)
            close(file);
        clients_begin();
        multiplex(&streams);
        _exit(0); /* and lets go of the lock */
    }
    close(lock);
    fcntl(life[1], F_SETFD, 0);
    for (file = 0; file < 3; file++)
        if (apps[file] >= 0 && dup2(apps[file], file) < 0)
            fail("cannot take on", "the app's streams");
    if (!streams.terminal)
        return;
    snprintf(console, sizeof console, "%s/" CONSOLE_NAME, bundle);
    memcpy(with_console, words, (size_t)(count - 1) * sizeof *words);
    with_console[count - 1] = "--console-socket";
    with_console[count] = console;
    with_console[count + 1] = words[count - 1];
    with_console[count + 2] = NULL;
    execv(CRUN, with_console);
    fail("cannot execute", CRUN);
}

int main(int count, char **words)
{
    char root[PATH_MAX] = "", bundle[PATH_MAX], file[PATH_MAX + 16], letters[8] = "";
    const char *command = NULL;
    int index, lock;

    if (count < 3 || count > MOST_WORDS) {
        fputs("usage: multiplex --root ROOT OPTION... run OPTION... APP\n", stderr);
        return 2;
    }
    for (index = 1; index < count && !command; index++) {
        if (strcmp(words[index], "--root") == 0 && index + 1 < count)
            snprintf(root, sizeof root, "%s", words[++index]);
        else if (words[index][0] != '-')
            command = words[index];
    }
    words[0] = CRUN;
    /* crun's root lies beside the bundles. */
    snprintf(bundle, sizeof bundle, "%s/%s", dirname(root), words[count - 1]);
    snprintf(file, sizeof file, "%s/streams", bundle);
    lock = open(file, O_RDONLY | O_CLOEXEC);
    if (lock >= 0 && command && strcmp(command, "run") == 0 && read(lock, letters, 3) == 3) {
        if (flock(lock, LOCK_EX) != 0)
            fail("cannot lock", file);
        start(bundle, letters, lock, count, words);
    }
    execv(CRUN, words);
    fail("cannot execute", CRUN);
}
