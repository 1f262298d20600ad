#include "price_csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define COLUMNS_MAX 16

enum column { COMPONENT, UNIT, MONTH, VERSION, PRICE, STATUS, SOURCE, NOTE, COLUMN_COUNT };

static const struct {
    const char *name;
    bool required;
} columns[COLUMN_COUNT] = {
    [COMPONENT] = {"component", true}, [UNIT] = {"unit", true},   [MONTH] = {"month", true},
    [VERSION] = {"version", true},     [PRICE] = {"price", true}, [STATUS] = {"status", false},
    [SOURCE] = {"source", false},      [NOTE] = {"note", false}};

struct reader {
    struct price_csv *out;
    const char *file;
    FILE *err;
    int line;
    int at[COLUMN_COUNT]; /* position of each column; -1: not there */
    size_t column_count;  /* of the first row */
};

static int complain(struct reader *r, const char *why) {
    fprintf(r->err, "%s:%d: %s\n", r->file, r->line, why);
    return ERR_SYNTAX;
}

/* ---- fields ------------------------------------------------------------------------------ */

static char *trim(char *text) {
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        text[--n] = '\0';
    return text + strspn(text, " \t");
}

/* Takes a field off the line in place; the line is left behind its comma, or NULL at the end. False
 * when quotes do not close. */
static bool take_field(char **line, char **ret) {
    char *in = *line + strspn(*line, " \t");
    if (*in != '"') {
        *ret = *line;
        *line = strchr(*line, ',');
        if (*line)
            *(*line)++ = '\0';
        *ret = trim(*ret);
        return true;
    }
    char *out = *ret = ++in;
    for (; *in != '"' || in[1] == '"'; in++) {
        if (*in == '\0')
            return false;
        in += *in == '"';
        *out++ = *in;
    }
    in += 1 + strspn(in + 1, " \t");
    if (*in != ',' && *in != '\0')
        return false;
    *line = *in == ',' ? in + 1 : NULL;
    *out = '\0';
    return true;
}

/* Number of fields; -1 when there are too many or a quote is left open. */
static int take_fields(char *line, char *fields[COLUMNS_MAX]) {
    int n = 0;
    while (line) {
        if (n == COLUMNS_MAX || !take_field(&line, &fields[n]))
            return -1;
        n++;
    }
    return n;
}

/* ---- rows -------------------------------------------------------------------------------- */

static int read_header(struct reader *r, char *line) {
    static const char shape[] = "the first row must be component,unit,month,version,price,status";
    char *fields[COLUMNS_MAX], why[160];
    int n = take_fields(line, fields);
    for (int i = 0; i < COLUMN_COUNT; i++)
        r->at[i] = -1;
    for (int i = 0; i < n; i++) {
        int c = 0;
        while (c < COLUMN_COUNT && strcmp(fields[i], columns[c].name) != 0)
            c++;
        if (c == COLUMN_COUNT || r->at[c] >= 0) {
            snprintf(why, sizeof why, "column \"%.40s\" is %s; %s", fields[i],
                     c == COLUMN_COUNT ? "not known" : "there twice", shape);
            return complain(r, why);
        }
        r->at[c] = i;
    }
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if (!columns[c].required || r->at[c] >= 0)
            continue;
        snprintf(why, sizeof why, "column %s is missing; %s", columns[c].name, shape);
        return complain(r, why);
    }
    r->column_count = (size_t)n;
    return ERR_OK;
}

/* Digits only; 0 for anything else, which no version is. */
static int64_t read_version(const char *text) {
    const size_t n = strlen(text);
    if (n < 1 || n > 10 || strspn(text, "0123456789") != n)
        return 0;
    return strtoll(text, NULL, 10);
}

static const struct price_line *find_same(const struct price_csv *p, const struct price_row *row) {
    for (size_t i = 0; i < p->count; i++) {
        const struct price_row *other = &p->rows[i].row;
        if (other->month == row->month && other->component == row->component &&
            other->version == row->version)
            return &p->rows[i];
    }
    return NULL;
}

static int check_row(struct reader *r, char *line, struct price_line *ret) {
    char *fields[COLUMNS_MAX], why[ORDER_WHY_MAX];
    int n = take_fields(line, fields);
    if (n < 0)
        return complain(r, "a quote is not closed, or there are too many fields");
    if ((size_t)n != r->column_count) {
        snprintf(why, sizeof why,
                 "%d fields, but the first row names %zu; write decimals with a "
                 "point, not a comma",
                 n, r->column_count);
        return complain(r, why);
    }
    const char *version = fields[r->at[VERSION]];
    const char *status = r->at[STATUS] >= 0 ? fields[r->at[STATUS]] : "";
    const struct price_text t = {.month = fields[r->at[MONTH]],
                                 .component = fields[r->at[COMPONENT]],
                                 .unit = fields[r->at[UNIT]],
                                 .price = fields[r->at[PRICE]],
                                 .status = *status != '\0' ? status : NULL,
                                 .version = read_version(version)};
    if (t.version == 0) {
        snprintf(why, sizeof why, "version \"%.40s\" is none; count from 1", version);
        return complain(r, why);
    }
    ret->line = r->line;
    ret->text = t;
    if (order_price_row(&t, &ret->row, why, sizeof why) < 0)
        return complain(r, why);
    const struct price_line *same = find_same(r->out, &ret->row);
    if (!same)
        return ERR_OK;
    snprintf(why, sizeof why,
             "the same month, component and version as line %d; give a corrected price the next "
             "version",
             same->line);
    return complain(r, why);
}

static int add_row(struct reader *r, char *line) {
    struct price_csv *p = r->out;
    struct price_line row = {0};
    if (check_row(r, line, &row) < 0) {
        p->wrong++;
        return ERR_OK;
    }
    if (p->count == PRICE_ROWS_MAX) {
        complain(r, "a file has at most 5000 rows; split it");
        return ERR_LIMIT;
    }
    p->rows[p->count++] = row;
    return ERR_OK;
}

/* ---- the file ---------------------------------------------------------------------------- */

static int load(struct reader *r) {
    FILE *f = fopen(r->file, "rb");
    size_t n = 0;
    int rc = ERR_IO;
    if (f) {
        n = fread(r->out->memory, 1, PRICE_CSV_MAX + 1, f);
        rc = ferror(f) ? ERR_IO : ERR_OK;
    }
    if (rc < 0)
        fprintf(r->err, "%s: cannot be read: %s; check its name and rights\n", r->file,
                strerror(errno));
    if (f)
        fclose(f);
    if (rc == ERR_OK && n > PRICE_CSV_MAX) {
        fprintf(r->err, "%s: larger than 1 MiB; split it\n", r->file);
        rc = ERR_LIMIT;
    }
    if (rc == ERR_OK && memchr(r->out->memory, '\0', n)) {
        fprintf(r->err, "%s: is no text (UTF-16?); save it as csv in UTF-8\n", r->file);
        rc = ERR_SYNTAX;
    }
    r->out->memory[n] = '\0';
    return rc;
}

static int read_lines(struct reader *r) {
    static const char mark[] = "\xEF\xBB\xBF";
    char *next = r->out->memory;
    bool header = false;
    int rc = ERR_OK;
    if (strncmp(next, mark, sizeof mark - 1) == 0)
        next += sizeof mark - 1;
    while (rc == ERR_OK && next) {
        char *line = next;
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        r->line++;
        line[strcspn(line, "\r")] = '\0';
        if (line[strspn(line, " \t,")] == '\0' || *line == '#')
            continue;
        rc = header ? add_row(r, line) : read_header(r, line);
        header = true;
    }
    if (rc == ERR_OK && !header)
        rc = complain(r, "the file is empty");
    return rc;
}

int price_csv_read(struct price_csv *p, const char *file, FILE *err) {
    struct reader r = {.out = p, .file = file, .err = err};
    *p = (struct price_csv){.memory = malloc(PRICE_CSV_MAX + 2),
                            .rows = calloc(PRICE_ROWS_MAX, sizeof *p->rows)};
    if (!p->memory || !p->rows)
        return ERR_NOMEM;
    int rc = load(&r);
    return rc < 0 ? rc : read_lines(&r);
}

void price_csv_free(struct price_csv *p) {
    free(p->memory);
    free(p->rows);
    *p = (struct price_csv){0};
}
