// Fills a room: connects clients, in order, until all of them hear what the first one says.
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

/** So many connect at a time; a relay's queue of connections may be short. */
enum { BATCH = 64 };

static struct room *filling;
static int listening;
static bool beginning;

static bool ends_with(const char *line, int length, const char *end) {
    int size = (int)strlen(end);
    return length >= size && memcmp(line + length - size, end, (size_t)size) == 0;
}

static void heard(struct client *client, const char *line, int length) {
    int id;
    char rest[32];
    if (ends_with(line, length, "just arrived")) {
        client->arrivals++;
        filling->notices = true;
    } else if (length > 10 && memcmp(line, "<announce>", 10) == 0) {
        // What ncat tells of itself.
    } else if (ends_with(line, length, beginning ? "begin" : "hello")) {
        if (client->went) return;
        if (client->index == 0) disqualify("it echoed a line to who said it");
        snprintf(rest, sizeof rest, "%.*s", length < 31 ? length : 31, line);
        if (sscanf(rest, "client %d: ", &id) == 1 || sscanf(rest, "<user%d> ", &id) == 1) filling->base = id;
        client->went = true;
        listening++;
    } else if (!ends_with(line, length, "hello")) {
        disqualify("it sent what nobody said: %.*s", length < 100 ? length : 100, line);
    }
}

static void hear(struct room *room, int timeout) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(room->epoll, events, MOST_EVENTS, timeout);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        each_line(client, chunk, take(client, chunk, CHUNK), heard);
    }
}

// The first client says it until all the others have heard it.
static void until_heard(struct room *room, const char *line, bool again) {
    struct client *first = &room->clients[0];
    double said = 0, until = now() + 10 + room->count / 500;
    for (int i = 0; i < room->count; i++) room->clients[i].went = false;
    for (listening = 0; listening < room->count - 1;) {
        if (said == 0 || (again && now() - said > 0.2)) {
            say(first, line, (int)strlen(line));
            said = now();
        }
        hear(room, 20);
        if (now() > until) disqualify("%d of %d clients heard nothing", room->count - 1 - listening, room->count);
    }
}

static int first_connection(void) {
    double until = now() + 15;
    for (;;) {
        int fd = connect_to(options.port, 0);
        if (fd != -1) return fd;
        if (errno != ECONNREFUSED || now() > until) disqualify("it does not listen: %s", strerror(errno));
        usleep(2000);
    }
}

void fill(struct room *room, int count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    filling = room;
    room->epoll = epoll_create1(EPOLL_CLOEXEC);
    room->clients = calloc((size_t)count, sizeof *room->clients);
    if (room->epoll == -1 || room->clients == NULL) fail("a room");
    for (int i = 0; i < count; i++) {
        struct client *client = &room->clients[i];
        client->index = i;
        client->fd = i == 0 ? first_connection() : connect_to(options.port, 0);
        if (client->fd == -1) disqualify("it took %d connections and no more: %s", i, strerror(errno));
        room->count++;
        watch(room, client, EPOLLIN);
        if (i == 0 && room->alone != NULL) room->alone();
        if (i % BATCH != 0 || i == 0) continue;
        hear(room, room->notices ? 20 : 0);
        double until = now() + 15;
        while (room->notices && room->clients[0].arrivals < i) {
            hear(room, 20);
            if (now() > until) disqualify("it took %d connections and no more", room->clients[0].arrivals + 1);
        }
    }
    double until = now() + 15;
    beginning = false;
    if (count > 1) until_heard(room, "hello\n", true);
    beginning = true;
    if (count > 1) until_heard(room, "begin\n", false);
    for (int i = 0; room->notices && i < count; i++) {
        int expected = count - 1 - i;
        // The first has nobody to wait for.
        while (i == 0 && room->clients[0].arrivals < expected && now() < until) hear(room, 20);
        int arrivals = room->clients[i].arrivals;
        if (arrivals != expected) disqualify("client %d heard of %d arrivals and not of %d", i, arrivals, expected);
    }
}
