// Many clients that connect at once, until each has received the notice of every later one, and the delay of lines meanwhile.
// The clients of a first storm leave again, so that the second one, which is measured, meets a relay that is warm.
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SENDER, WITNESS, BEFORE, CONNECTS_PER_TURN = 32, DIGITS = 24 };
static const double LINE_INTERVAL = 0.005;
/** Seconds without progress. A SYN that finds the listen queue full is sent again after 1, 3 and 7 s. */
static const double MAX_STALL = 10;

struct notice { char text[40]; int length; };

struct member {
    struct client client;
    int id;              // -1: it has received no notice yet
    int expected;        // the id of the next notice
    int64_t next_line;   // the number of the next line; -1: not known yet
};

static struct room room;
static struct notice *notices; // by id - first_id
static struct member *members; // the sender, a witness, and the clients that arrive
static int first_id, last_id, connected, complete_lines;
static bool is_measured, is_leaving;
static int left[BEFORE];             // notices of departures that the clients from before have received
static int64_t sum_of_left[BEFORE];  // the sum of their ids, which leave in any order
static char prefix[32];
static int prefix_length;
static uint64_t received_notices, received_at, sent_lines;
static double next_due;

static void on_notice(struct member *member, const char *line, int length) {
    if (member->id == -1) {
        char text[40], rest;
        snprintf(text, sizeof text, "%.*s", length, line);
        if (sscanf(text, "server: client %d just arrive%c", &member->expected, &rest) != 2)
            disqualify("it sent an unexpected line: %s", text);
        member->id = member->expected - 1;
        if (member->id < first_id) disqualify("client %d is as old as the first", member->client.index);
    }
    int id = member->expected;
    if (id <= member->id || id < first_id || id > last_id) disqualify("client %d received the notice of client %d", member->client.index, id);
    const struct notice *notice = &notices[id - first_id];
    if (length != notice->length || memcmp(line, notice->text, (size_t)length) != 0)
        disqualify("client %d received \"%.*s\", expected \"%s\"", member->client.index, length, line, notice->text);
    member->expected++;
    received_notices++;
}

// Clients that leave themselves receive the notices of those that left before. They may miss the last ones.
static void on_departure(struct member *member, const char *line, int length) {
    char text[40];
    int id, end = 0;
    snprintf(text, sizeof text, "%.*s", length < 39 ? length : 39, line);
    if (sscanf(text, "server: client %d just left%n", &id, &end) != 1 || end != length || id < first_id || id > last_id)
        disqualify("client %d received \"%s\" when others left", member->client.index, text);
    if (member->client.index >= BEFORE) return;
    left[member->client.index]++;
    sum_of_left[member->client.index] += id;
}

static void on_line(struct client *client, const char *line, int length) {
    struct member *member = (struct member *)client;
    if (is_leaving) {
        on_departure(member, line, length);
        return;
    }
    if (length < 40 && memcmp(line, "server: ", 8) == 0) {
        on_notice(member, line, length);
        return;
    }
    unsigned long long number, time;
    char text[DIGITS * 2];
    if (length < prefix_length || memcmp(line, prefix, (size_t)prefix_length) != 0)
        disqualify("it sent an unexpected line: %.*s", length < 100 ? length : 100, line);
    if (client->index == SENDER) disqualify("it echoed a line to its sender");
    snprintf(text, sizeof text, "%.*s", length - prefix_length, line + prefix_length);
    if (sscanf(text, "%llu %llu", &number, &time) != 2) disqualify("it altered a line: %s", text);
    if (member->next_line == -1) member->next_line = (int64_t)number;
    if ((int64_t)number != member->next_line)
        disqualify("client %d received line %llu, expected line %lld", client->index, number, (long long)member->next_line);
    member->next_line++;
    if (member->next_line == (int64_t)sent_lines) complete_lines++;
    if (is_measured) record_delay(received_at - time);
}

static void send_line(void) {
    char line[DIGITS * 2];
    int length = sprintf(line, "%llu %llu\n", (unsigned long long)sent_lines++, (unsigned long long)now_ns());
    complete_lines = 0;
    send_all(&members[SENDER].client, line, length);
}

static void turn(int timeout) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(room.epoll, events, MAX_EVENTS, timeout);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        int length = receive_or_end(client, chunk, CHUNK_BYTES);
        if (length == -1 && is_leaving && errno == 0 && client->index >= BEFORE) {
            close(client->fd);
            free(client->line);
            connected--;
            continue;
        }
        if (length == -1) disqualify("it ended a connection%s%s", errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
        received_at = now_ns();
        each_line(client, chunk, length, on_line);
    }
}

static void connect_next(void) {
    struct client *client = &members[BEFORE + connected++].client;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd == -1) fail("socket");
    if (connect(client->fd, (struct sockaddr *)&address, sizeof address) == -1 && errno != EINPROGRESS)
        disqualify("it refused a connection: %s", strerror(errno));
    watch(&room, client, EPOLLIN);
}

static void prepare(int count) {
    // Two clients are there before: the relay assigns the following ids to those that arrive.
    fill(&room, BEFORE);
    last_id = room.base + BEFORE - 1;
    prefix_length = prefix_of(room.base + SENDER, prefix);
    members = calloc((size_t)(BEFORE + count), sizeof *members);
    notices = calloc((size_t)count, sizeof *notices);
    if (members == NULL || notices == NULL) fail("calloc");
    for (int i = 0; i < BEFORE; i++) {
        members[i].client = room.clients[i];
        members[i].id = room.base + i;
        watch(&room, &members[i].client, EPOLLIN);
    }
}

static void expect_arrivals(int count) {
    first_id = last_id + 1;
    last_id += count;
    received_notices = 0;
    for (int i = 0; i < count; i++) {
        notices[i].length = sprintf(notices[i].text, "server: client %d just arrived", first_id + i);
        members[BEFORE + i] = (struct member){.client = {.index = BEFORE + i}, .id = -1, .next_line = -1};
    }
    for (int i = 0; i < BEFORE; i++) members[i].expected = first_id;
}

// A client has the id before the first one of which it was notified. Only the last one was not notified of any.
static void check_ids(int count) {
    bool *taken = calloc((size_t)count, sizeof *taken);
    if (taken == NULL) fail("calloc");
    for (int i = BEFORE; i < BEFORE + count; i++) {
        int id = members[i].id == -1 ? last_id : members[i].id;
        if (taken[id - first_id]) disqualify("two clients have the id %d", id);
        if (id != last_id && members[i].expected != last_id + 1)
            disqualify("client %d did not receive the notice of client %d", i, members[i].expected);
        taken[id - first_id] = true;
    }
    free(taken);
}

// Connects all clients, and waits for all notices. Returns the seconds that this took.
static double storm(int count) {
    uint64_t expected = (uint64_t)count * (uint64_t)(count - 1) / 2 + (uint64_t)BEFORE * (uint64_t)count, last = 0;
    expect_arrivals(count);
    double began = now(), moved = began;
    next_due = began;
    while (received_notices < expected) {
        double time = now();
        if (time >= next_due) {
            send_line();
            next_due += LINE_INTERVAL;
            // Does not catch up after a delay of a busy machine, because that would be a burst.
            if (next_due < time) next_due = time + LINE_INTERVAL;
        }
        for (int i = 0; i < CONNECTS_PER_TURN && connected < count; i++) connect_next();
        turn(connected < count ? 0 : 1);
        if (received_notices != last) moved = time;
        last = received_notices;
        if (time - moved > MAX_STALL)
            disqualify("it stalled: %llu of %llu notices were delivered", (unsigned long long)last, (unsigned long long)expected);
    }
    return now() - began;
}

// All clients, including the last one that arrived, receive one more line. It follows every notice and line before.
static void check_all(int count) {
    send_line();
    for (double deadline = now() + MAX_STALL; complete_lines < count + 1;) {
        turn(20);
        if (now() > deadline) disqualify("%d of %d clients did not receive all lines", count + 1 - complete_lines, count + 1);
    }
    turn(20);
    if (received_notices != (uint64_t)count * (uint64_t)(count - 1) / 2 + (uint64_t)BEFORE * (uint64_t)count)
        disqualify("it sent more notices than clients arrived");
    check_ids(count);
}

// All clients that arrived leave, until the relay has ended their connections and has notified the two from before.
static void leave(int count) {
    is_leaving = true;
    for (int i = BEFORE; i < BEFORE + count; i++) shutdown(members[i].client.fd, SHUT_WR);
    int last = 0;
    for (double moved = now(); connected > 0 || left[SENDER] < count || left[WITNESS] < count;) {
        turn(20);
        int progress = left[SENDER] + left[WITNESS] - connected;
        if (progress != last) moved = now();
        last = progress;
        if (now() - moved > MAX_STALL) disqualify("it stalled: %d of %d clients that left are still connected", connected, count);
    }
    for (int i = 0; i < BEFORE; i++)
        if (left[i] != count || sum_of_left[i] != (int64_t)count * (first_id + last_id) / 2)
            disqualify("client %d received departures of other clients", i);
    is_leaving = false;
}

void arrivals(void) {
    int count = options.clients;
    prepare(count);
    storm(count);
    check_all(count);
    leave(count);
    is_measured = true;
    struct usage own = usage_of(0), relay = usage_of(options.relay_pid);
    double seconds = storm(count);
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    check_all(count);
    printf("{\"seconds\":%.4f,\"p50\":%.5f,\"p99\":%.5f,\"lines\":%llu,\"busy\":%.3f,\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           seconds, delay_quantile(0.5), delay_quantile(0.99), (unsigned long long)recorded_delays(),
           (own_to.user + own_to.system - own.user - own.system) / seconds, (relay_to.user - relay.user) / seconds,
           (relay_to.system - relay.system) / seconds);
}
