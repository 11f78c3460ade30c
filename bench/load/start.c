// Measures the time from the start of a command to its first delivered notice or, for `run`, to its exit.
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
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    guard();
    _exit(127);
}

static void end_command(pid_t pid) {
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int connected(pid_t pid, double deadline) {
    for (;;) {
        int fd = connect_to(options.port, 0);
        if (fd != -1) return fd;
        if (now() > deadline || waitpid(pid, NULL, WNOHANG) == pid) {
            end_command(pid);
            disqualify("it does not listen");
        }
        usleep(500);
    }
}

// A connection only shows that the port is open. The first client is in the room when it receives the notice of the second.
void start(void) {
    double began = now();
    pid_t pid = spawn_command();
    int first = connected(pid, began + 15), second = connected(pid, began + 15);
    struct timeval timeout = {15, 0};
    setsockopt(first, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    ssize_t length = recv(first, chunk, CHUNK_BYTES, 0);
    double took = now() - began;
    end_command(pid);
    close(second);
    if (length <= 0) disqualify("its first client receives nothing");
    printf("{\"ms\":%.3f}\n", took * 1000);
}

void run(void) {
    double began = now();
    pid_t pid = spawn_command();
    int status = -1;
    if (waitpid(pid, &status, 0) != pid || status != 0) disqualify("it failed");
    printf("{\"ms\":%.3f}\n", (now() - began) * 1000);
}

// Replaces this process by the command, which exits when its parent exits, for any reason.
void guard(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(options.command[0], options.command);
    fail(options.command[0]);
}

// The same for a command that starts processes of its own: all of its process group exit with it.
void guard_group(void) {
    pid_t group = getpid(), watcher;
    setpgid(0, 0);
    if ((watcher = fork()) == -1) fail("fork");
    if (watcher > 0) guard();
    // The parent is now the command. When it exits, for any reason, this process receives SIGTERM.
    sigset_t signals;
    int received;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == group) sigwait(&signals, &received);
    kill(0, SIGKILL);
}
