// How long it takes from the start of a command to its first client in the room; and, to compare, to its end.
#include "load.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t spawn_command(void) {
    pid_t pid = fork();
    if (pid == -1) fail("fork");
    if (pid > 0) return pid;
    int nothing = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
    guard();
    _exit(127);
}

static void end(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int connected(pid_t pid, double until) {
    for (;;) {
        int fd = connect_to(options.port, 0);
        if (fd != -1) return fd;
        if (now() > until || waitpid(pid, NULL, WNOHANG) == pid) {
            end(pid);
            disqualify("it does not listen");
        }
        usleep(500);
    }
}

// That a connection stands says only that the port is taken: the first client is in the room when it is told of the
// second.
void start(void) {
    double began = now();
    pid_t pid = spawn_command();
    int first = connected(pid, began + 15), second = connected(pid, began + 15);
    struct timeval timeout = {15, 0};
    setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ssize_t length = recv(first, chunk, CHUNK, 0);
    double took = now() - began;
    end(pid);
    close(second);
    if (length <= 0) disqualify("its first client is told nothing");
    printf("{\"ms\":%.3f}\n", took * 1000);
}

void run(void) {
    double began = now();
    pid_t pid = spawn_command();
    int status = -1;
    if (waitpid(pid, &status, 0) != pid || status != 0) disqualify("it failed");
    printf("{\"ms\":%.3f}\n", (now() - began) * 1000);
}

// Becomes the command, which ends when whoever started it does, however that ends.
void guard(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(options.command[0], options.command);
    fail(options.command[0]);
}
