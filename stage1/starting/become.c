/*
 * Becomes a process of an app: takes the app's root, folder, groups, user, capabilities and environment, and then
 * executes the app's program in its own place.
 *
 *   become [--root DIR] [--folder DIR] [--user UID] [--groups GID[,GID...]] [--keep-capabilities HEX]
 *          [--no-new-privileges] [--seccomp-of PID] [--users-of PID] [--environment FILE] [--set NAME=VALUE] [--pid-file FILE]
 *          PROGRAM [ARGUMENT...]
 *
 * One program for it, because the steps must come in this order and in one process: after the change of root none of
 * the host's programs is there any more, and before it the app's environment must not reach any of them (LD_PRELOAD
 * would have the host's programs load a file of the image).
 *
 * --groups: the first is the app's own. --keep-capabilities: what stays in the bounding set, as /proc/PID/status
 * writes it. --environment: NAME=VALUE, each ended by a zero byte; nothing else is in the app's environment.
 * --seccomp-of: takes on the system call filters of another process, for whoever joins an app that has some.
 * --users-of: goes into the user namespace of another process. Not sooner: its filters are shown to the host's root alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <sched.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COULD_NOT_RUN 254
#define MOST_GROUPS 256
#define MOST_FILTERS 64
#define MOST_SET 16

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "stage1: %s \"%s\": %s\n", what, which, strerror(errno));
    exit(COULD_NOT_RUN);
}

static uint64_t number(const char *text, int base)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, base);
    if (errno == 0 && (*text == '\0' || *end != '\0'))
        errno = EINVAL;
    if (errno != 0)
        fail("no number", text);
    return value;
}

static size_t read_groups(char *list, gid_t *groups)
{
    size_t count = 0;
    char *each;

    for (each = strtok(list, ","); each; each = strtok(NULL, ",")) {
        if (count == MOST_GROUPS) {
            errno = E2BIG;
            fail("too many groups", each);
        }
        groups[count++] = (gid_t)number(each, 10);
    }
    return count;
}

/* The file's bytes stay in memory: the environment points into them. */
static void read_environment(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL, *each;
    size_t size = 0, used = 0, got;

    if (!file)
        fail("cannot read environment", path);
    do {
        if (size - used < 4097) {
            size = size * 2 + 8192;
            text = realloc(text, size);
            if (!text)
                fail("no memory for environment", path);
        }
        got = fread(text + used, 1, size - used - 1, file);
        used += got;
    } while (got > 0);
    if (ferror(file))
        fail("cannot read environment", path);
    fclose(file);
    text[used] = '\0';
    for (each = text; each < text + used; each += strlen(each) + 1)
        if (strchr(each, '=') && putenv(each) != 0)
            fail("cannot set variable", each);
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

static void bound_capabilities(uint64_t kept)
{
    int capability;

    for (capability = 0; capability < 64 && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
        if (!(kept >> capability & 1) && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            fail("cannot drop capability", "bounding set");
}

/* Nothing inheritable, which would outlive the change of user; all that is permitted in force, until the app starts. */
static void arrange_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    int half;

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
        fail("cannot clear capabilities", "ambient");
    if (syscall(SYS_capget, &header, data) != 0)
        fail("cannot read capabilities", "own");
    for (half = 0; half < 2; half++) {
        data[half].inheritable = 0;
        data[half].effective = data[half].permitted;
    }
    if (syscall(SYS_capset, &header, data) != 0)
        fail("cannot arrange capabilities", "own");
}

struct filters {
    int count;
    struct sock_fprog programs[MOST_FILTERS];
};

/* The newest filter is number 0. The other process stands still for a moment. */
static void read_filters(pid_t pid, const char *name, struct filters *filters)
{
    int status;
    long length;

    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) != 0 || ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) != 0)
        fail("cannot look at the filters of process", name);
    if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
        fail("cannot stop process", name);
    for (filters->count = 0;; filters->count++) {
        struct sock_fprog *program = &filters->programs[filters->count];

        length = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)(long)filters->count, NULL);
        if (length < 0 && errno == ENOENT)
            break;
        if (length < 0 || filters->count == MOST_FILTERS)
            fail("cannot read the filters of process", name);
        program->len = (unsigned short)length;
        program->filter = calloc((size_t)length, sizeof *program->filter);
        if (!program->filter || ptrace(PTRACE_SECCOMP_GET_FILTER, pid, (void *)(long)filters->count, program->filter) < 0)
            fail("cannot read the filters of process", name);
    }
    ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

static void join_users(const char *pid)
{
    char path[64];
    int users;

    snprintf(path, sizeof path, "/proc/%lu/ns/user", (unsigned long)number(pid, 10));
    users = open(path, O_RDONLY | O_CLOEXEC);
    if (users < 0 || setns(users, CLONE_NEWUSER) != 0)
        fail("cannot join the users of process", pid);
    close(users);
}

int main(int count, char **words)
{
    static const struct option options[] = {
        {"root", required_argument, NULL, 'r'},          {"folder", required_argument, NULL, 'f'},
        {"user", required_argument, NULL, 'u'},          {"groups", required_argument, NULL, 'g'},
        {"keep-capabilities", required_argument, NULL, 'c'}, {"no-new-privileges", no_argument, NULL, 'n'},
        {"seccomp-of", required_argument, NULL, 's'},    {"users-of", required_argument, NULL, 'U'},
        {"environment", required_argument, NULL, 'e'},
        {"set", required_argument, NULL, 'v'},           {"pid-file", required_argument, NULL, 'p'},
        {NULL, 0, NULL, 0},
    };
    const char *root = NULL, *folder = "/", *environment = NULL, *pid_file = NULL, *seccomp_of = NULL, *user = NULL,
               *users_of = NULL;
    char *capabilities = NULL, *set[MOST_SET];
    static gid_t groups[MOST_GROUPS];
    static struct filters filters;
    size_t group_count = 0, set_count = 0;
    int option, no_new_privileges = 0;

    /* Nobody inside may look into this process while it still has more than the app. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    while ((option = getopt_long(count, words, "+", options, NULL)) != -1) {
        switch (option) {
        case 'r': root = optarg; break;
        case 'f': folder = optarg; break;
        case 'u': user = optarg; break;
        case 'g': group_count = read_groups(optarg, groups); break;
        case 'c': capabilities = optarg; break;
        case 'n': no_new_privileges = 1; break;
        case 's': seccomp_of = optarg; break;
        case 'U': users_of = optarg; break;
        case 'e': environment = optarg; break;
        case 'v':
            if (set_count < MOST_SET)
                set[set_count++] = optarg;
            break;
        case 'p': pid_file = optarg; break;
        default: return COULD_NOT_RUN;
        }
    }
    if (optind >= count) {
        fputs("stage1: become: no program is named\n", stderr);
        return COULD_NOT_RUN;
    }
    if (seccomp_of)
        read_filters((pid_t)number(seccomp_of, 10), seccomp_of, &filters);
    if (users_of)
        join_users(users_of);
    clearenv();
    if (environment)
        read_environment(environment);
    for (; set_count > 0; set_count--)
        putenv(set[set_count - 1]);
    if (pid_file)
        write_pid(pid_file);

    if (root && (chroot(root) != 0 || chdir("/") != 0))
        fail("cannot change root to", root);
    if (capabilities)
        bound_capabilities(number(capabilities, 16));
    arrange_capabilities();
    if (group_count > 0) {
        if (setgroups(group_count, groups) != 0 || setresgid(groups[0], groups[0], groups[0]) != 0)
            fail("cannot take on", "groups");
    }
    if (no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("cannot take on", "no_new_privs");
    if (user) {
        uid_t uid = (uid_t)number(user, 10);

        if (filters.count > 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0)
            fail("cannot keep capabilities", "until filters are there");
        if (setresuid(uid, uid, uid) != 0)
            fail("cannot take on user", user);
    }
    /* With the app's own rights, so that a folder that is closed to the app is closed. */
    if (chdir(folder) != 0)
        fail("cannot change to working directory", folder);
    /* Kept through the change of user: without no_new_privs only a privileged process may take on filters. */
    if (filters.count > 0)
        arrange_capabilities();
    for (; filters.count > 0; filters.count--)
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters.programs[filters.count - 1], 0, 0) != 0)
            fail("cannot take on", "the app's system call filters");

    /* Whoever started this may have ignored it for itself, as Node does. */
    signal(SIGPIPE, SIG_DFL);
    execvp(words[optind], words + optind);
    fail("cannot execute", words[optind]);
}
