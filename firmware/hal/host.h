/* The node's board on a Linux host: a pty as serial line, one file as non-volatile memory, a
 * synthetic feeder in real time. A reply reaches the pty when its last stop bit would have left. */
#ifndef NODE_HAL_HOST_H
#define NODE_HAL_HOST_H

#include "hal/hal.h"
#include "hal/synth.h"

struct host {
    struct hal hal;
    int line;      /* master side of the pty */
    int keep_open; /* its other side, so that a client may come and go */
    int memory;    /* file */
    uint32_t baud;
    const uint8_t *sending;
    size_t sending_n;
    uint32_t sent_us;
    uint32_t last_byte_us;
    bool driver;
    struct synth synth;
    uint64_t begun_us;
    uint64_t sets; /* taken since the begin */
    char name[64]; /* of the pty */
};

/* Opens pty and memory file (made if missing). ERR_IO: errno says why. */
int host_open(struct host *h, const char *memory_path);

/* Waits until a byte comes or the next sample is due. */
void host_idle(struct host *h);

#endif
