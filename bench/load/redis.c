// Redis pub/sub in RESP 2. The publisher pipelines PUBLISH, and receives the number of readers for each.
#include "protocol.h"
#include <stdio.h>
#include <string.h>

static const char SUBSCRIBE[] = "*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\n" TOPIC "\r\n";
static const char SUBSCRIBED[] = "*3\r\n$9\r\nsubscribe\r\n$4\r\n" TOPIC "\r\n:1\r\n";

static int bulk(char *into, const char *command, const char *line, int size) {
    int head = sprintf(into, "*3\r\n$7\r\n%s\r\n$4\r\n" TOPIC "\r\n$%d\r\n", command, size);
    memcpy(into + head, line, (size_t)size);
    memcpy(into + head + size, "\r\n", 2);
    return head + size + 2;
}

static int publish(char *into, const char *line, int size) { return bulk(into, "PUBLISH", line, size); }

static int message(char *into, const char *line, int size, int sender) { return bulk(into, "message", line, size); }

static int reply(char *into, int readers) { return sprintf(into, ":%d\r\n", readers); }

static void join(struct client *client, bool is_reader) {
    if (!is_reader) return;
    request(client, SUBSCRIBE, sizeof SUBSCRIBE - 1);
    expect_answer(client, SUBSCRIBED, sizeof SUBSCRIBED - 1);
}

// A subscriber is closed when 32 MB wait for it, or 8 MB for a minute (client-output-buffer-limit pubsub).
const struct protocol redis_protocol = {.name = "redis",
                                        .publish = publish,
                                        .message = message,
                                        .reply = reply,
                                        .join = join,
                                        .max_unread_bytes = 256 * 1024};
