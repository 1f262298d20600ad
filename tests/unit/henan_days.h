/* Henan's day in each month by 豫发改价管〔2024〕283号, one letter an hour: S sharp, P peak, F
 * flat, V valley. Source: a public table of provincial notices; unverified against the official
 * text. */
#ifndef BUSBAR_TESTS_HENAN_DAYS_H
#define BUSBAR_TESTS_HENAN_DAYS_H

#define HENAN_WINTER        "VVVVVVVFFFFFFFFFPSSPPPPP"
#define HENAN_NO_SHARP      "VVVVVVVFFFFFFFFFPPPPPPPP"
#define HENAN_SPRING_AUTUMN "VVVVVVFFFFFVVVFFPPPPPPPP"
#define HENAN_SUMMER        "VVVVVVVFFFFFFFFFPPPPSSSP"

static const char *const henan_days[12] = {
    HENAN_WINTER,        HENAN_NO_SHARP,      HENAN_SPRING_AUTUMN, HENAN_SPRING_AUTUMN,
    HENAN_SPRING_AUTUMN, HENAN_NO_SHARP,      HENAN_SUMMER,        HENAN_SUMMER,
    HENAN_SPRING_AUTUMN, HENAN_SPRING_AUTUMN, HENAN_SPRING_AUTUMN, HENAN_WINTER,
};

/* By 豫发改价管〔2022〕867号, every month (its sharp hours are not known). */
#define HENAN_2022 "VVVVVVVFFFPPPPFFFPPPPFFV"

static inline char period_letter(int period) {
    return period >= 0 && period < 5 ? "SPFVD"[period] : '?';
}

#endif
