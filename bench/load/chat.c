// A chat: each client sends lines at a rate or, in a closed loop, its next line when all others have received its last.
// Each line carries its sender, its number and its time, which are checked.
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

enum { LINE = 32 };

static struct room room;
static struct usage own_from, relay_from;
static char (*prefixes)[32];
static int *prefix_lengths;
static uint32_t *received;  // [reader * count + sender]: the number of the next line
static uint32_t *sent;      // by sender: lines sent
static int *awaited;        // by sender: readers that have not received its last line
static double *due;         // by sender: time of its next line
static uint64_t outstanding, lines_sent;
static bool measuring, closing;
static uint64_t received_at; // when the current bytes were read

static void send_line(int index) {
    char line[LINE + 1];
    sprintf(line, "%05d %08u %016llu\n", index, sent[index]++, (unsigned long long)now_ns());
    awaited[index] = room.count - 1;
    outstanding += (uint64_t)(room.count - 1);
    if (measuring) lines_sent++;
    send_all(&room.clients[index], line, LINE);
}

static uint64_t number(const char *digits, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; i++) value = value * 10 + (uint64_t)(digits[i] - '0');
    return value;
}

// ncat numbers its users differently; each must keep its number.
static void learn_prefix(int sender, const char *line, int length) {
    int id, end = 0;
    snprintf(prefixes[sender], sizeof prefixes[sender], "%.*s", length < 31 ? length : 31, line);
    if (sscanf(prefixes[sender], "<user%d> %n", &id, &end) == 1 && end == length) prefix_lengths[sender] = length;
    else disqualify("a line has the wrong prefix: %.*s", length < 60 ? length : 60, line);
}

static void on_line(struct client *client, const char *line, int length) {
    int sender = length < LINE - 1 ? -1 : (int)number(line + length - LINE + 1, 5);
    if (sender < 0 || sender >= room.count)
        disqualify("it sent a line without a sender: %.*s", length < 100 ? length : 100, line);
    if (prefix_lengths[sender] < 0) learn_prefix(sender, line, length - LINE + 1);
    int prefix = prefix_lengths[sender];
    if (length != prefix + LINE - 1 || memcmp(line, prefixes[sender], (size_t)prefix) != 0)
        disqualify("a line has the wrong prefix: %.*s", length < 100 ? length : 100, line);
    if (sender == client->index) disqualify("it echoed a line to its sender");
    uint32_t seq = (uint32_t)number(line + prefix + 6, 8);
    uint32_t *expected = &received[client->index * room.count + sender];
    if (seq != *expected)
        disqualify("client %d received line %u of client %d, expected line %u", client->index, seq, sender, *expected);
    ++*expected;
    outstanding--;
    if (measuring) record_delay(received_at - number(line + prefix + 15, 16));
    if (--awaited[sender] == 0 && options.rate == 0 && !closing) send_line(sender);
}

static void turn(double timeout) {
    struct epoll_event events[MAX_EVENTS];
    struct timespec wait = {0, timeout < 0 ? 0 : (long)(timeout * 1e9)};
    int count = epoll_pwait2(room.epoll, events, MAX_EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++) {
        struct client *client = events[i].data.ptr;
        int length = receive(client, chunk, CHUNK_BYTES);
        received_at = now_ns();
        each_line(client, chunk, length, on_line);
    }
}

// Sends all lines that are due; returns the seconds until the next one.
static double send_due_lines(void) {
    double time = now(), next = time + 0.05;
    if (options.rate == 0) return 0.05;
    for (int i = 0; i < room.count; i++) {
        if (due[i] <= time) {
            send_line(i);
            due[i] += 1 / options.rate;
            // Does not catch up after a delay of a busy machine, because that would be a burst.
            if (due[i] < time) due[i] = time + 1 / options.rate;
        }
        if (due[i] < next) next = due[i];
    }
    return next - now();
}

void chat(void) {
    int count = options.clients;
    fill(&room, count);
    size_t clients = (size_t)count;
    prefixes = calloc(clients, sizeof *prefixes);
    prefix_lengths = calloc(clients, sizeof *prefix_lengths);
    received = calloc(clients * clients, sizeof *received);
    sent = calloc(clients, sizeof *sent);
    awaited = calloc(clients, sizeof *awaited);
    due = calloc(clients, sizeof *due);
    if (!prefixes || !prefix_lengths || !received || !sent || !awaited || !due) fail("calloc");
    double began = now(), moved = began, from = 0;
    srand(1);
    for (int i = 0; i < count; i++) {
        prefix_lengths[i] = strcmp(options.style, "chat") == 0 ? -1 : prefix_of(room.base + i, prefixes[i]);
        if (options.rate > 0) due[i] = began + (double)rand() / RAND_MAX / options.rate;
        else send_line(i);
    }
    uint64_t last = outstanding;
    for (double time = began; from == 0 || time < from + options.seconds; time = now()) {
        if (from == 0 && time >= began + options.warmup) {
            from = time;
            measuring = true;
            own_from = usage_of(0);
            relay_from = usage_of(options.relay_pid);
        }
        turn(send_due_lines());
        if (outstanding != last || outstanding == 0) moved = time;
        last = outstanding;
        if (time - moved > options.stall_timeout) disqualify("it stalled: no line delivered for %.0f s", options.stall_timeout);
    }
    double seconds = now() - from;
    struct usage own = usage_of(0), relay = usage_of(options.relay_pid);
    closing = true;
    uint64_t sent_in_time = lines_sent, received_in_time = recorded_delays();
    for (moved = now(); outstanding > 0;) {
        turn(0.05);
        if (outstanding != last) moved = now();
        last = outstanding;
        if (now() - moved > options.stall_timeout) disqualify("it lost %llu lines", (unsigned long long)outstanding);
    }
    printf("{\"rate\":%.1f,\"sent\":%llu,\"lines\":%llu,\"seconds\":%.4f,\"p50\":%.5f,\"p99\":%.5f,\"p999\":%.5f,"
           "\"busy\":%.3f,\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)received_in_time / seconds, (unsigned long long)sent_in_time, (unsigned long long)received_in_time,
           seconds, delay_quantile(0.5), delay_quantile(0.99), delay_quantile(0.999),
           (own.user + own.system - own_from.user - own_from.system) / seconds,
           (relay.user - relay_from.user) / seconds, (relay.system - relay_from.system) / seconds);
}
