/*
 * The process that is a pod of the oci flavour, in two parts of one program: the outer one (outer.h) stays on the host,
 * the inner one (inner.h) is process 1 of the pod's namespaces.
 *
 *   pod --folder FOLDER --hostname NAME --mounts TABLE --cgroup CGROUP --crun PROGRAM --crun-root FOLDER
 *       [--net FILE | --alone] [--ipc] [--console SOCKET] [--stays] [--grace SECONDS] [APP...]
 *
 * The inner part being process 1, the kernel ends everything in the pod when it dies, whatever kills it. The outer part
 * tells the kernel to take the inner one along when it dies itself. So no kill leaves an app behind.
 *
 * Works in the pod's folder: the outer part's number in ppid, bundles and pid files in oci/APP, exit codes in
 * stage1/rootfs/rkt/status/APP.
 */
#define _GNU_SOURCE
#include "report.h"

#include "plan.h"

#include "isolation.h"

#include "cgroups.h"
#include "console.h"
#include "inner.h"

#include "outer.h"

int main(int count, char **words)
{
    struct plan plan = { .grace = 10 };

    if (read_plan(count, words, &plan) < 0) {
        fputs("usage: pod --folder FOLDER --hostname NAME --mounts TABLE --cgroup CGROUP --crun PROGRAM --crun-root "
              "FOLDER\n"
              "           [--net FILE | --alone] [--ipc] [--console SOCKET] [--stays] [--grace SECONDS] [APP...]\n",
              stderr);
        return 2;
    }
    errno = 0;
    return outer(&plan);
}
