// So many connections of which one has spoken: what the relay's memory has grown by since there was one.
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// What is resident when it no longer changes, or after ten seconds.
static long settled(void) {
    long last = 0;
    double until = now() + 10, since = now();
    for (;;) {
        long size = resident(options.relay_pid);
        if (labs(size - last) > last / 200) since = now(), last = size;
        if (now() - since > 0.7 || now() > until) return size;
        usleep(50000);
    }
}

static long before;
static double began;

static void measure_before(void) {
    before = settled();
    began = now();
}

void idle(void) {
    static struct room room = {.alone = measure_before};
    fill(&room, options.clients + 1);
    double filled = now() - began;
    long after = settled();
    printf("{\"before\":%ld,\"after\":%ld,\"each\":%.3f,\"filled\":%.2f}\n", before, after,
           (double)(after - before) / (double)options.clients, filled);
}
