/* The serial line of the node: frames end by silence, replies hold the RS-485 driver until the last
 * stop bit has left. One thread; never waits.
 * Source: MODBUS over Serial Line V1.02, sections 2.4.1 (broadcast) and 2.5.1.1 (3.5 characters).
 */
#ifndef NODE_APP_RTU_PORT_H
#define NODE_APP_RTU_PORT_H

#include "app/state.h"
#include "hal/hal.h"
#include "wire/rtu.h"

struct rtu_port {
    const struct hal *hal;
    struct state *state;
    uint8_t unit;
    uint32_t silence_us;
    size_t length; /* bytes received of the frame; above RTU_MAX: too long */
    bool broken;   /* a character of the frame was wrong */
    bool sending;
    uint8_t frame[RTU_MAX]; /* received, then to be sent */
};

/* Opens the line as the settings say. */
void rtu_port_open(struct rtu_port *p, const struct hal *hal, struct state *state);

/* One turn: takes bytes, ends a frame, answers, releases the driver. */
void rtu_port_poll(struct rtu_port *p);

#endif
