/* What the web server reads besides what its library does: a Host header (any bytes), and a member
 * of a body. What is cut out lies inside the text; a host with a control byte or a sign of another
 * part of an address is never this box. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "web/address.h"
#include "web/member.h"

static void check_host(const char *text) {
    struct address a;
    bool here = address_host_is_loopback(text);
    if (address_parse(text, &a) == ERR_OK)
        require(a.loopback == here); /* with a port both say the same */
    for (const char *c = text; here && *c; c++)
        require(*c > ' ' && *c < 0x7f && !strchr("/@?#\\%\"'<>", *c));
}

static void check_member(const char *text, size_t size, const char *name) {
    const char *value;
    size_t n;
    if (!member_find(text, size, name, &value, &n))
        return;
    size_t at = (size_t)(value - text);
    require(at >= strlen(name) + 4 && at + n < size);
    require(text[at - 1] == ':' && text[at - 2] == '"');
    require(memcmp(text + at - 2 - strlen(name), name, strlen(name)) == 0);
    require(strchr(",}]", text[at + n]) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1); /* a read behind the end is seen */
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    check_host(text);
    free(text);
    check_member((const char *)data, size, "v");
    check_member((const char *)data, size, "demand");
    return 0;
}
