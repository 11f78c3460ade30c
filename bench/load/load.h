// The load generator: one process, one thread, epoll. What it is given back it compares byte for byte with what there
// must be, so that a relay that loses, alters, reorders or echoes a line is found out. Prints one JSON object.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK = 256 * 1024, MOST_EVENTS = 512, LONGEST_LINE = 4096 };

struct options {
    int port;
    int relay_pid;       // whose CPU time is measured beside; 0: nobody's
    int readers;         // fan-out
    int stalled;         // fan-out: readers beside them that read nothing until the end
    int size;            // fan-out: bytes of a line, its newline included
    int clients;         // chat, churn, idle
    double rate;         // chat: lines a second of each client; 0: closed loop
    double warmup;       // seconds
    double seconds;      // seconds that are measured
    double patience;     // seconds without any progress after which a relay is given up
    const char *style;   // "client": `client N: `; "chat": `<userN> `; "none"
    char **command;      // start, run, guard: what is to be started
};

struct client {
    int fd;
    int index;
    int arrivals;        // notices heard of others who came
    bool went;           // has heard that it begins
    uint64_t bytes;      // fan-out: bytes received since
    size_t at;           // fan-out: where in the expected block
    int length;          // of what is in `line`
    char *line;          // a line whose end is yet to come
};

struct room {
    int epoll;
    int count;
    struct client *clients;
    int base;            // the id of the first client, if lines have a prefix
    bool notices;        // whether arrivals are told
    void (*alone)(void); // called, if it is there, while the first client is the only one
};

// What a relay has used of the processor, in seconds.
struct usage { double user, system; };

extern struct options options;
extern char chunk[CHUNK];

double now(void);                                   // seconds, monotonic
uint64_t now_ns(void);
struct usage usage_of(int pid);                     // 0: this process
long resident(int pid);                             // KiB
_Noreturn void disqualify(const char *format, ...); // the relay did what it must not
_Noreturn void fail(const char *what);              // this program could not do what it should

int connect_to(int port, int source);               // non-blocking; -1 and errno
void watch(struct room *room, struct client *client, uint32_t events);
int prefix_of(struct room *room, int index, char *into);
// Connects so many, and comes back when each has heard the first say that it begins.
void fill(struct room *room, int count);
// Reads; gives the bytes read, 0 if there are none now, and disqualifies a relay that has ended the connection.
int take(struct client *client, char *into, int size);
void say(struct client *client, const char *text, int length); // all of it, or the relay has stalled
// Calls back with each complete line of what was read, without its newline.
void each_line(struct client *client, const char *bytes, int length,
               void (*line)(struct client *client, const char *line, int length));

void fan_out(void);
void chat(void);
void churn(void);
void idle(void);
void start(void);
void run(void);
void guard(void);

#endif
