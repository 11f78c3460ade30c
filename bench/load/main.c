#include "load.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

struct options options = {
    .readers = 1, .size = 100, .clients = 100, .warmup = 0.3, .seconds = 1, .stall_timeout = 3, .style = "client",
    .mib = 512, .max_memory = 4096, .max_seconds = 60};

static const struct { const char *name; void (*run)(void); } loads[] = {
    {"fan-out", fan_out}, {"backlog", backlog}, {"chat", chat}, {"churn", churn}, {"arrivals", arrivals}, {"idle", idle},
    {"start", start}, {"run", run}, {"guard", guard}, {"guard-group", guard_group}};

int main(int argc, char **argv) {
    enum { PORT = 1, PID, READERS, STALLED, SIZE, CLIENTS, RATE, WARMUP, SECONDS, STALL_TIMEOUT, STYLE, READER_PORT, MIB,
           MAX_MEMORY, MAX_SECONDS };
    static const struct option names[] = {
        {"port", 1, 0, PORT},       {"pid", 1, 0, PID},         {"readers", 1, 0, READERS},
        {"stalled", 1, 0, STALLED}, {"size", 1, 0, SIZE},       {"clients", 1, 0, CLIENTS},
        {"rate", 1, 0, RATE},       {"warmup", 1, 0, WARMUP},   {"seconds", 1, 0, SECONDS},
        {"stall-timeout", 1, 0, STALL_TIMEOUT}, {"style", 1, 0, STYLE},   {"reader-port", 1, 0, READER_PORT},
        {"mib", 1, 0, MIB},         {"max-memory", 1, 0, MAX_MEMORY}, {"max-seconds", 1, 0, MAX_SECONDS},
        {0, 0, 0, 0}};
    for (int name; (name = getopt_long(argc, argv, "+", names, NULL)) != -1;) {
        switch (name) {
        case PORT: options.port = atoi(optarg); break;
        case PID: options.relay_pid = atoi(optarg); break;
        case READERS: options.readers = atoi(optarg); break;
        case STALLED: options.stalled = atoi(optarg); break;
        case SIZE: options.size = atoi(optarg); break;
        case CLIENTS: options.clients = atoi(optarg); break;
        case RATE: options.rate = atof(optarg); break;
        case WARMUP: options.warmup = atof(optarg); break;
        case SECONDS: options.seconds = atof(optarg); break;
        case STALL_TIMEOUT: options.stall_timeout = atof(optarg); break;
        case STYLE: options.style = optarg; break;
        case READER_PORT: options.reader_port = atoi(optarg); break;
        case MIB: options.mib = atoi(optarg); break;
        case MAX_MEMORY: options.max_memory = atoi(optarg); break;
        case MAX_SECONDS: options.max_seconds = atof(optarg); break;
        default: return 2;
        }
    }
    options.command = argv + optind + 1;
    // Exits when the bench exits, for any reason.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        if (optind < argc && strcmp(argv[optind], loads[i].name) == 0) {
            loads[i].run();
            return 0;
        }
    }
    fprintf(stderr, "load: [options] fan-out | backlog | chat | churn | arrivals | idle | start | run | guard command…\n");
    return 2;
}
