/* Time-of-use tariffs: which period a minute belongs to, and what a kWh of it costs. Pure.
 *
 * A tariff is a list of versions with validity dates; of each, windows by month, day type and time
 * of day. Every minute of every day resolves to exactly one period: checked when the file is read
 * (tariff_check), so resolving cannot fail inside a version's validity. Prices are data of their
 * own, by month and component, because they come later than the energy; a missing one makes a price
 * unknown, never a guess. Source of the model: provincial time-of-use notices (docs/tariffs.md). */
#ifndef BUSBAR_CALC_TARIFF_H
#define BUSBAR_CALC_TARIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "calc/billing.h"
#include "calc/calendar.h"

enum tariff_period {
    TARIFF_SHARP,
    TARIFF_PEAK,
    TARIFF_FLAT,
    TARIFF_VALLEY,
    TARIFF_DEEP,
    TARIFF_PERIODS
};
const char *tariff_period_str(enum tariff_period p); /* "sharp", "peak", "flat", "valley", "deep" */
bool tariff_period_parse(const char *name, enum tariff_period *ret);

/* A day is one of the first three; DAY_HOT is added to it on a day that is declared hot. */
enum day_type { DAY_WORKDAY = 1, DAY_WEEKEND = 2, DAY_HOLIDAY = 4, DAY_HOT = 8, DAY_ANY = 15 };

/* [from_min, to_min) of the local day, 0..1440. The reader splits windows across midnight in two.
 */
struct tariff_window {
    uint16_t months; /* bit 0 = January */
    uint8_t day_types;
    uint16_t from_min, to_min;
    enum tariff_period period;
    int priority; /* the lower number wins; equal ones on one minute are an error */
    int line;     /* in the file, for messages */
};

/* Months whose ratios are others than the version's (867号 of Henan: January, July, ...). */
struct tariff_season {
    uint16_t months; /* bit 0 = January; no month stands in two seasons */
    double ratio[TARIFF_PERIODS];
};

struct tariff_version {
    const char *id; /* "henan-2024": of the file; with the version's document for the record */
    const char *document; /* 文号 */
    const char *source;
    bool verified;
    int32_t from_day, to_day; /* local days, to_day exclusive; INT32_MAX: open */
    const struct tariff_window *windows;
    size_t window_count;
    double ratio[TARIFF_PERIODS]; /* multiplies the floating energy price; NAN: period not used */
    const struct tariff_season *seasons; /* first look here: tariff_ratio() */
    size_t season_count;
    struct billing_rules billing;
};

struct tariff {
    const char *id, *name;
    const struct tariff_version *versions; /* oldest first, no overlap */
    size_t version_count;
    const int32_t
        *holidays; /* local days, rising; these and make-up workdays are data of the file */
    size_t holiday_count;
    const int32_t *workdays; /* weekend days that are worked (调休) */
    size_t workday_count;
};

/* NULL when no version is valid on that day. */
const struct tariff_version *tariff_at(const struct tariff *t, int32_t day);
/* Holiday before make-up workday before weekend; DAY_HOT is not decided here. */
enum day_type tariff_day_type(const struct tariff *t, int32_t day);
/* The period of a minute, month 1..12. TARIFF_PERIODS when the version leaves it open (never after
 * tariff_check). */
enum tariff_period tariff_resolve(const struct tariff_version *v, int month, enum day_type type,
                                  int minute);
/* What multiplies the floating price in that month (1..12); NAN: the period is not used. */
double tariff_ratio(const struct tariff_version *v, int month, enum tariff_period p);
/* The shares of [start, end) in each period, summing to 1, minute by minute. False when a part of
 * it is outside every version, or nothing lies between them; then ret_share is all 0. */
bool tariff_split(const struct tariff *t, ms_t start, ms_t end, utc_offset_fn *zone,
                  double ret_share[TARIFF_PERIODS]);

struct tariff_hole {
    int month, minute; /* first minute that is wrong */
    int until;         /* the minute up to which it is so */
    enum day_type type;
    int line_a, line_b; /* two windows of equal priority; 0, 0: no window at all */
};
/* ERR_OK, or ERR_RANGE with the first minute that has no period or two. Two windows of equal
 * priority below a third that wins are no error: the minute has one period. */
int tariff_check(const struct tariff_version *v, struct tariff_hole *ret);
/* The same for one kind of day from a minute on: with ret->until it finds every wrong span. */
int tariff_check_day(const struct tariff_version *v, int month, enum day_type type, int minute,
                     struct tariff_hole *ret);
/* The kinds of days that a tariff tells apart: the first three, then each on a hot day. */
#define TARIFF_DAY_TYPES 6
extern const enum day_type tariff_day_types[TARIFF_DAY_TYPES];

/* ---- prices ---------------------------------------------------------------------------- */

#define PRICE_UNIT 100000000 /* prices and money are integers of 1e-8 CNY */

/* A component of a month's price list (代理购电公告). Only PRICE_ENERGY is multiplied by the ratio
 * of the period; the others are added as they are. */
enum price_component {
    PRICE_ENERGY,           /* on-grid or agent-purchase average, CNY/kWh, flat period */
    PRICE_LOSSES,           /* 上网环节线损 */
    PRICE_TRANSMISSION,     /* 输配电价 */
    PRICE_SYSTEM_OPERATION, /* 系统运行费 */
    PRICE_FUNDS,            /* 政府性基金及附加 */
    PRICE_EXPORT,           /* what is paid for exported energy */
    PRICE_DEMAND,           /* CNY per kW and month, contract demand */
    PRICE_ACTUAL_DEMAND,    /* CNY per kW and month, actual maximum demand; else PRICE_DEMAND */
    PRICE_CAPACITY,         /* CNY per kVA and month */
    PRICE_COMPONENTS
};
const char *price_component_str(enum price_component c); /* "energy", "losses", ... */
bool price_component_parse(const char *name, enum price_component *ret);

struct price_row {
    int32_t month; /* year * 12 + month - 1 */
    enum price_component component;
    int64_t price_e8; /* 1e-8 CNY per unit of the component */
    int32_t version;  /* the highest one of a (month, component) counts */
    bool verified;
};
/* A day's prices pushed by the platform: they replace table prices of that day. */
struct price_curve {
    int32_t day;
    int32_t version;
    int64_t price_e8[96]; /* CNY/kWh all in, by local quarter of an hour, label = start */
};
struct price_book {
    const struct price_row *rows;
    size_t row_count;
    const struct price_curve *curves;
    size_t curve_count;
};

struct price {
    int64_t price_e8; /* all in, 1e-8 CNY/kWh */
    bool known;       /* false: a component is missing, price_e8 is 0 and means nothing */
    bool verified;    /* tariff and every component are */
    int32_t version;  /* highest one of the rows that went in; 0: none */
};
/* energy x ratio of the period, rounded half-up, + losses + transmission + system operation +
 * funds. Absent rows make the price unknown; a component that a user does not pay is entered as 0.
 * A price beyond PRICE_MAX_E8 is no price: unknown. */
#define PRICE_MAX_E8 (INT64_C(100000) * PRICE_UNIT)
struct price tariff_price(const struct tariff_version *v, const struct price_book *b, int32_t month,
                          enum tariff_period p);
/* The curve's price at an instant, of the day's highest version; known false when no curve covers
 * it. Verified: who pushes a curve answers for it. */
struct price tariff_curve_price(const struct price_book *b, ms_t at, utc_offset_fn *zone);
struct price tariff_component(const struct price_book *b, int32_t month, enum price_component c);
/* What the basic charge is made of in a month, as a bill takes it: without a price of the actual
 * demand that of the contract counts. */
struct basic_prices {
    struct price demand, actual, capacity;
};
struct basic_prices tariff_basic_prices(const struct price_book *b, int32_t month);

/* kWh x price, rounded half-up (away from zero) to 1e-8 CNY; the double nearest to a tie counts as
 * the tie. Held at the ends of int64_t; 0 for NAN: an unknown energy has an unknown cost, which is
 * the caller's to say. */
int64_t money_of(double kwh, int64_t price_e8);
/* 1e-8 CNY -> decimal text with 2 decimals, half-up: "1234.57". out: 32 bytes. */
void money_format(int64_t money_e8, char *out);

#endif
