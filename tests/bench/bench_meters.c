#include "bench_meters.h"

#include <ftw.h>
#include <gen_readings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"
#include "meter/decode.h"

#define BANKS   (METERS_DEVICES / GEN_METERS)
#define INCOMER 0

/* What gen_readings.h knows of its 100 meters; with a bank for each hundred no two are alike. */
struct bank {
    unsigned char meters[sizeof gen_m];
    double hz;
    uint64_t noise;
};

struct meters {
    char folder[64];
    struct site *site;
    size_t devices, bank_count;
    struct bank banks[BANKS];
    int second;
    size_t reading_bytes;
    unsigned char *readings;
    double incomer_wh[2]; /* import, export */
};

/* In the order of gen_desc. Energies count Wh, powers are floats, the rest as meters do it. */
static const char profile_text[] =
    "vendor: bench\nmodel: 30 quantities\nroles: [grid, pv, load]\n"
    "source: tests/bench/load/gen_readings.h\nconfidence: A\n"
    "modbus: {function: 3, word_order: big, max_registers: 125}\npoints:\n"
    "  - {register: 0, type: u16, scale: 0.1, quantity: voltage, phase: l1, unit: V}\n"
    "  - {register: 1, type: u16, scale: 0.1, quantity: voltage, phase: l2, unit: V}\n"
    "  - {register: 2, type: u16, scale: 0.1, quantity: voltage, phase: l3, unit: V}\n"
    "  - {register: 3, type: u16, scale: 0.1, quantity: voltage, phase: l1l2, unit: V}\n"
    "  - {register: 4, type: u16, scale: 0.1, quantity: voltage, phase: l2l3, unit: V}\n"
    "  - {register: 5, type: u16, scale: 0.1, quantity: voltage, phase: l3l1, unit: V}\n"
    "  - {register: 6, type: u32, scale: 0.001, quantity: current, phase: l1, unit: A}\n"
    "  - {register: 8, type: u32, scale: 0.001, quantity: current, phase: l2, unit: A}\n"
    "  - {register: 10, type: u32, scale: 0.001, quantity: current, phase: l3, unit: A}\n"
    "  - {register: 12, type: f32, quantity: active_power, phase: l1, unit: W}\n"
    "  - {register: 14, type: f32, quantity: active_power, phase: l2, unit: W}\n"
    "  - {register: 16, type: f32, quantity: active_power, phase: l3, unit: W}\n"
    "  - {register: 18, type: f32, quantity: apparent_power, phase: l1, unit: VA}\n"
    "  - {register: 20, type: f32, quantity: apparent_power, phase: l2, unit: VA}\n"
    "  - {register: 22, type: f32, quantity: apparent_power, phase: l3, unit: VA}\n"
    "  - {register: 24, type: f32, quantity: reactive_power, phase: l1, unit: var}\n"
    "  - {register: 26, type: f32, quantity: reactive_power, phase: l2, unit: var}\n"
    "  - {register: 28, type: f32, quantity: reactive_power, phase: l3, unit: var}\n"
    "  - {register: 30, type: i16, scale: 0.001, quantity: power_factor, phase: l1}\n"
    "  - {register: 31, type: i16, scale: 0.001, quantity: power_factor, phase: l2}\n"
    "  - {register: 32, type: i16, scale: 0.001, quantity: power_factor, phase: l3}\n"
    "  - {register: 33, type: f32, quantity: active_power, phase: total, unit: W}\n"
    "  - {register: 35, type: f32, quantity: apparent_power, phase: total, unit: VA}\n"
    "  - {register: 37, type: f32, quantity: reactive_power, phase: total, unit: var}\n"
    "  - {register: 39, type: u16, scale: 0.01, quantity: frequency, unit: Hz}\n"
    "  - {register: 40, type: u16, scale: 0.1, quantity: thd_voltage, phase: l1, unit: \"%\"}\n"
    "  - {register: 41, type: u32, quantity: energy_import, phase: total, unit: Wh}\n"
    "  - {register: 43, type: u32, quantity: energy_export, phase: total, unit: Wh}\n"
    "  - {register: 45, type: u32, quantity: reactive_energy_import, phase: total, unit: varh}\n"
    "  - {register: 47, type: u32, scale: 0.001, quantity: current, phase: n, unit: A}\n";

enum quantity_place { P_TOTAL = 21, S_TOTAL, Q_TOTAL, E_IMPORT = 26, E_EXPORT };

static bool is_pv(size_t device) {
    return device % 10 == 3; /* as gen_readings.h has it */
}

static FILE *create(const struct meters *m, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", m->folder, name);
    return fopen(path, "w");
}

static bool write_files(const struct meters *m, bool minute_devices) {
    char path[128];
    snprintf(path, sizeof path, "%s/profiles", m->folder);
    if (mkdir(path, 0700) < 0)
        return false;
    FILE *profile = create(m, "profiles/bench.yaml"), *site = create(m, "site.yaml");
    if (!profile || !site)
        return false;
    fputs(profile_text, profile);
    fprintf(site,
            "site: {id: bench, district: bench, timezone: Asia/Shanghai, tariff: henan-2024,\n"
            "  carbon: china-henan, export_allowed: true}\n"
            "accounts:\n"
            "  - id: main\n    billing: actual_demand\n    transformers: [{id: t1, kva: 20000}]\n"
            "    metering_points: [{id: p1, device: d0}]\n"
            "mqtt: {url: \"mqtt://127.0.0.1:1\", minute_devices: %s}\n"
            "store: {path: bench.db}\nlinks:\n",
            minute_devices ? "true" : "false");
    for (size_t i = 0; i < m->bank_count; i++)
        fprintf(site, "  - {id: l%zu, tcp: \"127.0.0.1:%zu\"}\n", i, 15000 + i);
    fputs("devices:\n", site);
    for (size_t i = 0; i < m->devices; i++)
        fprintf(site,
                "  - {id: d%zu, link: l%zu, unit: %zu, profile: bench, role: %s,"
                " rated_kw: %d%s}\n",
                i, i / GEN_METERS, i % GEN_METERS + 1,
                i == INCOMER ? "grid"
                : is_pv(i)   ? "pv"
                             : "load",
                i == INCOMER ? 20000 : 50, is_pv(i) ? ", sign: -1" : "");
    bool written = fclose(profile) == 0;
    return fclose(site) == 0 && written;
}

static void keep(struct bank *b) {
    memcpy(b->meters, gen_m, sizeof gen_m);
    b->hz = gen_f;
    b->noise = gen_grng;
}

static void recall(const struct bank *b) {
    memcpy(gen_m, b->meters, sizeof gen_m);
    gen_f = b->hz;
    gen_grng = b->noise;
}

static int load(struct meters *m, const char *data_dir) {
    char path[128];
    struct config_errors errors;
    snprintf(path, sizeof path, "%s/site.yaml", m->folder);
    config_errors_init(&errors);
    int err = config_load_site(path, data_dir, &errors, &m->site);
    config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    return err;
}

static void begin(struct meters *m, ms_t start_ms) {
    gen_t0_ms = start_ms;
    for (unsigned i = 0; i < m->bank_count; i++) {
        gen_f = 50.0;
        gen_init(42 + i);
        keep(&m->banks[i]);
    }
    m->incomer_wh[0] = m->incomer_wh[1] = 1e6;
    m->second = -1;
}

int meters_new(const char *data_dir, ms_t start_ms, size_t devices, bool minute_devices,
               struct meters **ret) {
    struct meters *m = calloc(1, sizeof *m);
    if (!m)
        return ERR_NOMEM;
    m->devices = devices;
    m->bank_count = (devices + GEN_METERS - 1) / GEN_METERS;
    snprintf(m->folder, sizeof m->folder, "%s/busbar-bench-XXXXXX", P_tmpdir);
    int err = mkdtemp(m->folder) && write_files(m, minute_devices) ? ERR_OK : ERR_IO;
    if (err == ERR_OK)
        err = load(m, data_dir);
    if (err == ERR_OK) {
        const struct device_profile *p = m->site->devices[0].profile;
        m->reading_bytes = reading_size(p->point_count, p->image_registers);
        m->readings = calloc(devices, m->reading_bytes);
        err = m->readings ? ERR_OK : ERR_NOMEM;
    }
    if (err < 0) {
        meters_free(m);
        return err;
    }
    begin(m, start_ms);
    *ret = m;
    return ERR_OK;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *ftw) {
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

void meters_free(struct meters *m) {
    if (!m)
        return;
    nftw(m->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    site_free(m->site);
    free(m->readings);
    free(m);
}

const struct site *meters_site(const struct meters *m) {
    return m->site;
}

struct reading *meters_reading(struct meters *m, size_t device) {
    return (struct reading *)(void *)(m->readings + device * m->reading_bytes);
}

/* Each device has its place in the first tenth of the second. */
static void fill(struct meters *m, size_t device, size_t meter) {
    const struct device_profile *p = m->site->devices[device].profile;
    struct reading *r = meters_reading(m, device);
    reading_init(r, (uint32_t)device, p->point_count, p->image_registers);
    r->kind = READING_POLL;
    r->utc_ms = gen_ts[meter] - (ms_t)meter * 10 + (ms_t)device / 10;
    for (size_t i = 0; i < p->point_count; i++) {
        const struct point_def *def = &p->points[i];
        if (encode_value(def, gen_val[meter][i], 1.0, reading_registers(r) + def->image_offset) ==
            ERR_OK)
            reading_quality(r)[i] = QUALITY_GOOD;
    }
}

void meters_skip(struct meters *m, int n) {
    m->second += n - 1;
}

void meters_second(struct meters *m, ms_t *ret_ms) {
    double net_w = 0.0;
    m->second++;
    *ret_ms = gen_t0_ms + (ms_t)m->second * 1000;
    for (size_t b = m->bank_count; b-- > 0;) {
        recall(&m->banks[b]);
        gen_second(m->second);
        keep(&m->banks[b]);
        for (size_t i = GEN_METERS; i-- > 0;) {
            size_t device = b * GEN_METERS + i;
            if (device >= m->devices)
                continue;

            double *v = gen_val[i];
            if (device == INCOMER) { /* the last one: sees what the others take and give */
                m->incomer_wh[net_w < 0.0] += fabs(net_w) / 3600.0;
                v[P_TOTAL] = net_w;
                v[E_IMPORT] = floor(m->incomer_wh[0]);
                v[E_EXPORT] = floor(m->incomer_wh[1]);
            }
            net_w += v[P_TOTAL];
            fill(m, device, i);
        }
    }
}
