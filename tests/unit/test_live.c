/* The live table: latest values by point, and the site; nothing is known before the first. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "base/err.h"
#include "store/live.h"

static void unknown_before_the_first_sample(void **state) {
    (void)state;
    struct live *l = live_new(2);
    struct sample s = {.value = 7.0};
    struct live_site site;
    assert_false(live_get(l, 0, &s));
    assert_float_equal(s.value, 7.0, 0); /* untouched */
    live_get_site(l, &site);
    assert_int_equal(site.utc_ms, 0);
    assert_int_equal(site.quality, QUALITY_MISSING);
    assert_true(isnan(site.power_kw[SITE_GRID]));
    live_free(l);
}

static void the_latest_sample_is_kept(void **state) {
    (void)state;
    struct live *l = live_new(2);
    struct sample in[] = {{.utc_ms = 1000, .value = 1.5, .point = 1},
                          {.utc_ms = 1000, .value = 9.0, .point = 5}}; /* no such point */
    struct sample out;
    live_put_samples(l, in, 2);
    in[0].value = 2.5;
    live_put_samples(l, in, 1);
    assert_true(live_get(l, 1, &out));
    assert_float_equal(out.value, 2.5, 0);
    assert_false(live_get(l, 0, &out));
    assert_false(live_get(l, 5, &out));
    live_free(l);
}

static void a_reload_forgets_everything(void **state) {
    (void)state;
    struct live *l = live_new(1);
    struct sample s = {.utc_ms = 1000, .value = 1.0};
    struct live_site site = {.utc_ms = 1000, .soc_pct = 50.0};
    live_put_samples(l, &s, 1);
    live_put_site(l, &site);
    live_get_site(l, &site);
    assert_float_equal(site.soc_pct, 50.0, 0);
    assert_int_equal(live_resize(l, 3), ERR_OK);
    assert_false(live_get(l, 0, &s));
    live_get_site(l, &site);
    assert_true(isnan(site.soc_pct));
    s.point = 2;
    live_put_samples(l, &s, 1);
    assert_true(live_get(l, 2, &s));
    live_free(l);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(unknown_before_the_first_sample),
                                       cmocka_unit_test(the_latest_sample_is_kept),
                                       cmocka_unit_test(a_reload_forgets_everything)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
