/* Records from stored slots: what a quarter, hour, day, month or bill of the site says.
 *
 * Works inside the writer's transaction, reads only rows that are already there, and so makes the
 * same record whether a slot has just closed, was revised by a gap's energy or an officer's entry,
 * or gets another price or factor. 1m and 15m come from device rows; longer ones are merged from
 * the period below them (calc/slot.h). Historian thread. */
#ifndef BUSBAR_STORE_RECORDS_H
#define BUSBAR_STORE_RECORDS_H

#include <stdbool.h>

#include "calc/settle.h"
#include "store/aggregate.h"
#include "store/books.h"
#include "store/layout.h"
#include "store/slot_code.h"
#include "store/writer.h"

#define NET_QUARTERS 96 /* of a day: what the search for a suspect looks at */

/* What only the running gateway saw of a slot. */
struct record_seed {
    struct power_stat power[SITE_POWER_COUNT];
    uint64_t power_ms[SITE_POWER_COUNT]; /* how long each was known */
    double soc_start_pct, soc_end_pct;
    uint8_t clock_state; /* enum clock_sync */
    double clock_offset_ms;
    uint64_t lived_ms; /* facts.lived_ms */
    bool device_down, gateway_off;
    bool clock_gap; /* the clock was stepped over this slot: there was no such time */
};

struct records {
    struct writer *writer;
    const struct site *site;
    struct books_store books;
    int32_t *feed_order, *feed_first, *feed_count; /* layout_group_feeds() */
    int32_t *index_of;                             /* device by its number, SITE_NONE */
    int64_t numbers;                               /* below which index_of reaches */
    struct feed_facts *feeds;
    struct supply_facts supply[METERING_POINTS_MAX], transformer_supply[TRANSFORMERS_MAX];
    bool *device_covered;
    double *scratch[2];
    /* rows under another configuration: the layout asked for last */
    int64_t layout_id;
    struct layout *layout;
    /* net energies of the last day's quarters, by slot and feed: NAN unknown */
    double *net;
    ms_t net_start[NET_QUARTERS];
    struct suspect suspect;
    int32_t nodes[NODES_MAX]; /* inner nodes of the electrical tree */
    size_t node_count;
    int32_t irradiance_device, irradiance_point; /* SITE_NONE */
    double irradiance;                           /* of the slot being made, W/m2 */
    sqlite3_stmt *statements[9];
    char *text;
    uint8_t *blob;
    struct slot_facts facts, other; /* being made; a part of it, or the one before */
    struct month_facts month;
    struct ess_carbon day_ess; /* at the start of the day being made */
    /* by period the first slot that was written since somebody looked; INT64_MAX: none */
    ms_t written[SLOT_PERIOD_COUNT];
};

int records_init(struct records *r, struct writer *w, const struct site *site);
void records_fini(struct records *r);

/* A slot of 1m or 15m that has just closed. */
int records_write_slot(struct records *r, enum slot_period p, ms_t start,
                       const struct record_seed *seed, ms_t now_ms);
/* A slot of 1m or 15m again, from its rows as they are now; nothing without an earlier record. */
int records_revise_slot(struct records *r, enum slot_period p, ms_t start, ms_t now_ms);
/* A longer slot, first or again. account: of a bill, else -1. Without any part that can be read it
 * says that nothing is known. */
int records_write_long(struct records *r, enum slot_period p, int account, ms_t start, ms_t now_ms);

/* The code of a period, for a bill with its account's number. */
int records_code(struct records *r, enum slot_period p, int account, int64_t *ret);

/* ---- between the records' own files ------------------------------------------------------- */

enum records_statement {
    RECORDS_ROWS,      /* device rows of a slot, newest revision */
    RECORDS_ROW_RANGE, /* the same of devices with numbers in a range */
    RECORDS_FACTS,     /* newest facts of the slots in a range */
    RECORDS_BEFORE,    /* newest facts of the last slot before */
    RECORDS_SELF,      /* newest facts of a slot */
    RECORDS_NUMBER,    /* of an account */
    RECORDS_UNACKED,   /* quarters of a range that are not delivered, by start */
    RECORDS_FIRST,     /* start of a period's first record with facts, from a time on */
    RECORDS_MARKED     /* number of slots to be made again */
};
int records_prepare(struct records *r, enum records_statement which, sqlite3_stmt **ret);
/* The site's index of feed i of a device in a row of some layout; SITE_NONE when it is gone. */
int records_feed_of(struct records *r, int64_t layout, int64_t device_no, size_t i,
                    size_t *ret_device, int32_t *ret_feed);
/* Whether rows under that layout say the same things of the device as those under the present one:
 * the same feeds and points in the same order. */
bool records_same_device(struct records *r, int64_t layout, size_t device);
/* Fills feeds, supply, device_covered and irradiance from the rows of a slot of 1m or 15m. */
int records_load_rows(struct records *r, enum slot_period p, ms_t start);
/* Of each metering point the largest sliding demand whose 15 minutes end in this quarter. */
int records_sliding(struct records *r, ms_t start, struct demand_peak *ret);
/* Remembers the quarter's net energies; looks for a suspect when balance was bad in the last day.
 * False: it is not the newest quarter, what is suspect now says nothing of it. */
bool records_find_suspect(struct records *r, struct slot_facts *f);
int records_read_facts(const struct records *r, sqlite3_stmt *s, int column,
                       struct slot_facts *ret);
/* Whether the local month of that instant is filed: what is stored of it stays as it is. */
bool records_is_filed(struct records *r, ms_t t);
/* What is known on the day of now_ms prices and weighs what is made now. */
void records_know(struct records *r, ms_t now_ms);
/* Writes r->facts as the record of its slot. month NULL below a day. */
int records_put(struct records *r, int account, const struct month_facts *month, bool with_devices,
                ms_t now_ms);

#endif
