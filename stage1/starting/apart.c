/*
 * Goes apart from the host, makes the mounts of a pod, and executes a program in its own place.
 *
 *   apart [--net FILE | --alone] [--ipc] [--slave MOUNT] [--mounts TABLE] [--pid-file FILE] PROGRAM [ARGUMENT...]
 *
 * --net: joins a network namespace; --alone: has one of its own, with nothing but its loopback. --ipc: has an IPC
 * namespace of its own. Mounts are in a namespace of its own always: all of them become slaves of the host's, so that
 * nothing that is mounted here reaches the host; with --slave only this one does, and the others stay peers.
 * --mounts: as mountTable.h reads it. --pid-file: where this process's number is to be written.
 *
 * One program in the place of nsenter, unshare, a shell and mount, each of which takes as long to start as this takes
 * for everything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"
#include "mountTable.h"

#define COULD_NOT_RUN 254

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "stage1: %s \"%s\": %s\n", what, which, strerror(errno));
    exit(COULD_NOT_RUN);
}

static void join_network(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || setns(file, CLONE_NEWNET) < 0)
        fail("cannot join network namespace", path);
    close(file);
}

/* Written beside and renamed, so that whoever reads it finds all or nothing. */
static void write_pid(const char *path)
{
    char temporary[4096];
    FILE *file;

    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        fail("cannot write", path);
    }
    file = fopen(temporary, "we");
    if (!file || fprintf(file, "%d\n", (int)getpid()) < 0 || fclose(file) != 0 || rename(temporary, path) != 0)
        fail("cannot write", path);
}

int main(int count, char **words)
{
    static const struct option options[] = {
        { "net", required_argument, NULL, 'n' },    { "alone", no_argument, NULL, 'a' },
        { "ipc", no_argument, NULL, 'i' },          { "slave", required_argument, NULL, 's' },
        { "mounts", required_argument, NULL, 'm' }, { "pid-file", required_argument, NULL, 'p' },
        { NULL, 0, NULL, 0 },
    };
    const char *net = NULL, *slave = NULL, *mounts = NULL, *pid_file = NULL;
    int option, own = CLONE_NEWNS;

    while ((option = getopt_long(count, words, "+", options, NULL)) != -1) {
        switch (option) {
        case 'n': net = optarg; break;
        case 'a': own |= CLONE_NEWNET; break;
        case 'i': own |= CLONE_NEWIPC; break;
        case 's': slave = optarg; break;
        case 'm': mounts = optarg; break;
        case 'p': pid_file = optarg; break;
        default: return COULD_NOT_RUN;
        }
    }
    if (optind >= count) {
        fputs("stage1: apart: no program is named\n", stderr);
        return COULD_NOT_RUN;
    }
    if (net)
        join_network(net);
    if (unshare(own) < 0)
        fail("cannot have namespaces for", words[optind]);
    if (own & CLONE_NEWNET && loopback_up() < 0)
        fail("cannot bring up", "lo");
    if (mount(NULL, slave ? slave : "/", NULL, slave ? MS_SLAVE : MS_SLAVE | MS_REC, NULL) < 0)
        fail("cannot keep mounts from the host at", slave ? slave : "/");
    if (mounts && mount_table(mounts) < 0)
        return COULD_NOT_RUN;
    if (pid_file)
        write_pid(pid_file);
    execvp(words[optind], words + optind);
    fail("cannot execute", words[optind]);
}
