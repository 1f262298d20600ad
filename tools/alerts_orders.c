#include "alerts_orders.h"

#include <string.h>

#include "commands.h"
#include "control_client.h"

#define MEMBERS_MAX 8

/* How a text of the command line goes into the order. */
enum member_form { MEMBER_TEXT, MEMBER_TIME };

struct member {
    const char *option, *name;
    bool required;
    enum member_form form;
};

#define MUST(option, name)                                                                         \
    { (option), (name), true, MEMBER_TEXT }
#define MAY(option, name)                                                                          \
    { (option), (name), false, MEMBER_TEXT }
#define WHEN                                                                                       \
    { "at", "at", false, MEMBER_TIME }

static const struct form {
    const char *word, *command, *order;
    bool numbered; /* it takes an alert's number */
    struct member members[MEMBERS_MAX];
} forms[] = {
    {"ack", "alerts ack", "alert-ack", true, {MUST("by", "by"), MAY("note", "note")}},
    {"refuse", "alerts refuse", "alert-refuse", true, {MUST("by", "by"), MUST("reason", "note")}},
    {"assign",
     "alerts assign",
     "alert-assign",
     true,
     {MUST("by", "by"), MUST("owner", "owner"), MAY("due", "due"), MAY("note", "note")}},
    {"measure",
     "alerts measure",
     "alert-measure",
     true,
     {MUST("by", "by"), MUST("code", "code"), MUST("text", "text"), WHEN}},
    {"close",
     "alerts close",
     "alert-close",
     true,
     {MAY("verifier", "verifier"), MAY("note", "note")}},
    {"enter",
     "alerts enter",
     "alert-enter",
     false,
     {MUST("by", "by"), MUST("rule", "rule"), MUST("object", "object"), MUST("text", "text"),
      MAY("severity", "severity"), WHEN}},
};

static const struct form *find_form(const char *word) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(word, forms[i].word) == 0)
            return &forms[i];
    return NULL;
}

/* The number of an alert, as it stands in the list. */
static bool add_number(const struct control_call *c, json_t *order) {
    char *end = NULL;
    long id = c->word ? strtol(c->word, &end, 10) : 0;
    return id > 0 && *end == '\0' && json_object_set_new(order, "alert", json_integer(id)) == 0;
}

/* NULL: *ret_status is the exit status after a message, or memory is short. */
static json_t *make_order(const struct control_call *c, const struct form *f,
                          const char *const *values, int *ret_status) {
    json_t *order = json_pack("{s:s}", "cmd", f->order);
    *ret_status = EXIT_OTHER;
    for (size_t i = 0; order && f->members[i].option; i++) {
        const struct member *m = &f->members[i];
        if (!values[i])
            continue;
        json_t *value =
            m->form == MEMBER_TIME ? control_time(c, m->option, values[i]) : json_string(values[i]);
        if (!value && m->form == MEMBER_TIME)
            *ret_status = EXIT_USAGE_ERROR;
        if (json_object_set_new(order, m->name, value) < 0) {
            json_decref(order);
            order = NULL;
        }
    }
    return order;
}

static int send_form(const struct form *f, int argc, char **argv, const char *usage) {
    struct control_call c = {.command = f->command, .takes_word = f->numbered};
    const char *values[MEMBERS_MAX] = {0};
    struct control_option own[MEMBERS_MAX];
    size_t count = 0;
    int status = EXIT_GOOD;
    for (; f->members[count].option; count++)
        own[count] = (struct control_option){f->members[count].option, &values[count],
                                             f->members[count].required};
    if (!control_begin(&c, argc, argv, own, count, usage, &status))
        return status;
    json_t *order = make_order(&c, f, values, &status);
    if (order && f->numbered && !add_number(&c, order)) {
        json_decref(order);
        return control_usage_error(&c, "the number of an alert is missing, as the list shows it",
                                   c.word);
    }
    return order || status == EXIT_OTHER ? control_send(&c, order, false) : status;
}

bool alerts_order(int argc, char **argv, const char *usage, int *ret_status) {
    const struct form *f = find_form(argv[0]);
    if (f)
        *ret_status = send_form(f, argc, argv, usage);
    return f != NULL;
}
