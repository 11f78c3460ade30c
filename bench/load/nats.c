// Core NATS. A line may contain any byte, because messages carry their length.
#include "protocol.h"
#include <stdio.h>
#include <string.h>

static const char CONNECT[] = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n";
static const char SUBSCRIBE[] = "SUB " TOPIC " 1\r\n";
static const char PING[] = "PING\r\n", PONG[] = "PONG\r\n";

static int framed(char *into, const char *head, const char *line, int size) {
    int length = sprintf(into, "%s %d\r\n", head, size);
    memcpy(into + length, line, (size_t)size);
    memcpy(into + length + size, "\r\n", 2);
    return length + size + 2;
}

static int publish(char *into, const char *line, int size) { return framed(into, "PUB " TOPIC, line, size); }

static int message(char *into, const char *line, int size, int sender) { return framed(into, "MSG " TOPIC " 1", line, size); }

static void join(struct client *client, bool is_reader) {
    skip_line(client, "INFO ");
    request(client, CONNECT, sizeof CONNECT - 1);
    if (is_reader) request(client, SUBSCRIBE, sizeof SUBSCRIBE - 1);
    // The answer follows the subscription, because the server handles requests in order.
    request(client, PING, sizeof PING - 1);
    expect_answer(client, PONG, sizeof PONG - 1);
}

// A subscriber is closed when 64 MiB wait for it (max_pending), or when it accepts nothing for 10 s (write_deadline).
const struct protocol nats_protocol = {.name = "nats",
                                       .publish = publish,
                                       .message = message,
                                       .join = join,
                                       .max_unread_bytes = 256 * 1024,
                                       .ping = PING};
