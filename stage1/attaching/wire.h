/*
 * What the multiplexer of an app's streams and those who attach to it say to each other, over a socket that keeps
 * messages apart (SOCK_SEQPACKET). The first byte of a message says what it is.
 */
#define SOCKET_NAME "attach" /* in the app's bundle */

/* From who attaches. */
#define HELLO 'H'       /* a byte of the bits below: nothing comes and nothing is taken before it */
#define INPUT 'i'       /* bytes for the app */
#define INPUT_ENDED 'z' /* none will follow */
#define WINDOW_SIZE 'w' /* struct winsize */

#define WANTS_INPUT 1
#define WANTS_OUTPUT 2
#define WANTS_ERRORS 4
#define HANDS_ON_END 8 /* the app's input ends with this one's, unless somebody else types too */

/* From the multiplexer. */
#define OUTPUT 'o'
#define ERRORS 'e'
#define LOST 'l'         /* uint64_t: so many bytes did not come, because their reader was too slow */
#define STREAMS_ENDED 'x'

/* A pipe takes so much at once or nothing of it. */
#define MOST_INPUT 4096
#define MOST_OUTPUT 16384
