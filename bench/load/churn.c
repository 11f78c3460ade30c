// A room whose members stay, and others who come and go as fast as the room takes it: each leaves when the first member
// has heard that it came. Every member must hear of every one, in order, that it came and that it left.
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GUESTS = 16, ADDRESSES = 200 };

struct tally {
    uint64_t arrived, left; // how many
    uint64_t sum;           // of the ids that left: who, in whatever order
};

static struct room room;
static struct tally *tallies;
static struct client guests[GUESTS];
static struct client *waiting[GUESTS]; // guests in the order in which they came
static unsigned came, welcomed;
static uint64_t gone, sum_of_ids;
static bool closing;

static void come(struct client *guest) {
    guest->fd = connect_to(options.port, 1 + (int)(came % ADDRESSES));
    if (guest->fd == -1) disqualify("it took a connection no more: %s", strerror(errno));
    guest->length = 0;
    waiting[came++ % GUESTS] = guest;
    watch(&room, guest, EPOLLIN);
}

static void hear(struct client *member, const char *line, int length) {
    struct tally *tally = &tallies[member->index];
    char text[64];
    int id, end = 0;
    snprintf(text, sizeof text, "%.*s", length < 63 ? length : 63, line);
    if (sscanf(text, "server: client %d just %n", &id, &end) != 1 || end == 0)
        disqualify("it sent what nobody said: %s", text);
    if (strcmp(text + end, "arrived") == 0) {
        int expected = room.base + room.count + (int)tally->arrived++;
        if (id != expected)
            disqualify("member %d heard that %d came and not that %d did", member->index, id, expected);
        if (member->index == 0) shutdown(waiting[welcomed++ % GUESTS]->fd, SHUT_WR);
    } else if (strcmp(text + end, "left") == 0) {
        tally->left++;
        tally->sum += (uint64_t)id;
        if (tally->left > tally->arrived) disqualify("member %d heard of more who left than came", member->index);
    } else {
        disqualify("it sent what nobody said: %s", text);
    }
}

static bool is_guest(const struct client *client) { return client >= guests && client < guests + GUESTS; }

// What a guest is told of the others does not matter here. It is gone when its connection has been ended.
static void let_go(struct client *guest) {
    ssize_t length = recv(guest->fd, chunk, CHUNK, MSG_DONTWAIT);
    if (length > 0 || (length == -1 && errno == EAGAIN)) return;
    if (length == -1) disqualify("it broke a connection: %s", strerror(errno));
    close(guest->fd);
    guest->fd = -1;
    gone++;
    if (!closing) come(guest);
}

static void turn(int timeout) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(room.epoll, events, MOST_EVENTS, timeout);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        if (is_guest(client)) let_go(client);
        else each_line(client, chunk, take(client, chunk, CHUNK), hear);
    }
}

static bool all_heard(void) {
    if (gone < came) return false;
    for (int i = 0; i < room.count; i++)
        if (tallies[i].arrived < came || tallies[i].left < came) return false;
    return true;
}

void churn(void) {
    fill(&room, options.clients);
    tallies = calloc((size_t)room.count, sizeof *tallies);
    if (tallies == NULL) fail("calloc");
    double began = now(), moved = began, from = 0;
    uint64_t counted_from = 0, last = 0;
    struct usage own = {0, 0}, relay = {0, 0};
    for (int i = 0; i < GUESTS; i++) come(&guests[i]);
    for (double time = began; from == 0 || time < from + options.seconds; time = now()) {
        if (from == 0 && time >= began + options.warmup) {
            from = time;
            counted_from = gone;
            own = usage_of(0);
            relay = usage_of(options.relay_pid);
        }
        turn(50);
        if (gone != last) moved = time;
        last = gone;
        if (time - moved > options.patience) disqualify("it stalled: nobody left for %.0f s", options.patience);
    }
    double seconds = now() - from;
    uint64_t cycles = gone - counted_from;
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    closing = true;
    for (double until = now() + options.patience; !all_heard();) {
        turn(50);
        if (now() > until) disqualify("not every member heard of everybody who came and left");
    }
    for (unsigned i = 0; i < came; i++) sum_of_ids += (uint64_t)(room.base + room.count) + i;
    for (int i = 0; i < room.count; i++)
        if (tallies[i].sum != sum_of_ids || tallies[i].arrived != came || tallies[i].left != came)
            disqualify("member %d heard of others than came and left", i);
    printf("{\"rate\":%.1f,\"came\":%u,\"seconds\":%.4f,\"busy\":%.3f,\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)cycles / seconds, came, seconds, (own_to.user + own_to.system - own.user - own.system) / seconds,
           (relay_to.user - relay.user) / seconds, (relay_to.system - relay.system) / seconds);
}
