// The load generator: one process, one thread, epoll. Compares every byte that it receives with the expected one, so that
// a relay that loses, alters, reorders or echoes a line is disqualified.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHUNK_BYTES = 256 * 1024, MAX_EVENTS = 512, MAX_LINE_BYTES = 4096 };

struct options {
    int port;
    int reader_port;     // fan-out: where readers connect, if not to `port`
    int relay_pid;       // process whose CPU time is measured; 0: none
    int readers;         // fan-out
    int stalled;         // fan-out: additional readers that read nothing until the end
    int mib;             // backlog: MiB of lines that are published while a reader is stalled
    int max_memory;      // backlog: MiB of memory above which a relay is stopped
    double max_seconds;  // backlog: upper bound for the time of publishing
    int size;            // fan-out: bytes of a line, its newline included
    int clients;         // chat, churn, arrivals, idle
    double rate;         // chat: lines a second of each client; 0: closed loop
    double warmup;       // seconds
    double seconds;      // seconds that are measured
    double stall_timeout; // seconds without progress after which a relay is disqualified
    const char *style;   // "client": `client N: `; "chat": `<userN> `; "none"; or a protocol of a broker
    char **command;      // start, run, guard: the command to start
};

struct client {
    int fd;
    int index;
    int arrivals;        // notices of arrivals received
    bool has_line;       // has received the line that the first client sends
    uint64_t bytes;      // fan-out: bytes received since
    const struct block *block; // fan-out: the repeated bytes that the client must receive
    size_t at;           // fan-out: where in the block
    int pinged;          // fan-out: bytes of a ping received since
    int length;          // length of `line`
    char *line;          // an incomplete line
};

struct room {
    int epoll;
    int count;
    struct client *clients;
    int base;            // the id of the first client, if lines have a prefix
    bool notices;        // whether the relay announces arrivals
    void (*on_first)(void); // optional; called while the first client is the only one
};

// CPU time in seconds.
struct usage { double user, system; };

extern struct options options;
extern char chunk[CHUNK_BYTES];

double now(void);                                   // seconds, monotonic
uint64_t now_ns(void);
struct usage usage_of(int pid);                     // 0: this process
long memory_of(int pid, const char *field);          // a field of /proc/<pid>/status, in KiB
_Noreturn void disqualify(const char *format, ...); // reports that the relay broke a rule
_Noreturn void fail(const char *what);              // reports a failure of this program

int connect_to(int port, int source);               // non-blocking; -1 and errno
void watch(struct room *room, struct client *client, uint32_t events);
int prefix_of(int id, char *into);
// Connects `count` clients, and returns when all have received a line from the first, or have subscribed to a broker.
void fill(struct room *room, int count);
// Returns the number of bytes read, 0 if there are none now, and -1 if the relay has ended the connection.
int receive_or_end(struct client *client, char *into, int size);
// The same, but disqualifies a relay that has ended the connection.
int receive(struct client *client, char *into, int size);
void send_all(struct client *client, const char *text, int length); // disqualifies a relay that does not read it
// Calls `line` for each complete line, without its newline.
void each_line(struct client *client, const char *bytes, int length,
               void (*line)(struct client *client, const char *line, int length));

// Delays in ns, which all clients share.
void record_delay(uint64_t delay);
uint64_t recorded_delays(void);
double delay_quantile(double q);                    // ms

void fan_out(void);
void backlog(void);
void chat(void);
void churn(void);
void arrivals(void);
void idle(void);
void start(void);
void run(void);
void guard(void);
void guard_group(void);

#endif
