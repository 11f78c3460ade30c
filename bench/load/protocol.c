// Selects a protocol, and has the steps of which the handshakes consist.
#include "protocol.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

const struct protocol *protocol_of(const char *style) {
    static const struct protocol *const all[] = {&redis_protocol, &nats_protocol, &mqtt_protocol};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(style, all[i]->name) == 0) return all[i];
    return &line_protocol;
}

void request(struct client *client, const void *bytes, int size) { send_all(client, bytes, size); }

static void read_answer(struct client *client, char *into, int size) {
    for (int length = 0; length < size;) {
        struct pollfd answer = {.fd = client->fd, .events = POLLIN};
        if (poll(&answer, 1, (int)(options.stall_timeout * 1000)) == 0) disqualify("it does not answer a request to join");
        length += receive(client, into + length, size - length);
    }
}

void expect_answer(struct client *client, const void *bytes, int size) {
    char answer[256];
    read_answer(client, answer, size);
    if (memcmp(answer, bytes, (size_t)size) != 0)
        disqualify("client %d was not allowed to join: %.*s", client->index, size, answer);
}

void skip_line(struct client *client, const char *start) {
    expect_answer(client, start, (int)strlen(start));
    for (char byte = 0; byte != '\n';) read_answer(client, &byte, 1);
}
