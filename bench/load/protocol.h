// Protocols of relays and brokers: the bytes that a publisher sends for a line, and those that a reader receives for it.
// Both depend on the line only, so everything that a reader receives can be compared with an expected block.
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include "load.h"

/** A subject, channel or topic, in protocols that have names for them. */
#define TOPIC "room"

struct protocol {
    const char *name;
    // Each writes to `into` and returns the length. `line` has `size` bytes, its newline included.
    int (*publish)(char *into, const char *line, int size); // what the publisher sends
    int (*message)(char *into, const char *line, int size, int sender); // what each reader receives
    int (*reply)(char *into, int readers);                  // what the publisher receives for each line; NULL: nothing
    // Subscribes a reader, or registers the publisher. NULL: clients join a room by connecting.
    void (*join)(struct client *client, bool is_reader);
    // A broker drops readers or lines above a limit. The publisher keeps below it; 0: there is no such limit.
    uint64_t max_unread_bytes, max_unread_lines;
    // May arrive between messages; NULL: nothing may. Servers wait for minutes for an answer, so none is sent.
    const char *ping;
};

extern const struct protocol line_protocol, redis_protocol, nats_protocol, mqtt_protocol;

// The protocol of `--style`.
const struct protocol *protocol_of(const char *style);

// For `join`: sends a request, and disqualifies a broker that does not send exactly this answer.
void request(struct client *client, const void *bytes, int size);
void expect_answer(struct client *client, const void *bytes, int size);
// Skips a line, which must start with this text.
void skip_line(struct client *client, const char *start);

#endif
