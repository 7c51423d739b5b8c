/*
 * The inner part: process 1 of the pod. Starts each app with crun, takes in every orphan, writes exit codes, ends when
 * the last app has, or when the first one fails. In a pod that stays it waits for being told instead, and starts each
 * app that has a file oci/APP/start when it is sent SIGRTMIN.
 */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <time.h>

#include "../attaching/lastWords.h"

static const struct plan *pod;
static sigset_t mask_of_apps;
static char folder[PATH_MAX];

/* Starts `crun COMMAND OPTION... APP`; at most seven options, ended by NULL. */
static pid_t start_crun(const char *command, const char *const *options, const char *app)
{
    const char *words[16] = { pod->crun, "--root", pod->crun_root, "--cgroup-manager=cgroupfs", command };
    int count = 5;
    pid_t child = fork();

    if (child != 0)
        return child;
    while (*options && count < 14)
        words[count++] = *options++;
    words[count++] = app;
    words[count] = NULL;
    sigprocmask(SIG_SETMASK, &mask_of_apps, NULL);
    execv(pod->crun, (char *const *)words);
    complain("%s", pod->crun);
    _exit(COULD_NOT_EXEC);
}

static int run_app(const char *app)
{
    char bundle[PATH_MAX], pid_file[PATH_MAX];
    const char *options[] = { "--detach", "--bundle", bundle, "--pid-file", pid_file, NULL, NULL, NULL };
    int status;
    pid_t child;

    if (pod->console) {
        options[5] = "--console-socket";
        options[6] = pod->console;
    }
    /* In full: crun goes into the bundle before it looks at the other. */
    if (snprintf(bundle, sizeof bundle, "%s/oci/%s", folder, app) >= PATH_MAX ||
        snprintf(pid_file, sizeof pid_file, "%s/oci/%s/pid", folder, app) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        complain("%s", app);
        return -1;
    }
    child = start_crun("run", options, app);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -1;
    return code_of(status) == 0 ? 0 : -1;
}

/* Ends what an app has left running. In a pod that stays it may start again, so crun has to forget it. */
static void clear_app(const char *app)
{
    static const char *const options[] = { "--force", NULL };
    int status;
    pid_t child;

    if (!pod->stays) {
        clear_cgroups(pod->cgroup, app, END_MEMBERS);
        return;
    }
    child = start_crun("delete", options, app);
    if (child > 0)
        waitpid(child, &status, 0);
}

/* Calls `each` for every app that there is, started or not. Apps may come and go while the pod runs. */
static int for_apps(int (*each)(const char *app, void *context), void *context)
{
    DIR *apps = opendir("oci");
    struct dirent *entry;
    int answered = 0;

    if (!apps)
        return 0;
    while ((entry = readdir(apps)))
        if (entry->d_name[0] != '.')
            answered += each(entry->d_name, context);
    closedir(apps);
    return answered;
}

static void status_file(char *path, size_t size, const char *app)
{
    snprintf(path, size, "stage1/rootfs/rkt/status/%s", app);
}

/* The process of an app that is not known to have ended, or 0. */
static pid_t running(const char *app)
{
    char path[512];
    long pid;

    snprintf(path, sizeof path, "oci/%s/pid", app);
    pid = read_number(path);
    status_file(path, sizeof path, app);
    return pid <= 0 || access(path, F_OK) == 0 ? 0 : (pid_t)pid;
}

static int tell(const char *app, void *signal_number)
{
    pid_t pid = running(app);

    return pid > 0 && kill(pid, *(const int *)signal_number) == 0;
}

static int is_alive(const char *app, void *context)
{
    pid_t pid = running(app);

    (void)context;
    return pid > 0 && kill(pid, 0) == 0;
}

static void note_code(const char *app, int code)
{
    char path[512];

    status_file(path, sizeof path, app);
    if (write_number(path, code) < 0)
        complain("%s", path);
}

struct ended {
    pid_t pid;
    int code;
};

static int note_end(const char *app, void *context)
{
    const struct ended *ended = context;

    if (running(app) != ended->pid)
        return 0;
    clear_app(app);
    note_code(app, ended->code);
    return 1;
}

/* An app that is marked to be started is ours from the first moment, and writes where the pod writes. */
static int start_if_marked(const char *app, void *context)
{
    char path[512];

    (void)context;
    snprintf(path, sizeof path, "oci/%s/start", app);
    if (unlink(path) < 0)
        return 0;
    status_file(path, sizeof path, app);
    unlink(path);
    if (run_app(app) < 0)
        note_code(app, COULD_NOT_EXEC);
    return 1;
}

static int remove_cgroups(const char *app, void *context)
{
    (void)context;
    clear_cgroups(pod->cgroup, app, REMOVE);
    return 1;
}

/* Starts the apps; the pod's exit code where one could not be, else 0. */
static int start_apps(void)
{
    char **app;

    for (app = pod->apps; *app; app++) {
        if (run_app(*app) < 0) {
            note_code(*app, COULD_NOT_EXEC);
            return COULD_NOT_EXEC;
        }
    }
    if (symlink("ready", "stage1/rootfs/rkt/supervisor-status") < 0)
        complain("stage1/rootfs/rkt/supervisor-status");
    return 0;
}

/* Takes in everything that has ended by now; orphans are forgotten. The code of the first app that failed, or 0. */
static int take_in(void)
{
    struct ended ended;
    int status, failure = 0;

    while ((ended.pid = waitpid(-1, &status, WNOHANG)) > 0) {
        ended.code = code_of(status);
        if (for_apps(note_end, &ended) && failure == 0)
            failure = ended.code;
    }
    return failure;
}

static time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/* The next signal; -1 once it is `until`, whatever orphans have come and gone meanwhile. */
static int signal_until(time_t until)
{
    const struct timespec patience = { .tv_sec = until - now(), .tv_nsec = 0 };
    sigset_t waited;
    siginfo_t got;

    if (patience.tv_sec <= 0) {
        errno = EAGAIN;
        return -1;
    }
    sigfillset(&waited);
    return sigtimedwait(&waited, &got, &patience);
}

static int next_signal(void)
{
    sigset_t waited;
    siginfo_t got;

    sigfillset(&waited);
    return sigwaitinfo(&waited, &got);
}

/* Until the last app has ended, or the first one has failed. Gives the pod's exit code. */
static int watch_over_apps(int failure)
{
    static const int politely = SIGTERM, at_once = SIGKILL;
    int ending = 0, forced = 0;
    time_t deadline = 0;

    for (;;) {
        int signal_number, failed = take_in();

        if (failure == 0)
            failure = failed;
        if (!for_apps(is_alive, NULL) && (!pod->stays || ending))
            return failure;
        if (failure != 0 && !pod->stays && !ending) {
            ending = 1;
            deadline = now() + pod->grace;
            for_apps(tell, (void *)&politely);
        }
        signal_number = ending && !forced ? signal_until(deadline) : next_signal();
        if (signal_number < 0 && errno == EAGAIN) {
            forced = 1;
            for_apps(tell, (void *)&at_once);
            continue;
        }
        if (signal_number == SIGRTMIN) {
            if (!ending)
                for_apps(start_if_marked, NULL);
            continue;
        }
        switch (signal_number) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT:
        case SIGHUP:
            forced = ending;
            for_apps(tell, (void *)(ending ? &at_once : &politely));
            if (!ending)
                deadline = now() + pod->grace;
            ending = 1;
            break;
        case SIGUSR1:
        case SIGUSR2:
            for_apps(tell, &signal_number);
            break;
        default:
            break;
        }
    }
}

static int inner(const struct plan *plan, const sigset_t *mask)
{
    int code;

    pod = plan;
    mask_of_apps = *mask;
    if (!getcwd(folder, sizeof folder)) {
        complain("the pod's folder");
        return COULD_NOT_RUN;
    }
    if (go_apart(plan) < 0)
        return COULD_NOT_RUN;
    code = watch_over_apps(start_apps());
    for_apps(await_last_words, NULL);
    /* Cgroups can go once nobody is in them. */
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    for_apps(remove_cgroups, NULL);
    return code;
}
