// One sender at full speed, many readers. The sender repeats a block of numbered lines; each reader must receive the same
// block repeatedly, with a prefix before each line, and in the end exactly as many lines as were sent.
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BLOCK = 64 * 1024 };
/** Upper bound for unread lines, in seconds at the best pace so far. It limits the time to drain them at the end. */
static const double MAX_IN_FLIGHT_SECONDS = 0.5;

static struct room room;
static char *sent_block, *expected_block;
static size_t sent_size, expected_size, expected_line;
static uint64_t delivered; // bytes, of all readers
static uint64_t lead;      // bytes of the fastest reader

static void make_blocks(void) {
    char prefix[64];
    int length = prefix_of(&room, 0, prefix);
    int lines = BLOCK / options.size + 1, repeats = CHUNK_BYTES / BLOCK + 1;
    sent_size = (size_t)lines * (size_t)options.size;
    expected_line = (size_t)(options.size + length);
    expected_size = (size_t)lines * expected_line;
    sent_block = malloc(sent_size * (size_t)repeats);
    expected_block = malloc(expected_size);
    if (sent_block == NULL || expected_block == NULL) fail("malloc");
    for (int i = 0; i < lines; i++) {
        char *line = sent_block + (size_t)i * (size_t)options.size;
        memset(line, 'x', (size_t)options.size);
        char number[16];
        int digits = sprintf(number, "%06d", i);
        memcpy(line, number, (size_t)(digits < options.size ? digits : options.size - 1));
        line[options.size - 1] = '\n';
        char *expected_text = expected_block + (size_t)i * expected_line;
        memcpy(expected_text, prefix, (size_t)length);
        memcpy(expected_text + length, line, (size_t)options.size);
    }
    for (int i = 1; i < repeats; i++) memcpy(sent_block + sent_size * (size_t)i, sent_block, sent_size);
}

static void check(struct client *client, const char *bytes, size_t length) {
    for (size_t done = 0; done < length;) {
        size_t part = expected_size - client->at < length - done ? expected_size - client->at : length - done;
        if (memcmp(bytes + done, expected_block + client->at, part) != 0) {
            size_t wrong = 0;
            while (bytes[done + wrong] == expected_block[client->at + wrong]) wrong++;
            uint64_t line = (client->bytes + done + wrong) / expected_line;
            size_t shown = length - done - wrong < 60 ? length - done - wrong : 60;
            disqualify("reader %d received a wrong line %llu: %.*s", client->index,
                       (unsigned long long)line, (int)shown, bytes + done + wrong);
        }
        done += part;
        client->at = client->at + part == expected_size ? 0 : client->at + part;
    }
    client->bytes += length;
    if (client->bytes > lead) lead = client->bytes;
}

static void read_from(struct client *client) {
    int length = receive(client, chunk, CHUNK_BYTES);
    if (length == 0) return;
    if (client->index == 0) disqualify("it echoed a line to its sender: %.*s", length < 60 ? length : 60, chunk);
    check(client, chunk, (size_t)length);
    delivered += (uint64_t)length;
}

/** Reads all available input; waits at most `timeout` ms for it. */
static void turn(int timeout) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(room.epoll, events, MAX_EVENTS, timeout);
    for (int i = 0; i < count; i++)
        if (events[i].events & ~(uint32_t)EPOLLOUT) read_from(events[i].data.ptr);
}

/** Sends up to `allowed` bytes in total; returns false if the socket is full. */
static bool send_lines(struct client *sender, uint64_t *sent, uint64_t allowed) {
    while (*sent < allowed) {
        uint64_t size = allowed - *sent < CHUNK_BYTES ? allowed - *sent : CHUNK_BYTES;
        ssize_t written = send(sender->fd, sent_block + *sent % sent_size, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written == -1 && errno != EAGAIN) disqualify("it ended a connection: %s", strerror(errno));
        if (written == -1) return false;
        *sent += (uint64_t)written;
    }
    return true;
}

void fan_out(void) {
    int readers = options.readers, all = 1 + readers + options.stalled;
    fill(&room, all);
    make_blocks();
    struct client *sender = &room.clients[0];
    for (int i = 1 + readers; i < all; i++) epoll_ctl(room.epoll, EPOLL_CTL_DEL, room.clients[i].fd, NULL);
    struct usage own = {0, 0}, relay = {0, 0};
    uint64_t sent = 0, counted_from = 0, last = 0, best_from = 0;
    double began = now(), from = 0, moved = began, sampled = began, best = 0;
    bool is_blocked = false, writable = true;
    for (double time = began; from == 0 || time < from + options.seconds; time = now()) {
        if (from == 0 && time >= began + options.warmup) {
            from = time;
            counted_from = delivered;
            own = usage_of(0);
            relay = usage_of(options.relay_pid);
        }
        if (time - sampled >= 0.02) {
            double pace = (double)(lead - best_from) / (time - sampled);
            if (pace > best) best = pace;
            sampled = time;
            best_from = lead;
        }
        // Counted without prefixes, which allows slightly more.
        double window = best * MAX_IN_FLIGHT_SECONDS < BLOCK ? BLOCK : best * MAX_IN_FLIGHT_SECONDS;
        writable = send_lines(sender, &sent, lead / expected_line * (uint64_t)options.size + (uint64_t)window);
        if (is_blocked == writable) watch(&room, sender, EPOLLIN | (writable ? 0 : EPOLLOUT));
        is_blocked = !writable;
        turn(50);
        if (delivered != last) moved = time;
        last = delivered;
        if (time - moved > options.stall_timeout) disqualify("it stalled: no line delivered for %.0f s", options.stall_timeout);
    }
    double to = now();
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    uint64_t lines = (delivered - counted_from) / expected_line;
    // Completes the last line. All readers must receive everything, including the stalled ones.
    int rest = (int)(sent % (uint64_t)options.size == 0 ? 0 : (uint64_t)options.size - sent % (uint64_t)options.size);
    for (moved = now(); rest > 0;) {
        ssize_t written =
            send(sender->fd, sent_block + sent % sent_size, (size_t)rest, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written == -1 && errno != EAGAIN) disqualify("it ended a connection: %s", strerror(errno));
        if (written > 0) sent += (uint64_t)written, rest -= (int)written;
        turn(1);
        if (delivered != last) moved = now();
        last = delivered;
        if (now() - moved > options.stall_timeout) disqualify("it stalled: it reads no more input");
    }
    watch(&room, sender, EPOLLIN);
    for (int i = 1 + readers; i < all; i++) watch(&room, &room.clients[i], EPOLLIN);
    uint64_t expected = sent / (uint64_t)options.size * expected_line;
    double deadline = now() + 60;
    for (moved = now(); delivered < expected * (uint64_t)(all - 1);) {
        turn(50);
        if (delivered != last) moved = now();
        last = delivered;
        if (now() - moved > options.stall_timeout || now() > deadline) {
            uint64_t missing = (expected * (uint64_t)(all - 1) - delivered) / expected_line;
            disqualify("it lost %llu of %llu lines", (unsigned long long)missing,
                       (unsigned long long)(expected / expected_line * (uint64_t)(all - 1)));
        }
    }
    // Nothing may arrive after the end, and nothing at the sender.
    turn(20);
    if (delivered != expected * (uint64_t)(all - 1)) disqualify("it sent more than it received");
    double seconds = to - from;
    printf("{\"rate\":%.1f,\"lines\":%llu,\"seconds\":%.4f,\"sent\":%llu,\"checked\":%llu,\"busy\":%.3f,"
           "\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)lines / seconds, (unsigned long long)lines, seconds,
           (unsigned long long)(sent / (uint64_t)options.size), (unsigned long long)(delivered / expected_line),
           (own_to.user + own_to.system - own.user - own.system) / seconds, (relay_to.user - relay.user) / seconds,
           (relay_to.system - relay.system) / seconds);
}
