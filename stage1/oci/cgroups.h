/*
 * The apps' cgroups. crun makes them, in every hierarchy that is mounted; to have it take them away would take a
 * program to start for what are a few calls of the kernel's.
 */
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

enum clearing { END_MEMBERS, REMOVE };

static void end_members(const char *cgroup)
{
    char path[PATH_MAX];
    FILE *members;
    int pid;

    if (snprintf(path, sizeof path, "%s/cgroup.procs", cgroup) >= PATH_MAX)
        return;
    members = fopen(path, "re");
    if (!members)
        return;
    /* One from outside the pod's namespace has no number here, which reads as 0: it is not the pod's to end. */
    while (fscanf(members, "%d", &pid) == 1)
        if (pid > 0)
            kill(pid, SIGKILL);
    fclose(members);
}

/* With all cgroups below it. What cannot be removed is left for gc. */
static void clear_cgroup(const char *cgroup, enum clearing clearing)
{
    DIR *folder = opendir(cgroup);
    struct dirent *entry;

    if (!folder)
        return;
    while ((entry = readdir(folder))) {
        char below[PATH_MAX];

        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            snprintf(below, sizeof below, "%s/%s", cgroup, entry->d_name) < PATH_MAX)
            clear_cgroup(below, clearing);
    }
    closedir(folder);
    if (clearing == REMOVE)
        rmdir(cgroup);
    else
        end_members(cgroup);
}

static void clear_cgroups(const char *pod, const char *app, enum clearing clearing)
{
    char cgroup[PATH_MAX];
    DIR *hierarchies;
    struct dirent *entry;

    if (access(CGROUPS "/cgroup.controllers", F_OK) == 0) {
        if (snprintf(cgroup, sizeof cgroup, CGROUPS "%s/app-%s", pod, app) < PATH_MAX)
            clear_cgroup(cgroup, clearing);
        return;
    }
    hierarchies = opendir(CGROUPS);
    if (!hierarchies)
        return;
    /* Links lead to hierarchies that are met under their own names. */
    while ((entry = readdir(hierarchies)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
            snprintf(cgroup, sizeof cgroup, CGROUPS "/%s%s/app-%s", entry->d_name, pod, app) < PATH_MAX)
            clear_cgroup(cgroup, clearing);
    closedir(hierarchies);
}
