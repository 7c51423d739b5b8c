/*
 * What `enter` on the host and `agent` in the virtual machine say to each other over a port of virtio-serial: frames of a
 * kind, a length of two bytes, and so many bytes.
 *
 * A port outlives whoever uses it, and an `enter` that is killed may leave half a frame in it. So the next one begins with
 * more zeros than a frame has bytes: between frames they mean nothing, and any frame is over when they are. It takes no
 * answer for its own before it has seen its token.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include <stddef.h>
#include <string.h>
#include <time.h>

#define COULD_NOT_RUN 254
#define TOKEN 8
#define HEAD 3
#define MOST 4096
/* So often `enter` says something, a zero where there is nothing else. */
#define BEAT_SECONDS 2

/* From the host: */
#define BEGIN 'B'   /* token, 1 for a terminal, its rows and columns (2 each), the user whom the streams belong to (4) */
#define WORDS 'W'   /* a part of the command: words, each ended by a zero byte */
#define GO 'G'      /* the command is complete */
#define INPUT 'I'   /* nothing in it: there is no more */
#define SIZE 'Z'    /* rows and columns */
#define SIGNAL 'S'  /* its number (1) */
/* From the virtual machine: */
#define HELLO 'H'   /* the token */
#define OUTPUT 'O'
#define ERRORS 'E'
#define EXIT 'X'    /* exit code (1); nothing follows */

#define BEGIN_LENGTH (TOKEN + 9)

static inline time_t seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static inline void put_number(unsigned char *bytes, size_t length, unsigned long number)
{
    while (length-- > 0) {
        bytes[length] = (unsigned char)number;
        number >>= 8;
    }
}

static inline unsigned long get_number(const unsigned char *bytes, size_t length)
{
    unsigned long number = 0;

    while (length-- > 0)
        number = number << 8 | *bytes++;
    return number;
}

static inline size_t put_frame(unsigned char *place, char kind, const void *bytes, size_t length)
{
    place[0] = (unsigned char)kind;
    put_number(place + 1, 2, length);
    if (length > 0)
        memcpy(place + HEAD, bytes, length);
    return HEAD + length;
}

/* What has come in and is not yet taken. */
struct inbox {
    unsigned char bytes[2 * (HEAD + MOST)];
    size_t filled;
};

/*
 * Hands each whole frame to `take`, until that returns 0: then this frame and what follows it wait. Returns 0 where a
 * frame waits.
 */
static inline int take_frames(struct inbox *inbox, int (*take)(char kind, const unsigned char *bytes, size_t length))
{
    size_t at = 0;
    int all = 1;

    for (;;) {
        size_t length;

        while (at < inbox->filled && inbox->bytes[at] == 0)
            at++;
        if (inbox->filled - at < HEAD)
            break;
        length = get_number(inbox->bytes + at + 1, 2);
        if (length > MOST) {
            at++; /* out of step: zeros will come */
            continue;
        }
        if (inbox->filled - at < HEAD + length)
            break;
        if (!take((char)inbox->bytes[at], inbox->bytes + at + HEAD, length)) {
            all = 0;
            break;
        }
        at += HEAD + length;
    }
    inbox->filled -= at;
    memmove(inbox->bytes, inbox->bytes + at, inbox->filled);
    return all;
}

#endif
