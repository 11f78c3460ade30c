#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

char chunk[CHUNK_BYTES];

uint64_t now_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

double now(void) { return (double)now_ns() / 1e9; }

struct usage usage_of(int pid) {
    char path[64], text[1024];
    struct usage usage = {0, 0};
    snprintf(path, sizeof path, pid == 0 ? "/proc/self/stat" : "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL) return usage;
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    unsigned long user, system;
    // The name of a command may contain any character, but ends with the last bracket.
    char *rest = strrchr(text, ')');
    if (rest == NULL || sscanf(rest + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return usage;
    double tick = (double)sysconf(_SC_CLK_TCK);
    usage.user = (double)user / tick;
    usage.system = (double)system / tick;
    return usage;
}

long memory_of(int pid, const char *field) {
    char path[64], line[256];
    long kib = 0;
    size_t length = strlen(field);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, length) == 0 && line[length] == ':') kib = atol(line + length + 1);
    if (file != NULL) fclose(file);
    return kib;
}

void disqualify(const char *format, ...) {
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    printf("{\"disqualified\":\"");
    for (const unsigned char *at = (unsigned char *)reason; *at != '\0'; at++) {
        if (*at < ' ' || *at > '~') printf("?");
        else if (*at == '"' || *at == '\\') printf("\\%c", *at);
        else putchar(*at);
    }
    printf("\"}\n");
    exit(0);
}

void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

int connect_to(int port, int source) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) fail("socket");
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET};
    if (source > 0) {
        // Other source addresses, because many short connections would use up the ports of one.
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)source);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == -1) fail("bind");
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == -1) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

void watch(struct room *room, struct client *client, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = client};
    if (epoll_ctl(room->epoll, EPOLL_CTL_MOD, client->fd, &event) == 0) return;
    if (errno != ENOENT || epoll_ctl(room->epoll, EPOLL_CTL_ADD, client->fd, &event) == -1) fail("epoll_ctl");
}

int prefix_of(int id, char *into) {
    if (strcmp(options.style, "client") == 0) return sprintf(into, "client %d: ", id);
    if (strcmp(options.style, "chat") == 0) return sprintf(into, "<user%d> ", id);
    into[0] = '\0';
    return 0;
}

int receive_or_end(struct client *client, char *into, int size) {
    ssize_t length = recv(client->fd, into, (size_t)size, MSG_DONTWAIT);
    if (length > 0) return (int)length;
    if (length == -1 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (length == 0) errno = 0;
    return -1;
}

int receive(struct client *client, char *into, int size) {
    int length = receive_or_end(client, into, size);
    if (length == -1) disqualify("it ended a connection%s%s", errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
    return length;
}

void send_all(struct client *client, const char *text, int length) {
    double deadline = now() + options.stall_timeout;
    for (int sent = 0; sent < length;) {
        ssize_t written = send(client->fd, text + sent, (size_t)(length - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written > 0) sent += (int)written;
        else if (errno != EAGAIN && errno != EINTR) disqualify("it ended a connection: %s", strerror(errno));
        else if (now() > deadline) disqualify("it stalled: it reads no more input");
        else usleep(1000);
    }
}

void each_line(struct client *client, const char *bytes, int length,
               void (*line)(struct client *client, const char *line, int length)) {
    const char *end = bytes + length;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        int part = (int)((newline == NULL ? end : newline) - bytes);
        if (newline != NULL && client->length == 0) {
            line(client, bytes, part);
        } else {
            if (client->line == NULL && (client->line = malloc(MAX_LINE_BYTES)) == NULL) fail("malloc");
            if (client->length + part > MAX_LINE_BYTES) disqualify("it sent a line that is longer than any line sent");
            memcpy(client->line + client->length, bytes, (size_t)part);
            client->length += part;
            if (newline != NULL) {
                int whole = client->length;
                client->length = 0;
                line(client, client->line, whole);
            }
        }
        bytes += part + 1;
    }
}
