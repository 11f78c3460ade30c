// One sender at full speed to so many readers. Its lines are numbered, round and round, in a block; what a reader is
// given must be that block over and over, with the sender's prefix before each line, and in the end all of it.
#include "load.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BLOCK = 64 * 1024 };
/** How much may be under way, in seconds at the best pace seen: what is drained in the end is bounded by that. */
static const double UNDER_WAY = 0.5;

static struct room room;
static char *said_block, *heard_block;
static size_t said_size, heard_size, heard_line;
static uint64_t delivered; // bytes, to all readers that read
static uint64_t lead;      // bytes that the reader in front has

static void make_blocks(void) {
    char prefix[64];
    int length = prefix_of(&room, 0, prefix);
    int lines = BLOCK / options.size + 1, repeats = CHUNK / BLOCK + 1;
    said_size = (size_t)lines * (size_t)options.size;
    heard_line = (size_t)(options.size + length);
    heard_size = (size_t)lines * heard_line;
    said_block = malloc(said_size * (size_t)repeats);
    heard_block = malloc(heard_size);
    if (said_block == NULL || heard_block == NULL) fail("malloc");
    for (int i = 0; i < lines; i++) {
        char *line = said_block + (size_t)i * (size_t)options.size;
        memset(line, 'x', (size_t)options.size);
        char number[16];
        int digits = sprintf(number, "%06d", i);
        memcpy(line, number, (size_t)(digits < options.size ? digits : options.size - 1));
        line[options.size - 1] = '\n';
        char *heard = heard_block + (size_t)i * heard_line;
        memcpy(heard, prefix, (size_t)length);
        memcpy(heard + length, line, (size_t)options.size);
    }
    for (int i = 1; i < repeats; i++) memcpy(said_block + said_size * (size_t)i, said_block, said_size);
}

static void check(struct client *client, const char *bytes, size_t length) {
    for (size_t done = 0; done < length;) {
        size_t part = heard_size - client->at < length - done ? heard_size - client->at : length - done;
        if (memcmp(bytes + done, heard_block + client->at, part) != 0) {
            size_t wrong = 0;
            while (bytes[done + wrong] == heard_block[client->at + wrong]) wrong++;
            uint64_t line = (client->bytes + done + wrong) / heard_line;
            size_t shown = length - done - wrong < 60 ? length - done - wrong : 60;
            disqualify("reader %d was not given line %llu as it was said: %.*s", client->index,
                       (unsigned long long)line, (int)shown, bytes + done + wrong);
        }
        done += part;
        client->at = client->at + part == heard_size ? 0 : client->at + part;
    }
    client->bytes += length;
    if (client->bytes > lead) lead = client->bytes;
}

static void read_from(struct client *client) {
    int length = take(client, chunk, CHUNK);
    if (length == 0) return;
    if (client->index == 0) disqualify("it echoed a line to who said it: %.*s", length < 60 ? length : 60, chunk);
    check(client, chunk, (size_t)length);
    delivered += (uint64_t)length;
}

/** Handles what is there; waits for it no longer than `timeout` ms. */
static void turn(int timeout) {
    struct epoll_event events[MOST_EVENTS];
    int count = epoll_wait(room.epoll, events, MOST_EVENTS, timeout);
    for (int i = 0; i < count; i++)
        if (events[i].events & ~(uint32_t)EPOLLOUT) read_from(events[i].data.ptr);
}

/** Says as much as is allowed to be under way; false if the relay takes no more now. */
static bool speak(struct client *sender, uint64_t *said, uint64_t allowed) {
    while (*said < allowed) {
        uint64_t size = allowed - *said < CHUNK ? allowed - *said : CHUNK;
        ssize_t written = send(sender->fd, said_block + *said % said_size, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written == -1 && errno != EAGAIN) disqualify("it ended a connection: %s", strerror(errno));
        if (written == -1) return false;
        *said += (uint64_t)written;
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
    uint64_t said = 0, counted_from = 0, last = 0, best_from = 0;
    double began = now(), from = 0, moved = began, sampled = began, best = 0;
    bool waits = false, writable = true;
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
        // In bytes said, as if the prefix cost nothing: a little more than is meant.
        double room_for = best * UNDER_WAY < BLOCK ? BLOCK : best * UNDER_WAY;
        writable = speak(sender, &said, lead / heard_line * (uint64_t)options.size + (uint64_t)room_for);
        if (waits == writable) watch(&room, sender, EPOLLIN | (writable ? 0 : EPOLLOUT));
        waits = !writable;
        turn(50);
        if (delivered != last) moved = time;
        last = delivered;
        if (time - moved > options.patience) disqualify("it stalled: nothing came for %.0f s", options.patience);
    }
    double to = now();
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    uint64_t lines = (delivered - counted_from) / heard_line;
    // The last line is ended, and everybody must get all of it: those, too, who have not read so far.
    int rest = (int)(said % (uint64_t)options.size == 0 ? 0 : (uint64_t)options.size - said % (uint64_t)options.size);
    for (moved = now(); rest > 0;) {
        ssize_t written =
            send(sender->fd, said_block + said % said_size, (size_t)rest, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written == -1 && errno != EAGAIN) disqualify("it ended a connection: %s", strerror(errno));
        if (written > 0) said += (uint64_t)written, rest -= (int)written;
        turn(1);
        if (delivered != last) moved = now();
        last = delivered;
        if (now() - moved > options.patience) disqualify("it stalled: nothing more could be said to it");
    }
    watch(&room, sender, EPOLLIN);
    for (int i = 1 + readers; i < all; i++) watch(&room, &room.clients[i], EPOLLIN);
    uint64_t expected = said / (uint64_t)options.size * heard_line;
    double until = now() + 60;
    for (moved = now(); delivered < expected * (uint64_t)(all - 1);) {
        turn(50);
        if (delivered != last) moved = now();
        last = delivered;
        if (now() - moved > options.patience || now() > until) {
            uint64_t missing = (expected * (uint64_t)(all - 1) - delivered) / heard_line;
            disqualify("it lost %llu of %llu lines", (unsigned long long)missing,
                       (unsigned long long)(expected / heard_line * (uint64_t)(all - 1)));
        }
    }
    // Nothing may come after the end, and nothing to who said it.
    turn(20);
    if (delivered != expected * (uint64_t)(all - 1)) disqualify("it sent more than was said");
    double seconds = to - from;
    printf("{\"rate\":%.1f,\"lines\":%llu,\"seconds\":%.4f,\"said\":%llu,\"checked\":%llu,\"busy\":%.3f,"
           "\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)lines / seconds, (unsigned long long)lines, seconds,
           (unsigned long long)(said / (uint64_t)options.size), (unsigned long long)(delivered / heard_line),
           (own_to.user + own_to.system - own.user - own.system) / seconds, (relay_to.user - relay.user) / seconds,
           (relay_to.system - relay.system) / seconds);
}
