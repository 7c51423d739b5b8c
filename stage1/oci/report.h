/* What the pod's process tells people, and the numbers that it leaves in files for programs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

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
