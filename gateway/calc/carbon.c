/* Factors and fuels of a carbon book, and the market-based figure. */
#include "calc/carbon.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"

#define KWH_PER_CERTIFICATE 1000.0

static const char *const series_names[FACTOR_SERIES_COUNT] = {
    [FACTOR_PROVINCE] = "province",
    [FACTOR_NATIONAL] = "national_average",
    [FACTOR_REGION] = "region",
    [FACTOR_RESIDUAL] = "national_excl_market_nonfossil",
    [FACTOR_NATIONAL_FOSSIL] = "national_fossil",
};

const char *factor_series_str(enum factor_series s) {
    return s < FACTOR_SERIES_COUNT ? series_names[s] : "unknown";
}

bool factor_series_parse(const char *name, enum factor_series *ret) {
    for (int i = 0; i < FACTOR_SERIES_COUNT; i++) {
        if (strcmp(series_names[i], name) == 0) {
            *ret = (enum factor_series)i;
            return true;
        }
    }
    return false;
}

const char *carbon_area(const struct carbon_book *b, enum factor_series s) {
    if (s == FACTOR_PROVINCE) {
        return b->province;
    }
    return s == FACTOR_REGION ? b->region : b->country;
}

static bool is_newer(const struct grid_factor *f, const struct grid_factor *than) {
    return than == NULL || f->year > than->year ||
           (f->year == than->year && f->version > than->version);
}

struct factor_choice carbon_factor(const struct carbon_book *b, enum factor_series s, int year,
                                   int32_t known_day) {
    struct factor_choice best = {NULL, false};
    const char *area = carbon_area(b, s);

    for (size_t i = 0; area != NULL && i < b->factor_count; i++) {
        const struct grid_factor *f = &b->factors[i];
        bool valid = f->from_day <= known_day && known_day < f->to_day;
        if (f->series == s && f->year <= year && valid && strcmp(f->area, area) == 0 &&
            is_newer(f, best.factor)) {
            best.factor = f;
        }
    }
    best.provisional = best.factor != NULL && best.factor->year < year;
    return best;
}

bool grid_factor_overlaps(const struct grid_factor *a, const struct grid_factor *b) {
    return a->series == b->series && a->year == b->year && a->version == b->version &&
           a->from_day < b->to_day && b->from_day < a->to_day && strcmp(a->area, b->area) == 0;
}

bool carbon_overlap(const struct carbon_book *b, size_t *ret_first, size_t *ret_second) {
    for (size_t i = 0; i < b->factor_count; i++) {
        for (size_t j = i + 1; j < b->factor_count; j++) {
            if (grid_factor_overlaps(&b->factors[i], &b->factors[j])) {
                *ret_first = i;
                *ret_second = j;
                return true;
            }
        }
    }
    return false;
}

void carbon_factor_id(const struct grid_factor *f, char *out, size_t cap) {
    struct buf b;

    buf_init(&b, out, cap);
    buf_puts(&b, factor_series_str(f->series));
    buf_putc(&b, '/');
    buf_puts(&b, f->area);
    buf_putc(&b, '/');
    buf_put_i64(&b, f->year);
}

/* Not below 0; an unknown stays unknown (fmax() would make it 0). */
static double not_negative(double v) {
    return v < 0.0 ? 0.0 : v;
}

double carbon_market_kg(const struct market_input *in) {
    double unbundled = not_negative(in->certificates - in->bundled_certificates);
    double base = in->import_kwh - in->green_contract_kwh - KWH_PER_CERTIFICATE * unbundled;

    return (not_negative(base) + in->own_pv_sold_kwh) * in->residual_factor;
}

static const struct fuel_factor *fuel_of(const struct carbon_book *b, enum fuel_kind kind,
                                         const char *unit) {
    for (size_t i = 0; i < b->fuel_count; i++) {
        if (b->fuels[i].kind == kind && strcmp(b->fuels[i].unit, unit) == 0) {
            return &b->fuels[i];
        }
    }
    return NULL;
}

double carbon_fuel_kg(const struct carbon_book *b, enum fuel_kind kind, const char *unit,
                      double amount) {
    const struct fuel_factor *f = fuel_of(b, kind, unit);

    return f != NULL ? amount * f->kg_per_unit : (double)NAN;
}

double carbon_fuel_kgce(const struct carbon_book *b, enum fuel_kind kind, const char *unit,
                        double amount) {
    const struct fuel_factor *f = fuel_of(b, kind, unit);

    return f != NULL ? amount * f->kgce_per_unit : (double)NAN;
}
