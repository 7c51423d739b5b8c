/*
 * Owners of files for a pod with users of its own: its user 0 is the host's user FIRST, and so on for COUNT users.
 *
 *   owners mount FIRST COUNT TABLE COMMAND...   mounts as TABLE says, in a mount namespace of its own, then becomes COMMAND
 *   owners give FIRST COUNT TREE                adds FIRST to the owner and group of all that is in TREE
 *   owners enter FIRST COUNT COMMAND...         becomes COMMAND as the pod's root, seeing owners as the pod does
 *   owners probe FIRST COUNT FOLDER             ends with 0 where trees in FOLDER can be mounted with other owners, and
 *                                               an overlay laid over them; with 1 where they cannot
 *
 * TABLE has words that each end with a zero byte: the folder on which a small file system is mounted, where all targets
 * are; then three words for each mount: what it is, source, target.
 *
 *   folder       the target is an empty folder; there is no source
 *   plain        the source as it is
 *   mapped       the source with its owners mapped
 *   wanted       the same where its file system can do that; else as it is, which is told
 *   +recursive   with all that is mounted below it
 *
 * Every source is opened before anything is mounted, so none can be hidden by what is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capabilityXattr.h"

#define COULD_NOT_RUN 254
#define MOST_MOUNTS 256

static unsigned long first, count;

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "stage1: %s \"%s\": %s\n", what, which, strerror(errno));
    exit(COULD_NOT_RUN);
}

static void write_map(pid_t pid, const char *name)
{
    char path[64], line[64];
    int file, length = snprintf(line, sizeof line, "0 %lu %lu", first, count);

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, line, (size_t)length) != length)
        fail("cannot write", path);
    close(file);
}

/* A user namespace that nobody lives in: a process makes it and goes. */
static int user_namespace(void)
{
    char path[64], byte = 0;
    int ready[2], namespace;
    pid_t child;

    if (pipe2(ready, O_CLOEXEC) != 0 || (child = fork()) < 0)
        fail("cannot make", "a user namespace");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], &byte, 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        fail("cannot make", "a user namespace");
    close(ready[0]);
    write_map(child, "uid_map");
    write_map(child, "gid_map");
    snprintf(path, sizeof path, "/proc/%d/ns/user", (int)child);
    namespace = open(path, O_RDONLY | O_CLOEXEC);
    if (namespace < 0)
        fail("cannot open", path);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return namespace;
}

/* ---- mount ------------------------------------------------------------------------------------------------------- */

struct line {
    const char *kind, *source, *target;
    int tree;
};

/* A copy of the mounts at a source that is nowhere yet. */
static int clone_tree(const char *source, int recursive)
{
    return (int)syscall(SYS_open_tree, AT_FDCWD, source,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));
}

static int map_tree(int tree, int namespace, int recursive)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)namespace};

    return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attributes,
                        sizeof attributes);
}

static int put_tree(int tree, const char *target)
{
    return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

static void open_line(struct line *line, int namespace)
{
    int recursive = strstr(line->kind, "+recursive") != NULL;

    line->tree = -1;
    if (strcmp(line->kind, "folder") == 0)
        return;
    line->tree = clone_tree(line->source, recursive);
    if (line->tree < 0)
        fail("cannot open", line->source);
    if (strncmp(line->kind, "plain", 5) == 0 || map_tree(line->tree, namespace, recursive) == 0)
        return;
    if (strncmp(line->kind, "mapped", 6) == 0)
        fail("the pod cannot be given the files of", line->source);
    fprintf(stderr, "stage1: warning: in the pod the files of \"%s\" belong to nobody: %s\n", line->source,
            strerror(errno));
}

static void put_line(const struct line *line)
{
    struct stat stat = {.st_mode = S_IFDIR};

    if (line->tree >= 0 && fstat(line->tree, &stat) != 0)
        fail("cannot look at", line->source);
    if (S_ISDIR(stat.st_mode) ? mkdir(line->target, 0755) != 0 : mknod(line->target, S_IFREG | 0644, 0) != 0)
        fail("cannot make", line->target);
    if (line->tree >= 0 && put_tree(line->tree, line->target) != 0)
        fail("cannot mount on", line->target);
}

static char *contents(const char *path, size_t *length)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    char *text = NULL;

    if (file < 0 || fstat(file, &stat) != 0 || !(text = malloc((size_t)stat.st_size + 1)) ||
        read(file, text, (size_t)stat.st_size) != stat.st_size)
        fail("cannot read", path);
    text[stat.st_size] = '\0';
    *length = (size_t)stat.st_size;
    close(file);
    return text;
}

static int mount_table(const char *table, char **command)
{
    static struct line lines[MOST_MOUNTS];
    size_t length, used = 0, index;
    char *text = contents(table, &length), *word;
    int namespace = user_namespace();
    const char *place = text;

    for (word = text + strlen(text) + 1; word < text + length;) {
        struct line *line = &lines[used++];

        if (used == MOST_MOUNTS) {
            errno = E2BIG;
            fail("too many mounts in", table);
        }
        line->kind = word;
        line->source = line->kind + strlen(line->kind) + 1;
        line->target = line->source + strlen(line->source) + 1;
        open_line(line, namespace);
        word = (char *)line->target + strlen(line->target) + 1;
    }
    close(namespace);
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) != 0)
        fail("cannot make", "a mount namespace");
    if (mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m") != 0)
        fail("cannot mount on", place);
    umask(0);
    for (index = 0; index < used; index++)
        put_line(&lines[index]);
    umask(022);
    execv(command[0], command);
    fail("cannot execute", command[0]);
    return COULD_NOT_RUN;
}

/* ---- give -------------------------------------------------------------------------------------------------------- */

/* A change of owner takes a program's privileges away; they are the pod's own, and come back as such. */
static int give_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    struct capabilityXattr capabilities;
    ssize_t length = kind == FTW_F ? lgetxattr(path, CAPABILITY_XATTR, &capabilities, sizeof capabilities) : -1;

    (void)where;
    if (lchown(path, (uid_t)(stat->st_uid + first), (gid_t)(stat->st_gid + first)) != 0)
        fail("cannot give away", path);
    if (!S_ISLNK(stat->st_mode) && stat->st_mode & (S_ISUID | S_ISGID) && chmod(path, stat->st_mode & 07777) != 0)
        fail("cannot give away", path);
    if (length == CAPABILITY_XATTR_SIZE && capability_xattr_for(&capabilities, (uint32_t)first) &&
        lsetxattr(path, CAPABILITY_XATTR, &capabilities, sizeof capabilities, 0) != 0)
        fail("cannot keep the capabilities of", path);
    return 0;
}

static int give(const char *tree)
{
    if (nftw(tree, give_one, 32, FTW_PHYS | FTW_MOUNT) != 0)
        fail("cannot walk", tree);
    return 0;
}

/* ---- enter and probe --------------------------------------------------------------------------------------------- */

static int enter(char **command)
{
    int namespace = user_namespace();

    if (setns(namespace, CLONE_NEWUSER) != 0 || setgroups(0, NULL) != 0 || setgid(0) != 0 || setuid(0) != 0)
        fail("cannot enter", "the user namespace");
    close(namespace);
    execvp(command[0], command);
    fail("cannot execute", command[0]);
    return COULD_NOT_RUN;
}

static int probe(const char *folder)
{
    char scratch[4096], options[3 * 4096 + 64], lower[4096 + 8], upper[4096 + 8], work[4096 + 8], merged[4096 + 8];
    int namespace = user_namespace(), tree, works = 0;

    snprintf(scratch, sizeof scratch, "%.4000s/.owners-XXXXXX", folder);
    if (!mkdtemp(scratch))
        fail("cannot make a folder in", folder);
    snprintf(lower, sizeof lower, "%s/lower", scratch);
    snprintf(upper, sizeof upper, "%s/upper", scratch);
    snprintf(work, sizeof work, "%s/work", scratch);
    snprintf(merged, sizeof merged, "%s/merged", scratch);
    mkdir(lower, 0755);
    mkdir(upper, 0755);
    mkdir(work, 0700);
    mkdir(merged, 0755);
    snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    /* In a mount namespace of its own, which ends with this process. */
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) {
        tree = clone_tree(lower, 0);
        works = tree >= 0 && map_tree(tree, namespace, 0) == 0 && put_tree(tree, lower) == 0 &&
                mount("overlay", merged, "overlay", 0, options) == 0;
    }
    umount2(merged, MNT_DETACH);
    umount2(lower, MNT_DETACH);
    snprintf(options, sizeof options, "%s/work", work);
    rmdir(options);
    rmdir(work);
    rmdir(lower);
    rmdir(upper);
    rmdir(merged);
    rmdir(scratch);
    return works ? 0 : 1;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno == 0 && (*text == '\0' || *end != '\0' || value > UINT32_MAX))
        errno = EINVAL;
    if (errno != 0)
        fail("no number", text);
    return value;
}

int main(int words, char **word)
{
    if (words >= 5) {
        first = number(word[2]);
        count = number(word[3]);
        if (strcmp(word[1], "mount") == 0 && words >= 6)
            return mount_table(word[4], word + 5);
        if (strcmp(word[1], "give") == 0)
            return give(word[4]);
        if (strcmp(word[1], "enter") == 0)
            return enter(word + 4);
        if (strcmp(word[1], "probe") == 0)
            return probe(word[4]);
    }
    fputs("usage: owners mount FIRST COUNT TABLE COMMAND... | give FIRST COUNT TREE | enter FIRST COUNT COMMAND... |"
          " probe FIRST COUNT FOLDER\n",
          stderr);
    return 2;
}
