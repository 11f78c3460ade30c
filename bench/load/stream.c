#include "stream.h"
#include "protocol.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/** Payload bytes of a block. */
enum { BLOCK = 64 * 1024, MAX_FRAMING = 128 };
/** Upper bound for unread lines, in seconds at the best pace so far. It limits the time to drain them at the end. */
static const double MAX_IN_FLIGHT_SECONDS = 0.5;

struct stream stream;
static const struct protocol *protocol;
static bool is_blocked; // whether the socket of the publisher is full

static void make_line(char *line, int number) {
    char digits[16];
    memset(line, 'x', (size_t)options.size);
    int length = sprintf(digits, "%06d", number);
    memcpy(line, digits, (size_t)(length < options.size ? length : options.size - 1));
    line[options.size - 1] = '\n';
}

static void add_frame(struct block *block, int length) {
    block->frame = (size_t)length;
    block->size += (size_t)length;
}

static void make_blocks(int readers) {
    int lines = BLOCK / options.size + 1, repeats = CHUNK_BYTES / BLOCK + 1;
    size_t capacity = (size_t)lines * (size_t)(options.size + MAX_FRAMING);
    struct block *blocks[] = {&stream.sent, &stream.message, &stream.reply};
    for (int i = 0; i < 3; i++) {
        *blocks[i] = (struct block){.bytes = malloc(capacity * (size_t)repeats), .frame = 1};
        if (blocks[i]->bytes == NULL) fail("malloc");
    }
    char line[MAX_LINE_BYTES];
    if (options.size > MAX_LINE_BYTES) fail("--size");
    for (int i = 0; i < lines; i++) {
        make_line(line, i);
        add_frame(&stream.sent, protocol->publish(stream.sent.bytes + stream.sent.size, line, options.size));
        add_frame(&stream.message, protocol->message(stream.message.bytes + stream.message.size, line, options.size,
                                                     stream.room.base));
        if (protocol->reply != NULL)
            add_frame(&stream.reply, protocol->reply(stream.reply.bytes + stream.reply.size, readers));
    }
    // A send may start anywhere in the block, and is not cut at its end.
    for (int i = 1; i < repeats; i++)
        memcpy(stream.sent.bytes + stream.sent.size * (size_t)i, stream.sent.bytes, stream.sent.size);
}

void open_stream(int readers) {
    protocol = protocol_of(options.style);
    fill(&stream.room, 1 + readers);
    make_blocks(readers);
    for (int i = 0; i <= readers; i++) stream.room.clients[i].block = i == 0 ? &stream.reply : &stream.message;
}

uint64_t lines_sent(void) { return stream.sent_bytes / stream.sent.frame; }

uint64_t lines_of(uint64_t bytes) { return bytes / stream.message.frame; }

uint64_t allowed_lines(int last) {
    static double sampled, best;
    static uint64_t sampled_lead;
    double time = now();
    if (time - sampled >= 0.02) {
        double pace = (double)(stream.lead - sampled_lead) / (time - sampled);
        if (sampled > 0 && pace > best) best = pace;
        sampled = time;
        sampled_lead = stream.lead;
    }
    double window = best * MAX_IN_FLIGHT_SECONDS < BLOCK ? BLOCK : best * MAX_IN_FLIGHT_SECONDS;
    uint64_t allowed = lines_of(stream.lead + (uint64_t)window);
    if (protocol->max_unread_bytes == 0 && protocol->max_unread_lines == 0) return allowed;
    uint64_t slowest = stream.lead;
    for (int i = 1; i <= last; i++)
        if (stream.room.clients[i].bytes < slowest) slowest = stream.room.clients[i].bytes;
    uint64_t unread = protocol->max_unread_lines;
    if (unread == 0) unread = lines_of(protocol->max_unread_bytes);
    uint64_t limit = lines_of(slowest) + unread;
    return limit < allowed ? limit : allowed;
}

bool send_lines(uint64_t lines) {
    struct client *publisher = &stream.room.clients[0];
    bool is_full = false;
    for (uint64_t end = lines * stream.sent.frame; stream.sent_bytes < end && !is_full;) {
        uint64_t size = end - stream.sent_bytes < CHUNK_BYTES ? end - stream.sent_bytes : CHUNK_BYTES;
        const char *bytes = stream.sent.bytes + stream.sent_bytes % stream.sent.size;
        ssize_t written = send(publisher->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written == -1 && errno != EAGAIN) disqualify("it ended a connection: %s", strerror(errno));
        if (written == -1) is_full = true;
        else stream.sent_bytes += (uint64_t)written;
    }
    if (is_full != is_blocked) watch(&stream.room, publisher, EPOLLIN | (is_full ? EPOLLOUT : 0));
    is_blocked = is_full;
    return !is_full;
}

// How many of the bytes are the next ones of the client's block.
static size_t match(struct client *client, const char *bytes, size_t length) {
    const struct block *block = client->block;
    size_t part = block->size - client->at < length ? block->size - client->at : length;
    const char *expected = block->bytes + client->at;
    if (part > 0 && memcmp(bytes, expected, part) != 0)
        for (part = 0; bytes[part] == expected[part];) part++;
    client->at = client->at + part == block->size ? 0 : client->at + part;
    client->bytes += part;
    return part;
}

// How many of the bytes are a ping between two frames, or a part of it.
static size_t match_ping(struct client *client, const char *bytes, size_t length) {
    const char *ping = protocol->ping;
    size_t part = 0;
    if (ping == NULL || client->at % client->block->frame != 0) return 0;
    while (part < length && ping[client->pinged] != '\0' && bytes[part] == ping[client->pinged]) part++, client->pinged++;
    if (ping[client->pinged] == '\0') client->pinged = 0;
    return part;
}

bool check(struct client *client, const char *bytes, size_t length, size_t *at) {
    for (*at = 0; *at < length;) {
        size_t part = client->pinged > 0 ? 0 : match(client, bytes + *at, length - *at);
        if (part == 0) part = match_ping(client, bytes + *at, length - *at);
        if (part == 0) return false;
        *at += part;
    }
    return true;
}

static void report(struct client *client, const char *reason) {
    if (client != stream.stalled) disqualify("%s", reason);
    snprintf(stream.failure, sizeof stream.failure, "%s", reason);
    epoll_ctl(stream.room.epoll, EPOLL_CTL_DEL, client->fd, NULL);
}

static void report_wrong(struct client *client, const char *bytes, size_t length) {
    char reason[128];
    int shown = length < 60 ? (int)length : 60;
    if (client->index == 0) snprintf(reason, sizeof reason, "it sent an unexpected line to the publisher: %.*s", shown, bytes);
    else snprintf(reason, sizeof reason, "reader %d received a wrong line %llu: %.*s", client->index,
                  (unsigned long long)lines_of(client->bytes), shown, bytes);
    report(client, reason);
}

static void receive_from(struct client *client) {
    int length = receive_or_end(client, chunk, CHUNK_BYTES);
    if (length == -1) {
        report(client, "it ended a connection");
        return;
    }
    // The replies have the number of readers, which changes when a broker drops one.
    if (client->index == 0 && stream.stalled != NULL && stream.reply.size > 0) return;
    size_t at;
    uint64_t before = client->bytes;
    if (!check(client, chunk, (size_t)length, &at)) report_wrong(client, chunk + at, (size_t)length - at);
    if (client->index == 0) return;
    stream.delivered += client->bytes - before;
    if (client->bytes > stream.lead) stream.lead = client->bytes;
}

void receive_messages(int timeout) {
    struct epoll_event events[MAX_EVENTS];
    int count = epoll_wait(stream.room.epoll, events, MAX_EVENTS, timeout);
    for (int i = 0; i < count; i++)
        if (events[i].events & ~(uint32_t)EPOLLOUT) receive_from(events[i].data.ptr);
}
