/* A command that an agent starts: with a terminal or with three streams, each of which belongs to the app's user. */
#ifndef COMMAND_H
#define COMMAND_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frames.h"

struct command {
    int terminal;
    struct winsize size;
    uid_t owner;
    pid_t child;
    int input, output, errors; /* our ends; with a terminal, input and output are the same */
};

static void shut(int *file)
{
    if (*file >= 0)
        close(*file);
    *file = -1;
}

/* The app's end of a new pipe, -1 where that fails. It belongs to the app, which may open it anew by /dev/stdout. */
static int make_pipe(int *ours, int app_reads, uid_t owner)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    *ours = ends[app_reads];
    if (fchown(*ours, owner, (gid_t)-1) == 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) == 0)
        return ends[!app_reads];
    close(ends[!app_reads]);
    return -1;
}

static void become_command(char **words, const int streams[3], const char *terminal)
{
    sigset_t none;
    int index;

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (terminal) {
        /* The first terminal that a session's leader opens becomes the session's. */
        int file = open(terminal, O_RDWR);

        for (index = 0; index < 3; index++)
            if (dup2(file, index) < 0)
                _exit(COULD_NOT_RUN);
        if (file > 2)
            close(file);
    } else {
        for (index = 0; index < 3; index++)
            if (dup2(streams[index], index) < 0)
                _exit(COULD_NOT_RUN);
    }
    execv(words[0], words);
    fprintf(stderr, "stage1: %s: %s\n", words[0], strerror(errno));
    _exit(COULD_NOT_RUN);
}

static int open_terminal(struct command *command, char *name, size_t length)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

    if (terminal < 0)
        return -1;
    command->input = command->output = terminal;
    if (unlockpt(terminal) < 0 || (errno = ptsname_r(terminal, name, length)) != 0)
        return -1;
    if (chown(name, command->owner, (gid_t)-1) < 0)
        return -1;
    return ioctl(terminal, TIOCSWINSZ, &command->size);
}

static int start_with_streams(struct command *command, char **words)
{
    int streams[] = {
        make_pipe(&command->input, 1, command->owner),
        make_pipe(&command->output, 0, command->owner),
        make_pipe(&command->errors, 0, command->owner),
    };
    int made = streams[0] >= 0 && streams[1] >= 0 && streams[2] >= 0, index;

    command->child = made ? fork() : -1;
    if (command->child == 0)
        become_command(words, streams, NULL);
    for (index = 0; index < 3; index++)
        shut(&streams[index]);
    return command->child < 0 ? -1 : 0;
}

static int start_with_terminal(struct command *command, char **words)
{
    char name[64];

    if (open_terminal(command, name, sizeof name) < 0)
        return -1;
    command->child = fork();
    if (command->child == 0)
        become_command(words, NULL, name);
    return command->child < 0 ? -1 : 0;
}

static int start_command(struct command *command, char **words)
{
    return command->terminal ? start_with_terminal(command, words) : start_with_streams(command, words);
}

/* The command with all that it has started; in its first moment it has no group yet. */
static void tell_command(const struct command *command, int signal_number)
{
    if (command->child > 0 && kill(-command->child, signal_number) < 0)
        kill(command->child, signal_number);
}

static void forget_command(struct command *command)
{
    if (command->input == command->output)
        command->input = -1;
    shut(&command->input);
    shut(&command->output);
    shut(&command->errors);
    command->child = 0;
}

#endif
