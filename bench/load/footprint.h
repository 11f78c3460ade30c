// Memory, files and connections of a relay, which may be a process group, as the kernel knows them.
#ifndef FOOTPRINT_H
#define FOOTPRINT_H

#include "load.h"

double peak_memory(void); // MiB, sum of the peaks of all its processes
double open_files(void);  // MiB on disk, of the files that it has open
bool is_connected(const struct client *client); // false: it has closed its end of this connection

#endif
