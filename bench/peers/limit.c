// The limit: a C program that is written for speed, with one thread and epoll. All readers share one log of tagged lines,
// and each receives one writev per round, without its own runs.
//
// The log is bounded and in memory, so one stalled reader stalls the room.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    LOG = 4 * 1024 * 1024,
    RUNS = 1024 * 1024,
    READ = 128 * 1024,
    // Tagging can multiply the size by this: a prefix before each byte.
    GROWTH = 16,
    FLUSH = 512 * 1024,
    MAX_LINE = 1024 * 1024,
    VECTORS = 256,
    EVENTS = 1024
};

struct client {
    int fd, id, index;
    bool blocked, paused;
    uint64_t cursor, run; // the next byte of the log to send, and the run that contains it
    char *rest;           // an incomplete line
    size_t rest_length;
};

static char *lines; // the log, mapped twice in a row, so that a write across its end continues at its start
static uint64_t end, run_end, unsent;
static struct { uint64_t end; int owner; } runs[RUNS];
static struct client **clients;
static int count, capacity, epoll, next_id;
static char input[MAX_LINE + READ];

static void fatal(void) {
    (void)!write(2, "Fatal error\n", 12);
    exit(1);
}

static void watch(struct client *client, int operation) {
    uint32_t events = (client->paused ? 0 : EPOLLIN) | (client->blocked ? EPOLLOUT : 0);
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(epoll, operation, client->fd, &event) == -1) fatal();
}

static void append(const char *bytes, size_t length) {
    memcpy(lines + end % LOG, bytes, length);
    end += length;
}

static void add_run(int owner) {
    if (run_end > 0 && runs[(run_end - 1) % RUNS].owner == owner) runs[(run_end - 1) % RUNS].end = end;
    else runs[run_end++ % RUNS] = (typeof(runs[0])){end, owner};
}

static void notice(int id, const char *what) {
    char text[64];
    append(text, (size_t)sprintf(text, "server: client %d just %s\n", id, what));
    add_run(id);
}

// Sends with one writev, or several if there are many runs.
static void deliver(struct client *client) {
    while (client->cursor < end) {
        struct iovec vectors[VECTORS];
        uint64_t run = client->run, at = client->cursor;
        int used = 0;
        size_t size = 0;
        for (; run < run_end && used < VECTORS; at = runs[run % RUNS].end, run++) {
            if (runs[run % RUNS].end <= at || runs[run % RUNS].owner == client->id) continue;
            size_t length = runs[run % RUNS].end - at;
            char *bytes = lines + at % LOG;
            if (used > 0 && (char *)vectors[used - 1].iov_base + vectors[used - 1].iov_len == bytes)
                vectors[used - 1].iov_len += length;
            else vectors[used++] = (struct iovec){bytes, length};
            size += length;
        }
        ssize_t sent = used == 0 ? 0 : writev(client->fd, vectors, used);
        if (sent == -1 && errno != EAGAIN) {
            client->cursor = end; // the next read reports the error
            return;
        }
        // Advances the cursor by the bytes sent, and skips the client's own runs.
        for (size_t left = sent == -1 ? 0 : (size_t)sent; client->run < run_end;) {
            uint64_t until = runs[client->run % RUNS].end;
            if (runs[client->run % RUNS].owner == client->id || until <= client->cursor) {
                if (until > client->cursor) client->cursor = until;
            } else {
                uint64_t part = until - client->cursor < left ? until - client->cursor : left;
                client->cursor += part;
                left -= part;
                if (client->cursor < until) break;
            }
            // The last run may still grow.
            if (client->run + 1 == run_end) break;
            client->run++;
        }
        if (sent == -1 || (size_t)sent < size) {
            if (!client->blocked) {
                client->blocked = true;
                watch(client, EPOLL_CTL_MOD);
            }
            return;
        }
    }
}

static void deliver_all(void) {
    unsent = end;
    for (int i = 0; i < count; i++)
        if (!clients[i]->blocked) deliver(clients[i]);
}

static uint64_t free_bytes(void) {
    uint64_t first = end, first_run = run_end;
    for (int i = 0; i < count; i++) {
        if (clients[i]->cursor < first) first = clients[i]->cursor;
        if (clients[i]->run < first_run) first_run = clients[i]->run;
    }
    return run_end - first_run > RUNS / 2 ? 0 : LOG - (end - first);
}

static void remove_client(struct client *client) {
    clients[client->index] = clients[--count];
    clients[client->index]->index = client->index;
    notice(client->id, "left");
    close(client->fd);
    free(client->rest);
    free(client);
}

static void tag(struct client *client, char *bytes, size_t length) {
    char prefix[32];
    size_t prefix_length = (size_t)sprintf(prefix, "client %d: ", client->id);
    char *last = bytes + length, *into = lines + end % LOG, *start = into;
    for (char *newline; (newline = memchr(bytes, '\n', (size_t)(last - bytes))) != NULL; bytes = newline + 1) {
        memcpy(into, prefix, prefix_length);
        memcpy(into + prefix_length, bytes, (size_t)(newline + 1 - bytes));
        into += prefix_length + (size_t)(newline + 1 - bytes);
    }
    if (into > start) {
        end += (uint64_t)(into - start);
        add_run(client->id);
    }
    client->rest_length = (size_t)(last - bytes);
    if (client->rest_length == 0) return;
    if (client->rest_length > MAX_LINE / 2) fatal();
    if (bytes != input || client->rest == NULL) client->rest = realloc(client->rest, MAX_LINE);
    memcpy(client->rest, bytes, client->rest_length);
}

static void read_client(struct client *client) {
    uint64_t size_left = free_bytes() / GROWTH;
    size_t size = size_left < READ ? size_left : READ;
    if (size < 1024) {
        client->paused = true;
        watch(client, EPOLL_CTL_MOD);
        return;
    }
    size_t rest = client->rest_length;
    if (rest > 0) memcpy(input, client->rest, rest);
    ssize_t length = recv(client->fd, input + rest, size, 0);
    if (length > 0) tag(client, input, rest + (size_t)length);
    else if (length == 0 || errno != EAGAIN) remove_client(client);
}

static void accept_clients(int server) {
    for (int fd; (fd = accept4(server, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) != -1;) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct client *client = calloc(1, sizeof *client);
        if (count == capacity) clients = realloc(clients, sizeof *clients * (size_t)(capacity = capacity * 2 + 64));
        if (client == NULL || clients == NULL) fatal();
        client->fd = fd;
        client->id = next_id++;
        client->index = count;
        notice(client->id, "arrived");
        client->cursor = end;
        client->run = run_end - 1;
        clients[count++] = client;
        watch(client, EPOLL_CTL_ADD);
        // Many simultaneous arrivals would otherwise fill the log.
        if (end - unsent > FLUSH) deliver_all();
    }
}

static void resume_paused(void) {
    if (free_bytes() / GROWTH < READ / 2) return;
    for (int i = 0; i < count; i++) {
        if (!clients[i]->paused) continue;
        clients[i]->paused = false;
        watch(clients[i], EPOLL_CTL_MOD);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) fatal();
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    int memory = memfd_create("log", MFD_CLOEXEC);
    lines = mmap(NULL, 2 * LOG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == -1 || ftruncate(memory, LOG) == -1 || lines == MAP_FAILED) fatal();
    for (int half = 0; half < 2; half++) {
        void *address = mmap(lines + half * LOG, LOG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory, 0);
        if (address == MAP_FAILED) fatal();
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(server, (struct sockaddr *)&address, sizeof address) == -1 || listen(server, 4096) == -1) fatal();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event events[EVENTS], listening = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll == -1 || epoll_ctl(epoll, EPOLL_CTL_ADD, server, &listening) == -1) fatal();
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;
            if (client == NULL) {
                accept_clients(server);
                continue;
            }
            if (events[i].events & EPOLLOUT) {
                client->blocked = false;
                watch(client, EPOLL_CTL_MOD);
            }
            if (events[i].events & ~(uint32_t)EPOLLOUT) read_client(client);
            if (end - unsent > FLUSH) deliver_all();
        }
        deliver_all();
        resume_paused();
    }
}
