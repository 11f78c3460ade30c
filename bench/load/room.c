// Fills a room: connects clients in order, until all of them receive the lines of the first.
#include "protocol.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

/**
 * Connections at a time, because the listen queue of a relay may be short. The relays that take part in large rooms have
 * long ones, and in such a room every wait for notices is a round of writes to thousands.
 */
enum { BATCH = 64, LARGE_BATCH = 1000, LARGE_ROOM = 1000 };

static struct room *filling;
static int receivers;
static bool is_begin;

static bool ends_with(const char *line, int length, const char *end) {
    int size = (int)strlen(end);
    return length >= size && memcmp(line + length - size, end, (size_t)size) == 0;
}

static void on_line(struct client *client, const char *line, int length) {
    int id;
    char rest[32];
    if (ends_with(line, length, "just arrived")) {
        client->arrivals++;
        filling->notices = true;
    } else if (length > 10 && memcmp(line, "<announce>", 10) == 0) {
        // An announcement of ncat.
    } else if (ends_with(line, length, is_begin ? "begin" : "hello")) {
        if (client->has_line) return;
        if (client->index == 0) disqualify("it echoed a line to its sender");
        snprintf(rest, sizeof rest, "%.*s", length < 31 ? length : 31, line);
        if (sscanf(rest, "client %d: ", &id) == 1 || sscanf(rest, "<user%d> ", &id) == 1) filling->base = id;
        client->has_line = true;
        receivers++;
    } else if (!ends_with(line, length, "hello")) {
        disqualify("it sent an unexpected line: %.*s", length < 100 ? length : 100, line);
    }
}

static void receive_lines(struct room *room, int timeout) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(room->epoll, events, MAX_EVENTS, timeout);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        each_line(client, chunk, receive(client, chunk, CHUNK_BYTES), on_line);
    }
}

// Sends a line from the first client until all others have received it.
static void send_until_received(struct room *room, const char *line, bool again) {
    struct client *first = &room->clients[0];
    double sent_at = 0, deadline = now() + 10 + room->count / 500;
    for (int i = 0; i < room->count; i++) room->clients[i].has_line = false;
    for (receivers = 0; receivers < room->count - 1;) {
        if (sent_at == 0 || (again && now() - sent_at > 0.2)) {
            send_all(first, line, (int)strlen(line));
            sent_at = now();
        }
        receive_lines(room, 20);
        if (now() > deadline) disqualify("%d of %d clients received nothing", room->count - 1 - receivers, room->count);
    }
}

// Retries until the relay listens.
static int first_connection(int port) {
    double deadline = now() + 15;
    for (;;) {
        int fd = connect_to(port, 0);
        if (fd != -1) return fd;
        if (errno != ECONNREFUSED || now() > deadline) disqualify("it does not listen: %s", strerror(errno));
        usleep(2000);
    }
}

void fill(struct room *room, int count) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    int batch = count > LARGE_ROOM ? LARGE_BATCH : BATCH;
    const struct protocol *protocol = protocol_of(options.style);
    filling = room;
    room->epoll = epoll_create1(EPOLL_CLOEXEC);
    room->clients = calloc((size_t)count, sizeof *room->clients);
    if (room->epoll == -1 || room->clients == NULL) fail("epoll_create1 or calloc");
    for (int i = 0; i < count; i++) {
        struct client *client = &room->clients[i];
        client->index = i;
        int port = i == 0 || options.reader_port == 0 ? options.port : options.reader_port;
        client->fd = i < 2 ? first_connection(port) : connect_to(port, 0);
        if (client->fd == -1) disqualify("it accepted %d connections and refused the next: %s", i, strerror(errno));
        room->count++;
        watch(room, client, EPOLLIN);
        if (i == 0 && room->on_first != NULL) room->on_first();
        if (protocol->join != NULL) protocol->join(client, i > 0);
        if (i % batch != 0 || i == 0) continue;
        receive_lines(room, room->notices ? 20 : 0);
        double deadline = now() + 15;
        while (room->notices && room->clients[0].arrivals < i) {
            receive_lines(room, 20);
            if (now() > deadline) disqualify("it accepted only %d connections", room->clients[0].arrivals + 1);
        }
    }
    if (protocol->join != NULL) return;
    double deadline = now() + 15;
    is_begin = false;
    if (count > 1) send_until_received(room, "hello\n", true);
    is_begin = true;
    if (count > 1) send_until_received(room, "begin\n", false);
    for (int i = 0; room->notices && i < count; i++) {
        int expected = count - 1 - i;
        // The others have received the line of the first client, which follows all notices.
        while (i == 0 && room->clients[0].arrivals < expected && now() < deadline) receive_lines(room, 20);
        int arrivals = room->clients[i].arrivals;
        if (arrivals != expected) disqualify("client %d received %d notices of arrivals, expected %d", i, arrivals, expected);
    }
}
