// Many connections, of which one has sent a line: measures how much the memory of the relay grows for each.
#include "load.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

// The resident memory when it no longer changes, or after ten seconds.
static long settled_memory(void) {
    long last = 0;
    double deadline = now() + 10, since = now();
    for (;;) {
        long size = memory_of(options.relay_pid, "VmRSS");
        if (labs(size - last) > last / 200) since = now(), last = size;
        if (now() - since > 0.7 || now() > deadline) return size;
        usleep(50000);
    }
}

static long before;
static double began;

static void measure_before(void) {
    before = settled_memory();
    began = now();
}

void idle(void) {
    static struct room room = {.on_first = measure_before};
    fill(&room, options.clients + 1);
    double filled = now() - began;
    long after = settled_memory();
    printf("{\"before\":%ld,\"after\":%ld,\"each\":%.3f,\"filled\":%.2f}\n", before, after,
           (double)(after - before) / (double)options.clients, filled);
}
