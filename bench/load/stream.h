// The lines of a fan-out: one publisher sends a block of numbered lines repeatedly, as fast as allowed, and every reader
// must receive the same block repeatedly, in the protocol of the relay.
#ifndef STREAM_H
#define STREAM_H

#include "load.h"

// A number of equal frames, which are sent or received repeatedly.
struct block {
    char *bytes;
    size_t size, frame;
};

struct stream {
    struct room room;
    struct block sent, message, reply;
    uint64_t sent_bytes;
    uint64_t delivered; // bytes, of all readers
    uint64_t lead;      // bytes of the fastest reader
    struct client *stalled; // backlog: the reader whose failure is recorded, and does not disqualify the relay
    char failure[128];  // what happened to it; empty: nothing
};

extern struct stream stream;

// Connects the publisher, which is client 0, and `readers` readers.
void open_stream(int readers);
uint64_t lines_sent(void);     // complete lines
uint64_t lines_of(uint64_t bytes); // messages in bytes received
// The upper bound for the lines sent until now, so that the readers up to `last` keep up.
uint64_t allowed_lines(int last);
// Sends until `lines` have been sent; returns false if the socket is full. Watches the socket until it is writable.
bool send_lines(uint64_t lines);
// Compares bytes that a client received with those expected; false if they differ, and `at` is the first wrong byte.
bool check(struct client *client, const char *bytes, size_t length, size_t *at);
// Receives and checks all available input of watched clients; waits at most `timeout` ms for it.
void receive_messages(int timeout);

#endif
