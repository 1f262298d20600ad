/* What the aggregate has to tell: counters that were not just counting, devices that went or came.
 */
#include <math.h>

#include "store/aggregate.h"

static const struct {
    const char *event, *severity, *note;
} counter_events[] = {
    [ENERGY_ROLLOVER] = {"counter_rollover", "info",
                         "the counter rolled over at its modulus; value: new register, threshold: "
                         "old one"},
    [ENERGY_RESET] = {"counter_reset", "warning",
                      "the counter was reset or the meter exchanged; value: new register, "
                      "threshold: old one; energy counts on from the new one; confirm with busbar "
                      "meter change"},
    [ENERGY_JUMP] = {"counter_jump", "warning",
                     "the counter rose more than the rated power allows; value: new register, "
                     "threshold: old one; the step is not counted"},
    [ENERGY_GLITCH] = {"counter_glitch", "info",
                       "wrong register values were dropped; value: register now, threshold: last "
                       "good one before"},
    [ENERGY_HELD] = {NULL, NULL, NULL},
};

static void tell(struct aggregate *a, struct event_body *e, const char *event, const char *severity,
                 const char *note) {
    e->event = event;
    e->severity = severity;
    e->note = note;
    a->sink.event(a->sink.arg, e);
}

/* What an officer may have to confirm. */
static void enter_ledger(struct aggregate *a, const struct counter_place *where,
                         const struct counter *c, ms_t at, const struct counter_change *change) {
    const struct ledger_entry entry = {.feed = where->feed,
                                       .counter = where->k,
                                       .event = change->event,
                                       .old_register = counter_register(c, change->old_count),
                                       .first_register =
                                           counter_register(c, c->energy.segment_first),
                                       .new_register = counter_register(c, change->new_count),
                                       .multiplier = c->per_register * c->multiplier};
    a->sink.ledger(a->sink.arg, where->device, at, &entry);
}

void aggregate_report_counter(struct aggregate *a, const struct counter_place *where,
                              const struct counter *c, ms_t at,
                              const struct counter_change *change) {
    const struct point_def *def = a->site->points[c->point].def;
    struct event_body e = {.object = a->site->points[c->point].id, .state = "raised", .at = at};
    if (change->ratio_changed) {
        e.value = c->multiplier;
        e.threshold = change->old_multiplier;
        e.unit = "";
        tell(a, &e, "ratio_change", "warning",
             "the ratio of the device changed; value: new ratio, threshold: old ratio; the energy "
             "of this slot is the sum of both parts");
    }
    e.value = counter_register(c, change->new_count);
    e.threshold = counter_register(c, change->old_count);
    e.unit = def->unit;
    if (change->coarse)
        tell(a, &e, "counter_coarse", "warning",
             "the register is so large that its last digit is more than 0.5 % of the rated energy "
             "of 15 minutes; read a 32- or 64-bit integer register instead");
    if (change->event == ENERGY_ROLLOVER || change->event == ENERGY_RESET ||
        change->event == ENERGY_JUMP || change->ratio_changed)
        enter_ledger(a, where, c, at, change);
    if (change->event < sizeof counter_events / sizeof counter_events[0] &&
        counter_events[change->event].event)
        tell(a, &e, counter_events[change->event].event, counter_events[change->event].severity,
             counter_events[change->event].note);
}

void aggregate_report_dips(struct aggregate *a, const struct feed *feed, const struct supply *s) {
    const struct supply_voltage *v = &s->voltage;
    for (size_t i = 0; i < a->site->metering_point_count && a->sink.dip; i++)
        for (size_t k = 0; k < v->change_count; k++)
            if (&a->site->feeds[a->site->metering_points[i].feed] == feed)
                a->sink.dip(a->sink.arg, a->site->metering_points[i].id, &v->change[k]);
}

void aggregate_report_presence(struct aggregate *a, size_t device, const struct reading *r,
                               bool answered) {
    struct device_state *state = &a->devices[device];
    struct event_body e = {.object = a->site->devices[device].id,
                           .at = r->utc_ms,
                           .value = (double)NAN,
                           .threshold = (double)NAN};
    if (r->kind == READING_DOWN && !state->down) {
        state->down = true;
        e.state = "raised";
        tell(a, &e, "device_down", "warning",
             "the device does not answer; it is asked again at growing intervals");
    } else if (answered && state->down) {
        state->down = false;
        e.state = "cleared";
        tell(a, &e, "device_up", "info", "the device answers again");
    }
}
