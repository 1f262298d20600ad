#include "alert/signal_register.h"

#include <math.h>

void register_happened(struct register_watch *w) {
    w->news = true;
}

double signal_register(struct register_watch *w, bool device_answers) {
    bool news = w->news;
    w->news = false;
    return news ? 1.0 : device_answers ? 0.0 : (double)NAN;
}
