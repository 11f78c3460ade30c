// The protocol of mini_serv and its relatives: lines, and on delivery a prefix that names the sender.
#include "protocol.h"
#include <string.h>

static int copy(char *into, const char *line, int size) {
    memcpy(into, line, (size_t)size);
    return size;
}

static int with_prefix(char *into, const char *line, int size, int sender) {
    int prefix = prefix_of(sender, into);
    return prefix + copy(into + prefix, line, size);
}

const struct protocol line_protocol = {.name = "line", .publish = copy, .message = with_prefix};
