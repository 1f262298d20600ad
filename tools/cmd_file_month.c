/* `busbar file-month`: freezes a month that was reported. */
#include <stdio.h>

#include "commands.h"
#include "control_client.h"

static const char usage[] =
    "usage: busbar file-month --config FILE --month YYYY-MM --by NAME\n"
    "\n"
    "Marks a month as filed: its figures were reported and are not changed any more, neither by\n"
    "new prices and factors nor by late readings.\n"
    "\n"
    "  --month YYYY-MM  a past month such as 2026-10\n"
    "  --by NAME        who files it; kept with the month\n" CONTROL_HELP;

int cmd_file_month(int argc, char **argv) {
    struct control_call c = {.command = "file-month"};
    const char *month = NULL, *by = NULL;
    const struct control_option own[] = {{"month", &month, true}, {"by", &by, true}};
    int status = EXIT_GOOD;
    if (!control_begin(&c, argc, argv, own, 2, usage, &status))
        return status;
    return control_send(
        &c, json_pack("{s:s, s:s, s:s}", "cmd", "file-month", "month", month, "by", by), false);
}
