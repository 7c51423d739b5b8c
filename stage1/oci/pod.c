/*
 * The process that is a pod of the oci flavour, in two parts of one program.
 *
 *   pod outer FOLDER PIDFILE CONSOLE COMMAND...
 *                                         holds the pod's lock, starts COMMAND (unshare, which starts the inner part),
 *                                         writes COMMAND's pid, passes signals on to the inner part, ends with its code;
 *                                         CONSOLE is the socket at which it takes the app's terminal, or "-"
 *   pod inner GRACE MUTABLE CONSOLE CRUN ROOT APP...
 *                                         process 1 of the pod's pid namespace: starts each app with crun, takes in
 *                                         every orphan, writes exit codes, ends when the last app has, or when the
 *                                         first one fails; with MUTABLE "1" it waits for being told instead, and starts
 *                                         each app with a file oci/APP/start when it is sent SIGRTMIN
 *
 * The inner part being process 1, the kernel ends everything in the pod when it dies, whatever kills it. The outer part
 * tells the kernel to take the inner one along when it dies itself. So no kill leaves an app behind.
 *
 * Works in the pod's folder: bundles and pid files in oci/APP, exit codes in stage1/rootfs/rkt/status/APP.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "console.h"

#define COULD_NOT_RUN 254
#define COULD_NOT_EXEC 203 /* what systemd says of a program that it could not start */

static void complain(const char *format, ...)
{
    va_list arguments;
    int cause = errno;

    fputs("stage1: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (cause)
        fprintf(stderr, ": %s", strerror(cause));
    fputc('\n', stderr);
}

static int code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Written beside and renamed, so that whoever reads it finds all or nothing. */
static int write_number(const char *path, long number)
{
    char temporary[512];
    FILE *file;

    if ((size_t)snprintf(temporary, sizeof temporary, "%s.new", path) >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return -1;
    }
    file = fopen(temporary, "we");
    if (!file)
        return -1;
    fprintf(file, "%ld", number);
    if (fclose(file) != 0)
        return -1;
    return rename(temporary, path);
}

static long read_number(const char *path)
{
    long number = -1;
    FILE *file = fopen(path, "re");

    if (!file)
        return -1;
    if (fscanf(file, "%ld", &number) != 1)
        number = -1;
    fclose(file);
    return number;
}

static void block_signals(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    sigprocmask(SIG_SETMASK, &all, before);
}

/* ---- outer ------------------------------------------------------------------------------------------------------ */

static void pass_on(pid_t unshare, int signal_number)
{
    char path[64];
    long inner;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", unshare, unshare);
    inner = read_number(path);
    /* Before there is an inner part nothing has started that would need a polite end. */
    kill(inner > 0 ? (pid_t)inner : unshare, inner > 0 ? signal_number : SIGKILL);
}

/* Acts on one signal; the pod's exit code once it has ended, -1 before. */
static int take_signal(pid_t child, int signal_number)
{
    int status;

    switch (signal_number) {
    case SIGCHLD:
        if (waitpid(child, &status, WNOHANG) == child)
            return code_of(status);
        break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
    case SIGHUP:
    case SIGUSR1:
    case SIGUSR2:
        pass_on(child, signal_number);
        break;
    default:
        break;
    }
    return -1;
}

static int wait_for(pid_t child)
{
    sigset_t waited;

    sigfillset(&waited);
    for (;;) {
        siginfo_t got;
        int code = sigwaitinfo(&waited, &got) < 0 ? -1 : take_signal(child, got.si_signo);

        if (code >= 0)
            return code;
    }
}

static int wait_at_console(pid_t child, struct console *console)
{
    sigset_t waited;
    int signals;

    sigfillset(&waited);
    signals = signalfd(-1, &waited, SFD_CLOEXEC);
    for (;;) {
        struct pollfd ready[] = {
            { .fd = signals, .events = POLLIN },
            { .fd = console->listener, .events = POLLIN },
            { .fd = console->terminal, .events = POLLIN },
            { .fd = console->terminal >= 0 && console->input_open ? STDIN_FILENO : -1, .events = POLLIN },
        };
        struct signalfd_siginfo got;

        if (poll(ready, 4, -1) < 0)
            continue;
        if (ready[2].revents)
            console_output(console);
        if (ready[1].revents)
            console_accept(console);
        if (ready[3].revents && console->terminal >= 0 && console_input(console)) {
            console_restore(console);
            kill(child, SIGKILL);
        }
        if (ready[0].revents && read(signals, &got, sizeof got) == sizeof got) {
            int code;

            if (got.ssi_signo == SIGWINCH)
                console_resize(console);
            code = take_signal(child, (int)got.ssi_signo);
            if (code >= 0) {
                console_drain(console);
                return code;
            }
        }
    }
}

static int outer(int count, char **words)
{
    const char *pod, *pid_file;
    sigset_t before;
    pid_t parent = getpid(), child;
    int lock, interactive;
    struct console console;

    if (count < 4) {
        errno = 0;
        complain("pod outer: folder, pid file, console and command are missing");
        return COULD_NOT_RUN;
    }
    pod = words[0];
    pid_file = words[1];
    interactive = strcmp(words[2], "-") != 0;

    if (chdir(pod) < 0) {
        complain("%s", pod);
        return COULD_NOT_RUN;
    }
    lock = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0) {
        complain("%s: somebody else holds this pod", pod);
        return COULD_NOT_RUN;
    }

    if (interactive && console_open(&console, words[2]) < 0) {
        complain("%s", words[2]);
        return COULD_NOT_RUN;
    }

    block_signals(&before);
    child = fork();
    if (child < 0) {
        complain("cannot start the pod");
        return COULD_NOT_RUN;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(COULD_NOT_RUN);
        /* Node ignores it, and whoever is started inherits that. */
        signal(SIGPIPE, SIG_DFL);
        /* Out of the terminal's foreground group: ^C comes once, through the outer part. */
        setpgid(0, 0);
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(words[3], words + 3);
        complain("%s", words[3]);
        _exit(COULD_NOT_RUN);
    }
    if (write_number(pid_file, child) < 0) {
        complain("%s/%s", pod, pid_file);
        kill(child, SIGKILL);
    }

    return interactive ? wait_at_console(child, &console) : wait_for(child);
}

/* ---- inner ------------------------------------------------------------------------------------------------------ */

static const char *crun, *crun_root, *console_socket;
static char folder[PATH_MAX];

/* Starts `crun COMMAND OPTION... APP`; at most five options, ended by NULL. */
static pid_t start_crun(const sigset_t *mask, const char *command, const char *const *options, const char *app)
{
    const char *words[16] = { crun, "--root", crun_root, "--cgroup-manager=cgroupfs", command };
    int count = 5;
    pid_t child = fork();

    if (child != 0)
        return child;
    while (*options && count < 14)
        words[count++] = *options++;
    words[count++] = app;
    words[count] = NULL;
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(crun, (char *const *)words);
    complain("%s", crun);
    _exit(COULD_NOT_EXEC);
}

static int run_app(const sigset_t *mask, const char *app)
{
    char bundle[PATH_MAX], pid_file[PATH_MAX];
    const char *options[] = { "--detach", "--bundle", bundle, "--pid-file", pid_file, NULL, NULL, NULL };
    int status;
    pid_t child;

    if (console_socket) {
        options[5] = "--console-socket";
        options[6] = console_socket;
    }

    /* In full: crun goes into the bundle before it looks at the other. */
    if (snprintf(bundle, sizeof bundle, "%s/oci/%s", folder, app) >= PATH_MAX ||
        snprintf(pid_file, sizeof pid_file, "%s/oci/%s/pid", folder, app) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        complain("%s", app);
        return -1;
    }
    child = start_crun(mask, "run", options, app);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -1;
    return code_of(status) == 0 ? 0 : -1;
}

/* Ends what the app has left running, and takes its cgroup away. */
static void clear_app(const sigset_t *mask, const char *app)
{
    static const char *const options[] = { "--force", NULL };
    int status;
    pid_t child = start_crun(mask, "delete", options, app);

    if (child > 0)
        waitpid(child, &status, 0);
}

/* Calls `each` for every app whose process is not known to have ended. Apps may come and go while the pod runs. */
static int for_running_apps(int (*each)(const char *app, pid_t pid, void *context), void *context)
{
    DIR *apps = opendir("oci");
    struct dirent *entry;
    int answered = 0;

    if (!apps)
        return 0;
    while ((entry = readdir(apps))) {
        char pid_file[512], status_file[512];
        long pid;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(pid_file, sizeof pid_file, "oci/%s/pid", entry->d_name);
        snprintf(status_file, sizeof status_file, "stage1/rootfs/rkt/status/%s", entry->d_name);
        pid = read_number(pid_file);
        if (pid <= 0 || access(status_file, F_OK) == 0)
            continue;
        answered += each(entry->d_name, (pid_t)pid, context);
    }
    closedir(apps);
    return answered;
}

static int tell(const char *app, pid_t pid, void *signal_number)
{
    (void)app;
    return kill(pid, *(int *)signal_number) == 0;
}

struct ended {
    pid_t pid;
    int code;
    const sigset_t *mask;
};

static int note_end(const char *app, pid_t pid, void *context)
{
    const struct ended *ended = context;
    char status_file[512];

    if (pid != ended->pid)
        return 0;
    clear_app(ended->mask, app);
    snprintf(status_file, sizeof status_file, "stage1/rootfs/rkt/status/%s", app);
    if (write_number(status_file, ended->code) < 0)
        complain("%s", status_file);
    return 1;
}

static int count_app(const char *app, pid_t pid, void *context)
{
    (void)app;
    (void)context;
    return kill(pid, 0) == 0;
}

static void note_failure(const char *app)
{
    char status_file[512];

    snprintf(status_file, sizeof status_file, "stage1/rootfs/rkt/status/%s", app);
    if (write_number(status_file, COULD_NOT_EXEC) < 0)
        complain("%s", status_file);
}

/* Starts every app that is marked to be started. They are ours from the first moment, and write where the pod writes. */
static void start_marked_apps(const sigset_t *mask)
{
    DIR *apps = opendir("oci");
    struct dirent *entry;

    if (!apps)
        return;
    while ((entry = readdir(apps))) {
        char mark[512], status_file[512];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(mark, sizeof mark, "oci/%s/start", entry->d_name);
        if (unlink(mark) < 0)
            continue;
        snprintf(status_file, sizeof status_file, "stage1/rootfs/rkt/status/%s", entry->d_name);
        unlink(status_file);
        if (run_app(mask, entry->d_name) < 0)
            note_failure(entry->d_name);
    }
    closedir(apps);
}

static int inner(int count, char **words)
{
    sigset_t before, waited;
    int grace, stays, first_failure = 0, ending = 0, forced = 0;
    int index;

    if (count < 5) {
        errno = 0;
        complain("pod inner: arguments are missing");
        return COULD_NOT_RUN;
    }
    grace = atoi(words[0]);
    stays = words[1][0] == '1';
    console_socket = strcmp(words[2], "-") == 0 ? NULL : words[2];
    crun = words[3];
    crun_root = words[4];
    if (!getcwd(folder, sizeof folder)) {
        complain("the pod's folder");
        return COULD_NOT_RUN;
    }

    block_signals(&before);
    sigfillset(&waited);

    for (index = 5; index < count; index++) {
        if (run_app(&before, words[index]) < 0) {
            note_failure(words[index]);
            first_failure = COULD_NOT_EXEC;
            break;
        }
    }
    if (first_failure == 0 && symlink("ready", "stage1/rootfs/rkt/supervisor-status") < 0)
        complain("stage1/rootfs/rkt/supervisor-status");

    for (;;) {
        static const int politely = SIGTERM, at_once = SIGKILL;
        struct timespec patience = { .tv_sec = grace, .tv_nsec = 0 };
        siginfo_t got;
        struct ended ended = { .mask = &before };
        int status, signal_number;

        /* Everything that has ended by now; orphans are taken in and forgotten. */
        while ((ended.pid = waitpid(-1, &status, WNOHANG)) > 0) {
            ended.code = code_of(status);
            if (for_running_apps(note_end, &ended) && ended.code != 0 && first_failure == 0)
                first_failure = ended.code;
        }

        if (!for_running_apps(count_app, NULL) && (!stays || ending))
            return first_failure;
        if (first_failure != 0 && !stays && !ending) {
            ending = 1;
            for_running_apps(tell, (void *)&politely);
        }

        signal_number = ending && !forced ? sigtimedwait(&waited, &got, &patience) : sigwaitinfo(&waited, &got);
        if (signal_number < 0 && errno == EAGAIN) {
            forced = 1;
            for_running_apps(tell, (void *)&at_once);
            continue;
        }
        if (signal_number == SIGRTMIN) {
            if (!ending)
                start_marked_apps(&before);
            continue;
        }
        switch (signal_number) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT:
        case SIGHUP:
            forced = ending;
            for_running_apps(tell, (void *)(ending ? &at_once : &politely));
            ending = 1;
            break;
        case SIGUSR1:
        case SIGUSR2:
            for_running_apps(tell, &signal_number);
            break;
        default:
            break;
        }
    }
}

int main(int count, char **words)
{
    errno = 0;
    if (count > 2 && strcmp(words[1], "outer") == 0)
        return outer(count - 2, words + 2);
    if (count > 2 && strcmp(words[1], "inner") == 0)
        return inner(count - 2, words + 2);
    fputs("usage: pod outer FOLDER PIDFILE CONSOLE COMMAND... | pod inner GRACE MUTABLE CONSOLE CRUN ROOT APP...\n", stderr);
    return 2;
}
