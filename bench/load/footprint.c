#include "footprint.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 4096 };

static double each_process(double (*of)(int pid)) {
    DIR *folder = opendir("/proc");
    double sum = 0;
    if (folder == NULL) fail("/proc");
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        int pid = atoi(entry->d_name);
        if (pid > 0 && (pid == options.relay_pid || getpgid(pid) == options.relay_pid)) sum += of(pid);
    }
    closedir(folder);
    return sum;
}

static double peak_of(int pid) {
    return (double)memory_of(pid, "VmHWM") / 1024;
}

double peak_memory(void) { return each_process(peak_of); }

// Files that several processes have open are counted once.
static struct { dev_t device; ino_t number; } seen[MAX_FILES];
static int seen_count;

static double files_of(int pid) {
    char path[512];
    double mib = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        struct stat file;
        snprintf(path, sizeof path, "/proc/%d/fd/%s", pid, entry->d_name);
        if (stat(path, &file) == -1 || !S_ISREG(file.st_mode)) continue;
        int i = 0;
        while (i < seen_count && (seen[i].device != file.st_dev || seen[i].number != file.st_ino)) i++;
        if (i < seen_count || i == MAX_FILES) continue;
        seen[seen_count].device = file.st_dev;
        seen[seen_count++].number = file.st_ino;
        mib += (double)file.st_blocks * 512 / (1024 * 1024);
    }
    if (folder != NULL) closedir(folder);
    return mib;
}

double open_files(void) {
    seen_count = 0;
    return each_process(files_of);
}

// The end of the connection would be received after all unread bytes, so the table of the kernel is asked instead.
bool is_connected(const struct client *client) {
    struct sockaddr_in own;
    socklen_t size = sizeof own;
    char ends[64], line[512];
    if (getsockname(client->fd, (struct sockaddr *)&own, &size) == -1) fail("getsockname");
    int port = options.reader_port == 0 ? options.port : options.reader_port;
    // State 01 is ESTABLISHED.
    snprintf(ends, sizeof ends, "0100007F:%04X 0100007F:%04X 01", port, ntohs(own.sin_port));
    FILE *file = fopen("/proc/net/tcp", "r");
    bool found = false;
    if (file == NULL) fail("/proc/net/tcp");
    while (!found && fgets(line, sizeof line, file) != NULL) found = strstr(line, ends) != NULL;
    fclose(file);
    return found;
}
