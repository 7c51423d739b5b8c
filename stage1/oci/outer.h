/*
 * The outer part: it is what the command `rkt run` has become. Holds the pod's lock, starts the inner part, passes
 * signals on to it, and ends with its code.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

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

/* Acts on one signal; the pod's exit code once it has ended, -1 before. */
static int take_signal(pid_t inner, int signal_number)
{
    int status;

    switch (signal_number) {
    case SIGCHLD:
        if (waitpid(inner, &status, WNOHANG) == inner)
            return code_of(status);
        break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
    case SIGHUP:
    case SIGUSR1:
    case SIGUSR2:
        kill(inner, signal_number);
        break;
    default:
        break;
    }
    return -1;
}

static int wait_for(pid_t inner)
{
    sigset_t waited;

    sigfillset(&waited);
    for (;;) {
        siginfo_t got;
        int code = sigwaitinfo(&waited, &got) < 0 ? -1 : take_signal(inner, got.si_signo);

        if (code >= 0)
            return code;
    }
}

static int wait_at_console(pid_t inner, struct console *console)
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
            kill(inner, SIGKILL);
        }
        if (ready[0].revents && read(signals, &got, sizeof got) == sizeof got) {
            int code;

            if (got.ssi_signo == SIGWINCH)
                console_resize(console);
            code = take_signal(inner, (int)got.ssi_signo);
            if (code >= 0) {
                console_drain(console);
                return code;
            }
        }
    }
}

/*
 * The lock on the pod's folder, which ends with the last of the pod's own processes. A stage0 that holds it already
 * says under which number it has left it open: taken by another file, it would shut out the very process that has it.
 */
static int hold_lock(void)
{
    const char *inherited = getenv("RKT_LOCK_FD");
    struct stat file;
    int lock;

    if (inherited) {
        lock = atoi(inherited);
        unsetenv("RKT_LOCK_FD");
        if (lock > STDERR_FILENO && fstat(lock, &file) == 0)
            return fcntl(lock, F_SETFD, FD_CLOEXEC);
    }
    lock = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return lock < 0 ? -1 : flock(lock, LOCK_EX | LOCK_NB);
}

/* The kernel is to end the inner part with the outer one. `outer` can be read to its end once that one is gone. */
static void end_with(int outer)
{
    struct pollfd gone = { .fd = outer, .events = POLLIN };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&gone, 1, 0) > 0)
        _exit(COULD_NOT_RUN); /* it went before that could be told */
    close(outer);
}

static int outer(const struct plan *plan)
{
    sigset_t before;
    pid_t inner_pid;
    int alive[2];
    struct console console;

    if (chdir(plan->folder) < 0) {
        complain("%s", plan->folder);
        return COULD_NOT_RUN;
    }
    if (hold_lock() < 0) {
        complain("%s: somebody else holds this pod", plan->folder);
        return COULD_NOT_RUN;
    }
    if (plan->console && console_open(&console, plan->console) < 0) {
        complain("%s", plan->console);
        return COULD_NOT_RUN;
    }
    block_signals(&before);
    /* The namespace is its children's, not its own: the next child is process 1 there. */
    if (pipe2(alive, O_CLOEXEC) < 0 || unshare(CLONE_NEWPID) < 0 || (inner_pid = fork()) < 0) {
        complain("cannot start the pod");
        return COULD_NOT_RUN;
    }
    if (inner_pid == 0) {
        close(alive[1]);
        end_with(alive[0]);
        /* Node ignores it, and whoever is started inherits that. */
        signal(SIGPIPE, SIG_DFL);
        /* Out of the terminal's foreground group: ^C comes once, through the outer part. */
        setpgid(0, 0);
        _exit(inner(plan, &before));
    }
    close(alive[0]);
    if (write_number("ppid", getpid()) < 0) {
        complain("%s/ppid", plan->folder);
        kill(inner_pid, SIGKILL);
    }
    return plan->console ? wait_at_console(inner_pid, &console) : wait_for(inner_pid);
}
