/* Any bytes as a configuration: the first byte chooses profile (p) or site file. Nothing may crash,
 * hang or leak; a refusal has a message, a site that is accepted can be summed up. The site files
 * of the corpus use the profiles of the unit tests. */
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/profile_load.h"
#include "config/site_draft.h"
#include "config/summary.h"
#include "harness.h"

/* The folder with the unit tests' profiles, from this source file's own path. */
static const char *data_dir(void) {
    static char dir[1024];
    const char *slash = strrchr(__FILE__, '/');
    int folder = slash != NULL ? (int)(slash - __FILE__) : 0;
    snprintf(dir, sizeof dir, "%.*s/../unit/data/config", folder, __FILE__);
    return dir;
}

static void as_site(const char *bytes, size_t n) {
    struct config_errors e;
    struct site *site = NULL;
    config_errors_init(&e);
    int result = load_site_from_memory("fuzz.yaml", bytes, n, data_dir(), &e, &site);
    if (result == ERR_OK) {
        FILE *out = fopen("/dev/null", "w");
        require(out != NULL);
        require(config_summary_print(site, out) == ERR_OK);
        fclose(out);
    } else {
        require(site == NULL && messages_failed(&e) && e.count > 0);
    }
    site_free(site);
    config_errors_free(&e);
}

static void as_profile(const char *bytes, size_t n) {
    struct config_errors e;
    struct arena *arena = arena_new();
    const struct device_profile *profile = NULL;
    config_errors_init(&e);
    struct load l = {NULL, NULL, arena, arena, &e, 0, HASH_START};
    int result = profile_from_memory(&l, "fuzz.yaml", "fuzz", bytes, n, &profile);
    require((result == ERR_OK) == !messages_failed(&e));
    require((result == ERR_OK) == (profile != NULL));
    arena_free(arena);
    config_errors_free(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const char *bytes = (const char *)data + 1;
    if (data[0] == 'p') {
        as_profile(bytes, size - 1);
    } else {
        as_site(bytes, size - 1);
    }
    return 0;
}
