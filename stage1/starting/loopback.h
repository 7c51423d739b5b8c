/* The loopback of a new network namespace, which is down at first. */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int loopback_up(void)
{
    struct ifreq request;
    int link = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), done;

    if (link < 0)
        return -1;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    done = ioctl(link, SIOCGIFFLAGS, &request);
    request.ifr_flags |= IFF_UP;
    if (done == 0)
        done = ioctl(link, SIOCSIFFLAGS, &request);
    close(link);
    return done;
}
