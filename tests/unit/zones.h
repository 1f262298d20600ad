/* Time zones for tests, each around its changes of one year, as in the IANA time zone database
 * (worked out with Python's zoneinfo). Instants are UTC seconds. */
#ifndef BUSBAR_TEST_ZONES_H
#define BUSBAR_TEST_ZONES_H

#include "base/units.h"

/* Offset `inside` from..to, `outside` before and after. */
static inline int zone_between(ms_t utc_ms, ms_t from_s, ms_t to_s, int inside, int outside) {
    return utc_ms >= from_s * MS_PER_S && utc_ms < to_s * MS_PER_S ? inside : outside;
}

static inline int zone_shanghai(ms_t utc_ms) {
    (void)utc_ms;
    return 28800;
}

static inline int zone_kolkata(ms_t utc_ms) {
    (void)utc_ms;
    return 19800;
}

/* 2026: on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00. */
static inline int zone_berlin(ms_t utc_ms) {
    return zone_between(utc_ms, 1774746000, 1792890000, 7200, 3600);
}

/* 2018: on 2018-11-04 00:00 becomes 01:00 (no midnight), 2019-02-17 00:00 becomes 23:00. */
static inline int zone_sao_paulo(ms_t utc_ms) {
    return zone_between(utc_ms, 1541300400, 1550368800, -7200, -10800);
}

/* 2026: on 2026-03-08 00:00 becomes 01:00, on 2026-11-01 01:00 becomes 00:00 (two midnights). */
static inline int zone_havana(ms_t utc_ms) {
    return zone_between(utc_ms, 1772946000, 1793509200, -14400, -18000);
}

/* 2026, half an hour of daylight saving: on 2026-04-05 02:00 becomes 01:30, 2026-10-04 02:00
 * becomes 02:30. */
static inline int zone_lord_howe(ms_t utc_ms) {
    return zone_between(utc_ms, 1775314800, 1791041400, 37800, 39600);
}

/* 1919: on 1919-03-30 23:30 becomes 00:30 of the next day. */
static inline int zone_toronto_1919(ms_t utc_ms) {
    return utc_ms < (ms_t)-1601753400 * MS_PER_S ? -18000 : -14400;
}

/* 2010: on 2010-11-07 00:01 becomes 23:01 of the day before. */
static inline int zone_st_johns_2010(ms_t utc_ms) {
    return utc_ms < (ms_t)1289097060 * MS_PER_S ? -9000 : -12600;
}

/* 2011: after 2011-12-29 comes 2011-12-31. */
static inline int zone_apia_2011(ms_t utc_ms) {
    return utc_ms < (ms_t)1325239200 * MS_PER_S ? -36000 : 50400;
}

#endif
