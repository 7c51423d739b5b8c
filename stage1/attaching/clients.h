/*
 * Those who are attached to an app. The kernel keeps what they have not read yet, up to a limit; whoever reads at all
 * gets everything, and whoever does not loses it, so that no reader can stop the app.
 */
#define MOST_CLIENTS 32
#define UNREAD_BYTES (1024 * 1024)
#define PATIENCE_MILLISECONDS 250

struct client {
    int socket; /* -1 for none */
    unsigned wants;
    int slow; /* has let its patience run out, and gets none before it has read again */
    uint64_t lost;
};

static struct client clients[MOST_CLIENTS];

static void clients_begin(void)
{
    int index;

    for (index = 0; index < MOST_CLIENTS; index++)
        clients[index].socket = -1;
}

static void client_forget(struct client *client)
{
    close(client->socket);
    client->socket = -1;
}

static int clients_want(unsigned what)
{
    int index;

    for (index = 0; index < MOST_CLIENTS; index++)
        if (clients[index].socket >= 0 && clients[index].wants & what)
            return 1;
    return 0;
}

static void client_accept(int listener)
{
    int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC), size = UNREAD_BYTES, index;

    if (socket < 0)
        return;
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0)
        setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    for (index = 0; index < MOST_CLIENTS; index++) {
        if (clients[index].socket >= 0)
            continue;
        clients[index] = (struct client){.socket = socket};
        return;
    }
    close(socket);
}

/* Whether the message is on its way. */
static int client_send(struct client *client, const char *message, size_t count)
{
    for (;;) {
        struct pollfd ready = {.fd = client->socket, .events = POLLOUT};

        if (send(client->socket, message, count, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            client->slow = 0;
            return 1;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN && errno != ENOBUFS) {
            client_forget(client);
            return 0;
        }
        if (client->slow || poll(&ready, 1, PATIENCE_MILLISECONDS) <= 0) {
            client->slow = 1;
            return 0;
        }
    }
}

/* To everybody where nothing in particular is wanted. */
static void clients_tell(const char *message, size_t count, unsigned wanted)
{
    int index;

    for (index = 0; index < MOST_CLIENTS; index++) {
        struct client *client = &clients[index];

        if (client->socket < 0 || (wanted && !(client->wants & wanted)))
            continue;
        if (client->lost > 0) {
            char told[1 + sizeof client->lost] = {LOST};

            memcpy(told + 1, &client->lost, sizeof client->lost);
            if (client_send(client, told, sizeof told))
                client->lost = 0;
        }
        if (client->socket >= 0 && (client->lost > 0 || !client_send(client, message, count)))
            client->lost += count - 1;
    }
}
