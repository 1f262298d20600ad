/* Records and events: the bodies that the platform gets, or the main columns of them as csv. */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "calc/balance.h"
#include "commands.h"
#include "export.h"
#include "format/record.h"

#define BATCH 256

void export_csv_text(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* What stands in a body under a key; nothing for null and what is not there. */
static void put_member(FILE *out, const json_t *object, const char *key) {
    const json_t *v = json_object_get(object, key);
    char number[64];
    struct buf b;
    if (json_is_string(v)) {
        export_csv_text(out, json_string_value(v));
    } else if (json_is_integer(v)) {
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
    } else if (json_is_real(v)) {
        buf_init(&b, number, sizeof number);
        buf_put_decimal(&b, json_real_value(v), 6);
        fputs(b.data, out);
    }
}

static const char *const record_columns[] = {"period",   "start",   "end",  "revision",
                                             "coverage", "quality", "cause"};
static const char *const event_columns[] = {"at",    "event",     "object", "severity", "state",
                                            "value", "threshold", "unit",   "note"};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void put_columns(FILE *out, const json_t *body, const char *const *columns, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            fputc(',', out);
        put_member(out, body, columns[i]);
    }
}

static void put_header(FILE *out, bool events) {
    size_t count = events ? COUNT(event_columns) : COUNT(record_columns);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? "," : "", (events ? event_columns : record_columns)[i]);
    for (int i = 0; !events && i < SITE_POWER_COUNT; i++)
        for (int k = 0; k < 3; k++) {
            static const char *const stats[] = {"avg", "min", "max"};
            fprintf(out, ",%s_kw_%s", site_power_str((enum site_power)i), stats[k]);
        }
    for (int i = 0; !events && i < SITE_ENERGY_COUNT; i++)
        fprintf(out, ",%s_kwh", site_energy_str((enum site_energy)i));
    fputc('\n', out);
}

static void put_record(FILE *out, const json_t *body) {
    put_columns(out, body, record_columns, COUNT(record_columns));
    const json_t *powers = json_object_get(body, "power_kw");
    for (int i = 0; i < SITE_POWER_COUNT; i++) {
        const json_t *power = json_object_get(powers, site_power_str((enum site_power)i));
        static const char *const stats[] = {"avg", "min", "max"};
        for (size_t k = 0; k < COUNT(stats); k++) {
            fputc(',', out);
            put_member(out, power, stats[k]);
        }
    }
    const json_t *energies = json_object_get(body, "energy_kwh");
    for (int i = 0; i < SITE_ENERGY_COUNT; i++) {
        fputc(',', out);
        put_member(out, energies, site_energy_str((enum site_energy)i));
    }
    fputc('\n', out);
}

static int put_csv(FILE *out, const struct buf *b, bool events) {
    json_t *body = json_loadb(b->data, b->len, 0, NULL);
    if (!body)
        return ERR_CORRUPT;
    if (events) {
        put_columns(out, body, event_columns, COUNT(event_columns));
        fputc('\n', out);
    } else {
        put_record(out, body);
    }
    json_decref(body);
    return ERR_OK;
}

static int put_row(const struct export_job *job, const struct outbox_row *row, bool events,
                   struct buf *b) {
    if (job->csv && row->part > 1)
        return ERR_OK; /* the first part has all columns */
    int err = reader_body(job->reader, row, b);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* thinned by the budget */
    if (err < 0)
        return err;
    if (job->csv)
        return put_csv(job->out, b, events);
    buf_putc(b, '\n');
    return buf_ok(b) && fwrite(b->data, 1, b->len, job->out) == b->len ? ERR_OK : ERR_IO;
}

int export_messages(const struct export_job *job, bool events) {
    static char memory[BODY_MAX + 16];
    struct outbox_row rows[BATCH];
    struct buf b;
    unsigned all = (1u << (OUTBOX_RECORD_BILL + 1)) - 1, event = 1u << OUTBOX_EVENT;
    unsigned kinds = events ? event : all & ~event;
    uint64_t after = 0;
    int n = BATCH, err = ERR_OK;
    buf_init(&b, memory, sizeof memory);
    if (job->csv)
        put_header(job->out, events);
    while (err == ERR_OK && n == BATCH) {
        n = reader_range(job->reader, kinds, job->from, job->to, after, rows, BATCH);
        err = n < 0 ? n : ERR_OK;
        for (int i = 0; err == ERR_OK && i < n; i++) {
            err = put_row(job, &rows[i], events, &b);
            after = rows[i].seq;
        }
    }
    if (err == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr, "busbar export: %s: cannot read on: %s; check the disk and the output\n",
            job->db, err_str(err));
    return EXIT_IO_ERROR;
}
