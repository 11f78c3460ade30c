// One reader stops reading while lines are published at the pace of the others, and then resumes. The others must receive
// everything; how the relay treats this reader is reported.
#include "footprint.h"
#include "stream.h"
#include <stdio.h>
#include <sys/epoll.h>

static const double SAMPLE_SECONDS = 0.05;

static struct client *stalled;
static uint64_t first; // the number of lines sent when the reader stopped
/** MiB of lines delivered to the others when something happened; negative: it did not happen. */
static double dropped_at = -1, stopped_at = -1, outgrown_at = -1;
static double longest_pause, peak;

static double mib_of(uint64_t lines) { return (double)lines * options.size / (1024 * 1024); }

static double progress(void) { return mib_of(lines_of(stream.lead) - first); }

/** Publishes until `lines` have been received, or for `seconds`. Returns the lines delivered per second to each reader. */
static double publish(uint64_t lines, int readers, double seconds, void (*sample)(void)) {
    double began = now(), moved = began, sampled = began;
    uint64_t delivered = stream.delivered, last = delivered;
    for (double time = began; lines_of(stream.lead) < lines && time < began + seconds; time = now()) {
        uint64_t allowed = allowed_lines(readers);
        send_lines(allowed < lines ? allowed : lines);
        receive_messages(50);
        if (stream.delivered != last) {
            if (time - moved > longest_pause) longest_pause = time - moved;
            moved = time;
        }
        last = stream.delivered;
        if (time - moved > options.stall_timeout) {
            stopped_at = progress();
            break;
        }
        if (time - sampled < SAMPLE_SECONDS || sample == NULL) continue;
        sampled = time;
        sample();
        if (outgrown_at >= 0) break;
    }
    return (double)lines_of(stream.delivered - delivered) / readers / (now() - began);
}

static void sample(void) {
    double memory = peak_memory();
    if (memory > peak) peak = memory;
    if (outgrown_at < 0 && memory > options.max_memory) outgrown_at = progress();
    if (dropped_at < 0 && !is_connected(stalled)) dropped_at = progress();
}

/** The reader resumes. Sends the rest of the lines, and waits until all have received everything, or nothing changes. */
static void resume(uint64_t lines, int readers) {
    watch(&stream.room, stalled, EPOLLIN);
    uint64_t last = 0;
    for (double moved = now(); now() - moved < options.stall_timeout;) {
        uint64_t allowed = allowed_lines(readers), received = 0;
        send_lines(allowed < lines ? allowed : lines);
        receive_messages(20);
        for (int i = 1; i <= readers; i++) received += stream.room.clients[i].bytes;
        if (received == lines * stream.message.frame * (uint64_t)readers) break;
        bool others_done = received - stalled->bytes == lines * stream.message.frame * (uint64_t)(readers - 1);
        if (others_done && stream.failure[0] != '\0') break;
        if (received != last) moved = now();
        last = received;
    }
    for (int i = 1; i < readers; i++)
        if (stream.room.clients[i].bytes != lines * stream.message.frame)
            disqualify("reader %d, which read on, received %llu of %llu lines", i,
                       (unsigned long long)lines_of(stream.room.clients[i].bytes), (unsigned long long)lines);
    receive_messages(20);
}

static void print_if(const char *name, double mib) {
    if (mib >= 0) printf("\"%s\":%.1f,", name, mib);
}

void backlog(void) {
    int readers = options.readers + 1;
    open_stream(readers);
    stream.stalled = stalled = &stream.room.clients[readers];
    publish(UINT64_MAX, readers, options.warmup, NULL);
    if (stopped_at >= 0) disqualify("it stalled while all readers read");
    double memory = peak_memory(), files = open_files();
    epoll_ctl(stream.room.epoll, EPOLL_CTL_DEL, stalled->fd, NULL);
    first = lines_of(stream.lead);
    uint64_t lines = first + (uint64_t)options.mib * 1024 * 1024 / (uint64_t)options.size, had = lines_of(stalled->bytes);
    longest_pause = 0;
    struct usage own = usage_of(0);
    double began = now(), rate = publish(lines, options.readers, options.max_seconds, sample), seconds = now() - began;
    struct usage own_to = usage_of(0);
    sample();
    double published = progress(), disk = open_files() - files;
    // A relay that was too slow, or has stopped for good, is not given the rest.
    if (lines_of(stream.lead) < lines && stopped_at < 0) lines = (stream.sent_bytes + stream.sent.frame - 1) / stream.sent.frame;
    if (outgrown_at < 0) resume(lines, readers);
    printf("{");
    print_if("droppedAt", dropped_at);
    print_if("stoppedAt", stopped_at);
    print_if("outgrownAt", outgrown_at);
    printf("\"rate\":%.1f,\"published\":%.1f,\"memory\":%.1f,\"disk\":%.1f,\"pause\":%.2f,\"received\":%.1f,"
           "\"complete\":%d,\"busy\":%.3f}\n",
           rate, published, peak - memory, disk, longest_pause,
           mib_of(lines_of(stalled->bytes) - had), stalled->bytes == lines * stream.message.frame,
           (own_to.user + own_to.system - own.user - own.system) / seconds);
}
