// One publisher at full speed, many readers. In the end each reader must have received exactly as many lines as were sent.
#include "stream.h"
#include <stdio.h>
#include <sys/epoll.h>

static double moved; // when a message was delivered most recently

static bool is_stalled(void) {
    static uint64_t last;
    if (stream.delivered != last || moved == 0) moved = now();
    last = stream.delivered;
    return now() - moved > options.stall_timeout;
}

// Completes the last line, and waits until all readers have received everything.
static void drain(int readers) {
    uint64_t lines = (stream.sent_bytes + stream.sent.frame - 1) / stream.sent.frame;
    moved = 0;
    while (!send_lines(lines)) {
        receive_messages(1);
        if (is_stalled()) disqualify("it stalled: it reads no more input");
    }
    for (int i = 1; i <= readers; i++) watch(&stream.room, &stream.room.clients[i], EPOLLIN);
    uint64_t expected = lines * (uint64_t)readers;
    moved = 0;
    for (double deadline = now() + 60; lines_of(stream.delivered) < expected;) {
        receive_messages(50);
        if (is_stalled() || now() > deadline)
            disqualify("it lost %llu of %llu lines", (unsigned long long)(expected - lines_of(stream.delivered)),
                       (unsigned long long)expected);
    }
    // Nothing may arrive after the end. The replies of a broker may.
    receive_messages(20);
    if (stream.delivered != expected * stream.message.frame) disqualify("it sent more than it received");
    for (double deadline = now() + options.stall_timeout; stream.reply.size > 0;) {
        uint64_t replies = stream.room.clients[0].bytes / stream.reply.frame;
        if (replies == lines) break;
        receive_messages(50);
        if (now() > deadline) disqualify("it replied to %llu of %llu lines", (unsigned long long)replies, (unsigned long long)lines);
    }
}

void fan_out(void) {
    int readers = options.readers, all = readers + options.stalled;
    open_stream(all);
    for (int i = 1 + readers; i <= all; i++)
        epoll_ctl(stream.room.epoll, EPOLL_CTL_DEL, stream.room.clients[i].fd, NULL);
    struct usage own = {0, 0}, relay = {0, 0};
    uint64_t counted_from = 0;
    double began = now(), from = 0;
    for (double time = began; from == 0 || time < from + options.seconds; time = now()) {
        if (from == 0 && time >= began + options.warmup) {
            from = time;
            counted_from = stream.delivered;
            own = usage_of(0);
            relay = usage_of(options.relay_pid);
        }
        send_lines(allowed_lines(readers));
        receive_messages(50);
        if (is_stalled()) disqualify("it stalled: no line delivered for %.0f s", options.stall_timeout);
    }
    double seconds = now() - from;
    struct usage own_to = usage_of(0), relay_to = usage_of(options.relay_pid);
    uint64_t lines = lines_of(stream.delivered - counted_from);
    drain(all);
    printf("{\"rate\":%.1f,\"lines\":%llu,\"seconds\":%.4f,\"sent\":%llu,\"checked\":%llu,\"busy\":%.3f,"
           "\"relayUser\":%.3f,\"relaySystem\":%.3f}\n",
           (double)lines / seconds, (unsigned long long)lines, seconds, (unsigned long long)lines_sent(),
           (unsigned long long)lines_of(stream.delivered),
           (own_to.user + own_to.system - own.user - own.system) / seconds, (relay_to.user - relay.user) / seconds,
           (relay_to.system - relay.system) / seconds);
}
