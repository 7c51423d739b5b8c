/* Apps that have ended, but whose last words may still be on their way to those who are attached. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LAST_WORDS_SECONDS 2

/*
 * Waits until the process with an app's streams is done. It holds a lock on the app's file `streams`, and its end is a
 * SIGCHLD, which whoever calls this has blocked.
 */
static int await_last_words(const char *app, void *context)
{
    const struct timespec patience = { .tv_sec = LAST_WORDS_SECONDS };
    char path[512];
    sigset_t ended;
    int streams;

    (void)context;
    snprintf(path, sizeof path, "oci/%s/streams", app);
    streams = open(path, O_RDONLY | O_CLOEXEC);
    if (streams < 0)
        return 0;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    while (flock(streams, LOCK_SH | LOCK_NB) < 0 && sigtimedwait(&ended, NULL, &patience) >= 0)
        ;
    close(streams);
    return 1;
}
