// MQTT 3.1.1 with QoS 0: nothing is acknowledged, and a reader receives the same bytes that the publisher sends.
#include "protocol.h"
#include <string.h>

// A clean session, no keep-alive, and an empty name, so that the broker assigns one.
static const char CONNECT[] = "\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00";
static const char CONNECTED[] = "\x20\x02\x00\x00";
static const char SUBSCRIBE[] = "\x82\x09\x00\x01\x00\x04" TOPIC "\x00";
static const char SUBSCRIBED[] = "\x90\x03\x00\x01\x00";

static int publish(char *into, const char *line, int size) {
    int length = 0;
    into[length++] = 0x30;
    // Seven bits in each byte; the highest bit says that another byte follows.
    for (int rest = 2 + (int)strlen(TOPIC) + size; rest > 0; rest >>= 7)
        into[length++] = (char)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    memcpy(into + length, "\x00\x04" TOPIC, 6);
    memcpy(into + length + 6, line, (size_t)size);
    return length + 6 + size;
}

static int message(char *into, const char *line, int size, int sender) { return publish(into, line, size); }

static void join(struct client *client, bool is_reader) {
    request(client, CONNECT, sizeof CONNECT - 1);
    expect_answer(client, CONNECTED, sizeof CONNECTED - 1);
    if (!is_reader) return;
    request(client, SUBSCRIBE, sizeof SUBSCRIBE - 1);
    expect_answer(client, SUBSCRIBED, sizeof SUBSCRIBED - 1);
}

// mosquitto discards lines for a reader for which 1,000 wait (max_queued_messages).
const struct protocol mqtt_protocol = {
    .name = "mqtt", .publish = publish, .message = message, .join = join, .max_unread_lines = 900};
