/* How the pod's first process goes apart from the host. It is process 1 of its pid namespace already. */
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "../starting/loopback.h"
#include "../starting/mountTable.h"

static int join_network(const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC), joined;

    if (file < 0)
        return -1;
    joined = setns(file, CLONE_NEWNET);
    close(file);
    return joined;
}

/* A /proc of the pod's own, for crun looks itself up there. The host's stays as it is: no mount here reaches it. */
static int own_mounts(void)
{
    if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
        return -1;
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
}

/*
 * Apps find no input; one that may be typed to has a terminal instead. It is a pipe that nobody writes to, and not
 * /dev/null: crun gives an app's user what the app has as its streams, and the host's own device is not to be given.
 */
static int no_input(void)
{
    int ends[2], done;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -1;
    done = dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    close(ends[1]);
    return done < 0 ? -1 : 0;
}

static int go_apart(const struct plan *plan)
{
    int own = CLONE_NEWNS | CLONE_NEWUTS;

    if (plan->private_ipc)
        own |= CLONE_NEWIPC;
    if (plan->alone)
        own |= CLONE_NEWNET;
    if (plan->net && join_network(plan->net) < 0) {
        complain("%s", plan->net);
        return -1;
    }
    if (unshare(own) < 0 || own_mounts() < 0 || (plan->alone && loopback_up() < 0) ||
        sethostname(plan->hostname, strlen(plan->hostname)) < 0 || no_input() < 0) {
        complain("cannot isolate the pod");
        return -1;
    }
    return mount_table(plan->mounts);
}
