/* What the command line says of the pod. */
#include <getopt.h>
#include <stdlib.h>

struct plan {
    const char *folder, *hostname, *mounts;
    const char *net; /* a network namespace's file; NULL for the host's network or, with `alone`, for one of its own */
    const char *console; /* the socket at which the app's terminal is taken */
    const char *cgroup; /* the pod's, from the top of a hierarchy; each app's is app-NAME below it */
    const char *crun, *crun_root;
    int alone, private_ipc, stays, grace;
    char **apps; /* ended by NULL */
};

static int read_plan(int count, char **words, struct plan *plan)
{
    static const struct option options[] = {
        { "folder", required_argument, NULL, 'f' },   { "hostname", required_argument, NULL, 'h' },
        { "mounts", required_argument, NULL, 'm' },   { "net", required_argument, NULL, 'n' },
        { "console", required_argument, NULL, 't' },  { "cgroup", required_argument, NULL, 'c' },
        { "crun", required_argument, NULL, 'p' },     { "crun-root", required_argument, NULL, 'r' },
        { "alone", no_argument, NULL, 'a' },          { "ipc", no_argument, NULL, 'i' },
        { "stays", no_argument, NULL, 's' },          { "grace", required_argument, NULL, 'g' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(count, words, "+", options, NULL)) != -1) {
        switch (option) {
        case 'f': plan->folder = optarg; break;
        case 'h': plan->hostname = optarg; break;
        case 'm': plan->mounts = optarg; break;
        case 'n': plan->net = optarg; break;
        case 't': plan->console = optarg; break;
        case 'c': plan->cgroup = optarg; break;
        case 'p': plan->crun = optarg; break;
        case 'r': plan->crun_root = optarg; break;
        case 'a': plan->alone = 1; break;
        case 'i': plan->private_ipc = 1; break;
        case 's': plan->stays = 1; break;
        case 'g': plan->grace = atoi(optarg); break;
        default: return -1;
        }
    }
    plan->apps = words + optind;
    return plan->folder && plan->hostname && plan->mounts && plan->cgroup && plan->crun && plan->crun_root ? 0 : -1;
}
