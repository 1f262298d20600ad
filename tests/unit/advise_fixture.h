/* A small works with one account, months of quarters, bills and prices in a store: what the tests
 * of the advice share. Times are local, UTC+8; every record is written by records_put().
 *
 * Apparent power at the incomer rises by 10 kVA a quarter of the day from 1000 kVA, and by 1 kVA a
 * day, with one quarter of 3600 kVA on 2026-08-15 at 14:30; the mean of a quarter is 0.9 of it. */
#ifndef BUSBAR_TESTS_ADVISE_FIXTURE_H
#define BUSBAR_TESTS_ADVISE_FIXTURE_H

#include "advise.h"
#include "store/books.h"
#include "store/records.h"
#include "store_rig.h"
#include "sys/clock.h"

#define KVA_PEAK_DAY     45 /* days after 2026-07-01: 2026-08-15 */
#define KVA_PEAK_QUARTER 58 /* 14:30 */

struct plant {
    struct works works;
    struct pf_step steps[8];
    struct pf_table table;
    struct tariff_version version;
    struct tariff tariff;
    struct contract_step contract;
    struct account account;
    struct transformer transformers[2];
    struct metering_point point;
    struct writer writer;
    struct records records;
};

static inline ms_t local_day(int year, int month, int dom) {
    return local_midnight(civil_day(year, month, dom), clock_utc_offset_s);
}

/* Steps as in (83)水电财字第215号, standard 0.90, from 0.88 up. */
static inline void plant_tariff(struct plant *p) {
    static const struct pf_step steps[8] = {{95, -75}, {94, -60}, {93, -45}, {92, -30},
                                            {91, -15}, {90, 0},   {89, 50},  {88, 100}};
    memcpy(p->steps, steps, sizeof steps);
    p->table = (struct pf_table){90, p->steps, 8, 200};
    p->version = (struct tariff_version){.id = "own-2026",
                                         .document = "notice 7 of 2026",
                                         .from_day = civil_day(2026, 1, 1),
                                         .to_day = INT32_MAX,
                                         .verified = true,
                                         .billing = {.free_share = 1.05,
                                                     .excess_factor = 2.0,
                                                     .min_contract_share = 0.40,
                                                     .high_use_kwh_kva = 260.0,
                                                     .high_use_discount = 0.90,
                                                     .pf_tables = &p->table,
                                                     .pf_table_count = 1,
                                                     .verified = true}};
    p->tariff = (struct tariff){.id = "own-2026", .versions = &p->version, .version_count = 1};
}

static inline void plant_site(struct plant *p) {
    struct site *s = &p->works.site;
    plant_tariff(p);
    p->contract = (struct contract_step){INT32_MIN, 3200.0};
    p->account = (struct account){.id = "main",
                                  .account_no = "4108000123",
                                  .billing = BILLING_CONTRACT_DEMAND,
                                  .billing_given = true,
                                  .contracts = &p->contract,
                                  .contract_count = 1,
                                  .combination = DEMAND_SUM_OF_MAXIMA,
                                  .billing_day = 1,
                                  .pf_standard = 0.90,
                                  .pf_quadrants = 1u | 8u,
                                  .tariff_id = "own-2026",
                                  .tariff = &p->tariff,
                                  .capacity_kva = 4000.0};
    p->transformers[0] = (struct transformer){"t1", 2500.0, 2600.0, 22000.0, SITE_NONE, 0};
    p->transformers[1] = (struct transformer){"t2", 1500.0, (double)NAN, (double)NAN, SITE_NONE, 0};
    p->point = (struct metering_point){.id = "p1",
                                       .line_no = "10-3",
                                       .feed = GRID,
                                       .check_feed = SITE_NONE,
                                       .line_limit_kva = 6000.0};
    s->timezone = "Asia/Shanghai";
    s->accounts = &p->account;
    s->account_count = 1;
    s->transformers = p->transformers;
    s->transformer_count = 2;
    s->metering_points = &p->point;
    s->metering_point_count = 1;
}

static inline void plant_open(struct plant *p) {
    memset(p, 0, sizeof *p);
    assert_int_equal(clock_set_zone("Asia/Shanghai"), ERR_OK);
    works_init(&p->works);
    plant_site(p);
    assert_int_equal(writer_open(&p->writer, p->works.path, T0), ERR_OK);
    assert_int_equal(writer_set_site(&p->writer, &p->works.site), ERR_OK);
    assert_int_equal(records_init(&p->records, &p->writer, &p->works.site), ERR_OK);
}

static inline void plant_close(struct plant *p) {
    records_fini(&p->records);
    writer_close(&p->writer);
    works_fini(&p->works);
}

static inline struct slot_facts *plant_begin(struct plant *p, enum slot_period period, ms_t start,
                                             ms_t end) {
    facts_init(&p->records.facts, &p->works.site, period, start, end);
    p->records.facts.covered = (uint64_t)(end - start);
    p->records.facts.coverage = 1.0;
    return &p->records.facts;
}

/* Inside a transaction. account: of a bill, else -1. */
static inline void plant_put(struct plant *p, int account) {
    assert_int_equal(records_put(&p->records, account, NULL, false, T0), ERR_OK);
}

static inline void plant_price(struct plant *p, int month, enum price_component c, int64_t cny) {
    const struct price_row row = {2026 * 12 + month - 1, c, cny * PRICE_UNIT, 1, true};
    assert_int_equal(books_put_price(p->writer.db, &row, T0), ERR_OK);
}

static inline void plant_bill(struct plant *p, int month, double max_kw, double kwh) {
    struct slot_facts *f =
        plant_begin(p, SLOT_BILL, local_day(2026, month, 1), local_day(2026, month + 1, 1));
    f->accounts[0].month_max = (struct demand_peak){max_kw, f->start};
    f->accounts[0].contract_kw = 3200.0;
    f->points[0].import_kwh = kwh;
    plant_put(p, 0);
}

/* Quarter q of a day, counted from 2026-07-01. */
static inline void plant_quarter(struct plant *p, int day, int q) {
    ms_t start = local_day(2026, 7, 1 + day) + q * QUARTER;
    bool peak = day == KVA_PEAK_DAY && q == KVA_PEAK_QUARTER;
    double kva = peak ? 3600.0 : 1000.0 + 10.0 * q + day;
    struct slot_facts *f = plant_begin(p, SLOT_15M, start, start + QUARTER);
    f->accounts[0].block_kw = 0.9 * kva;
    f->points[0].s_kva = (struct range_stat){0.9 * kva, 0.8 * kva, kva, 900000};
    f->points[0].import_kwh = 100.0;
    f->points[0].kvarh[0] = 59.0;
    f->points[0].kvarh[3] = 1.0;
    f->energy_kwh[SITE_E_PV] = 20.0;
    for (int t = 0; t < 2; t++) {
        double share = p->transformers[t].kva / 4000.0;
        f->transformers[t] =
            (struct transformer_facts){0.9 * kva * share, kva * share, t == 0 ? 1.25 : (double)NAN};
    }
    plant_put(p, -1);
}

/* Bills of May to October, of which July to October were measured; prices of June and from August
 * on; then 2026-11-01 and half of the 2nd. */
static inline void plant_fill(struct plant *p) {
    assert_int_equal(writer_begin(&p->writer), ERR_OK);
    for (int day = 0; day < 125; day++)
        for (int q = 0; q < (day == 124 ? 48 : 96); q++)
            plant_quarter(p, day, q);
    for (int i = 0; i < 3 * 96; i++) /* the last three days of June */
        plant_quarter(p, -3 + i / 96, i % 96);
    plant_bill(p, 5, (double)NAN, (double)NAN);
    plant_bill(p, 6, 2700.0, 600000.0);
    plant_bill(p, 7, 2950.0, 690000.0);
    plant_bill(p, 8, 2900.0, 700000.0);
    plant_bill(p, 9, 3400.0, 800000.0);
    plant_bill(p, 10, 2500.0, 1100000.0);
    struct slot_facts *f = plant_begin(p, SLOT_1D, local_day(2026, 11, 1), local_day(2026, 11, 2));
    f->points[0].import_kwh = 10000.0;
    f->points[0].kvarh[0] = 4900.0;
    f->points[0].kvarh[3] = 100.0;
    f->points[0].kvarh[1] = 77.0; /* exported: not charged */
    f->energy_kwh[SITE_E_PV] = 2000.0;
    f->energy_kwh[SITE_E_EXPORT] = 100.0;
    plant_put(p, -1);
    for (int month = 6; month <= 10; month++) {
        if (month == 7)
            continue;
        plant_price(p, month, PRICE_DEMAND, month == 10 ? 29 : 28);
        plant_price(p, month, PRICE_CAPACITY, month == 10 ? 25 : 24);
        if (month < 10)
            plant_price(p, month, PRICE_ACTUAL_DEMAND, 32);
    }
    assert_int_equal(writer_end(&p->writer, ERR_OK), ERR_OK);
}

/* 2026-07-01 to 2026-11-02 12:00. */
static inline struct advise_options plant_options(void) {
    return (struct advise_options){.from = local_day(2026, 7, 1),
                                   .to = local_day(2026, 11, 2) + 12 * MS_PER_HOUR,
                                   .account = -1,
                                   .step_kw = 200.0};
}

static inline void plant_advise(struct plant *p, const struct advise_options *o,
                                struct advise *ret) {
    struct reader *r;
    assert_int_equal(reader_open(p->works.path, &r), ERR_OK);
    assert_int_equal(advise_make(r, &p->works.site, o, ret), ERR_OK);
    reader_close(r);
}

#endif
