/* busbar-node: the feeder node as a program. usage: busbar-node MEMORY-FILE
 * Prints the name of its pty, then serves Modbus RTU there until it is ended. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "app/node.h"
#include "base/err.h"
#include "hal/host.h"

int main(int argc, char **argv) {
    static struct host host;
    static struct node node;
    if (argc != 2) {
        fprintf(stderr, "usage: busbar-node MEMORY-FILE\n");
        return 64;
    }
    if (host_open(&host, argv[1]) != ERR_OK) {
        fprintf(stderr, "busbar-node: %s: %s; name a file that may be written\n", argv[1],
                strerror(errno));
        return 74;
    }
    node_init(&node, &host.hal);
    printf("%s\n", host.name);
    fflush(stdout);
    for (;;) {
        node_poll(&node);
        host_idle(&host);
    }
}
