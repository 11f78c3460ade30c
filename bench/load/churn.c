// Members that stay, and visitors that connect and leave as fast as possible: each leaves when the first member has
// received the notice of its arrival. Every member must receive both notices of each visitor, arrivals in order.
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISITORS = 16, ADDRESSES = 200 };

struct tally {
    uint64_t arrived, left; // notices received
    uint64_t sum;           // sum of the ids that left, in any order
};

static struct room room;
static struct tally *tallies;
static struct client visitors[VISITORS];
static struct client *waiting[VISITORS]; // visitors in the order of connecting
static unsigned connected, announced;
static uint64_t closed, sum_of_ids;
static bool closing;

static void connect_visitor(struct client *visitor) {
    visitor->fd = connect_to(options.port, 1 + (int)(connected % ADDRESSES));
    if (visitor->fd == -1) disqualify("it refused a connection: %s", strerror(errno));
    visitor->length = 0;
    waiting[connected++ % VISITORS] = visitor;
    watch(&room, visitor, EPOLLIN);
}

static void on_line(struct client *member, const char *line, int length) {
    struct tally *tally = &tallies[member->index];
    char text[64];
    int id, end = 0;
    snprintf(text, sizeof text, "%.*s", length < 63 ? length : 63, line);
    if (sscanf(text, "server: client %d just %n", &id, &end) != 1 || end == 0)
        disqualify("it sent an unexpected line: %s", text);
    if (strcmp(text + end, "arrived") == 0) {
        int expected = room.base + room.count + (int)tally->arrived++;
        if (id != expected)
            disqualify("member %d received the arrival of client %d, expected client %d", member->index, id, expected);
        if (member->index == 0) shutdown(waiting[announced++ % VISITORS]->fd, SHUT_WR);
    } else if (strcmp(text + end, "left") == 0) {
        tally->left++;
        tally->sum += (uint64_t)id;
        if (tally->left > tally->arrived) disqualify("member %d received more departures than arrivals", member->index);
    } else {
        disqualify("it sent an unexpected line: %s", text);
    }
}

static bool is_visitor(const struct client *client) { return client >= visitors && client < visitors + VISITORS; }

// Ignores what a visitor receives, and closes it when the relay has ended the connection.
static void read_visitor(struct client *visitor) {
    ssize_t length = recv(visitor->fd, chunk, CHUNK_BYTES, MSG_DONTWAIT);
    if (length > 0 || (length == -1 && errno == EAGAIN)) return;
    if (length == -1) disqualify("it broke a connection: %s", strerror(errno));
    close(visitor->fd);
    visitor->fd = -1;
    closed++;
    if (!closing) connect_visitor(visitor);
}

static void turn(int timeout) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(room.epoll, events, MAX_EVENTS, timeout);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        if (is_visitor(client)) read_visitor(client);
        else each_line(client, chunk, receive(client, chunk, CHUNK_BYTES), on_line);
    }
}

static bool all_received(void) {
    if (closed < connected) return false;
    for (int i = 0; i < room.count; i++)
        if (tallies[i].arrived < connected || tallies[i].left < connected) return false;
    return true;
}

void churn(void) {
    fill(&room, options.clients);
    tallies = calloc((size_t)room.count, sizeof *tallies);
    if (tallies == NULL) fail("calloc");
    double began = now(), moved = began, from = 0;
    uint64_t counted_from = 0, last = 0;
    struct usage own = {0, 0}, relay = {0, 0};
    for (int i = 0; i < VISITORS; i++) connect_visitor(&visitors[i]);
    for (double time = began; from == 0 || time < from + options.seconds; time = now()) {
        if (from == 0 && time >= began + options.warmup) {
            from = time;
            counted_from = closed;
            own = usage_of(0);
            relay = usage_of(options.relay_pid);
        }
        turn(50);
        if (closed != last) moved = time;
        last = closed;
        if (time - moved > options.stall_timeout) disqualify("it stalled: no client left for %.0f s", options.stall_timeout);
    }
    double seconds = now() - from;
    uint64_t cycles = closed - counted_from;
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    closing = true;
    for (double deadline = now() + options.stall_timeout; !all_received();) {
        turn(50);
        if (now() > deadline) disqualify("a member did not receive all arrivals and departures");
    }
    for (unsigned i = 0; i < connected; i++) sum_of_ids += (uint64_t)(room.base + room.count) + i;
    for (int i = 0; i < room.count; i++)
        if (tallies[i].sum != sum_of_ids || tallies[i].arrived != connected || tallies[i].left != connected)
            disqualify("member %d received departures of other clients", i);
    printf("{\"rate\":%.1f,\"came\":%u,\"seconds\":%.4f,\"busy\":%.3f,\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)cycles / seconds, connected, seconds, (own_to.user + own_to.system - own.user - own.system) / seconds,
           (relay_to.user - relay.user) / seconds, (relay_to.system - relay.system) / seconds);
}
