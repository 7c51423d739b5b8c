/*
 * The mounts of a table in the form of fstab(5), made by the process that needs them: mount(8) would take longer to
 * start than all of them take. Knows the options that this project writes into such tables (bind, rbind, ro, rslave);
 * every other one is the file system's own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#define LONGEST_OPTIONS 4096 /* what the kernel takes: a page */

struct mount_options {
    unsigned long bind, flags, propagation;
    char data[LONGEST_OPTIONS];
};

/* Blanks and the like are three octal digits behind a backslash. */
static void unescape(char *field)
{
    char *to = field;

    while (*field) {
        if (field[0] == '\\' && field[1] >= '0' && field[1] <= '3' && field[2] && field[3]) {
            *to++ = (char)((field[1] - '0') << 6 | (field[2] - '0') << 3 | (field[3] - '0'));
            field += 4;
        } else {
            *to++ = *field++;
        }
    }
    *to = '\0';
}

static int read_options(char *text, struct mount_options *options)
{
    char *rest = NULL, *each;

    memset(options, 0, sizeof *options);
    for (each = strtok_r(text, ",", &rest); each; each = strtok_r(NULL, ",", &rest)) {
        if (strcmp(each, "bind") == 0) {
            options->bind = MS_BIND;
        } else if (strcmp(each, "rbind") == 0) {
            options->bind = MS_BIND | MS_REC;
        } else if (strcmp(each, "ro") == 0) {
            options->flags |= MS_RDONLY;
        } else if (strcmp(each, "rslave") == 0) {
            options->propagation = MS_SLAVE | MS_REC;
        } else {
            size_t used = strlen(options->data);

            if (used + strlen(each) + 2 > sizeof options->data) {
                errno = E2BIG;
                return -1;
            }
            if (used > 0)
                options->data[used++] = ',';
            strcpy(options->data + used, each);
        }
    }
    return 0;
}

/* A bind is read-only by a second call, which must name again what the mount has of its origin. */
static int make_read_only(const char *target)
{
    static const unsigned long kept[][2] = {
        { ST_NOSUID, MS_NOSUID },   { ST_NODEV, MS_NODEV },           { ST_NOEXEC, MS_NOEXEC },
        { ST_NOATIME, MS_NOATIME }, { ST_NODIRATIME, MS_NODIRATIME }, { ST_RELATIME, MS_RELATIME },
    };
    unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
    struct statvfs there;
    size_t index;

    if (statvfs(target, &there) < 0)
        return -1;
    for (index = 0; index < sizeof kept / sizeof *kept; index++)
        if (there.f_flag & kept[index][0])
            flags |= kept[index][1];
    return mount(NULL, target, NULL, flags, NULL);
}

static int make_mount(const char *source, const char *target, const char *type, const struct mount_options *options)
{
    if (options->bind) {
        if (mount(source, target, NULL, options->bind, NULL) < 0)
            return -1;
        if (options->flags & MS_RDONLY && make_read_only(target) < 0)
            return -1;
    } else if (mount(source, target, type, options->flags, options->data) < 0) {
        return -1;
    }
    return options->propagation ? mount(NULL, target, NULL, options->propagation, NULL) : 0;
}

/* Stops at the first mount that fails, and says which. */
static int mount_table(const char *path)
{
    FILE *table = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    int made = 0;

    if (!table) {
        fprintf(stderr, "stage1: cannot read \"%s\": %s\n", path, strerror(errno));
        return -1;
    }
    while (made == 0 && getline(&line, &size, table) > 0) {
        char *fields[4], *rest = NULL;
        struct mount_options options;
        int index;

        for (index = 0; index < 4; index++) {
            fields[index] = strtok_r(index == 0 ? line : NULL, " \n", &rest);
            if (!fields[index])
                break;
            unescape(fields[index]);
        }
        if (index == 0)
            continue;
        errno = EINVAL;
        if (index < 4 || read_options(fields[3], &options) < 0 ||
            make_mount(fields[0], fields[1], fields[2], &options) < 0) {
            fprintf(stderr, "stage1: cannot mount \"%s\": %s\n", index > 1 ? fields[1] : fields[0], strerror(errno));
            made = -1;
        }
    }
    free(line);
    fclose(table);
    return made;
}
