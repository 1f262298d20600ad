#include "app/settings.h"

#include "base/err.h"

#define FULL_SCALE   32768.0f
#define RAD_PER_CDEG 1.7453293e-4f

static const struct {
    int32_t standard;
    int32_t least;
    int32_t greatest;
} limits[SETTING_COUNT] = {
#define X(suffix, name, unit, standard, least, greatest)                                           \
    [SETTING_##suffix] = {standard, least, greatest},
    SETTING_LIST(X)
#undef X
};

static const uint16_t bauds[] = {12, 24, 48, 96, 192, 384, 576, 1152};

void settings_default(struct settings *s) {
    for (int i = 0; i < SETTING_COUNT; i++)
        s->word[i] = (uint16_t)limits[i].standard;
}

static int32_t meaning(enum setting which, uint16_t word) {
    return limits[which].least < 0 ? (int32_t)(int16_t)word : (int32_t)word;
}

int32_t settings_get(const struct settings *s, enum setting which) {
    return meaning(which, s->word[which]);
}

bool settings_fits(enum setting which, uint16_t word) {
    const int32_t value = meaning(which, word);
    if (which == SETTING_BAUD) {
        bool known = false;
        for (unsigned i = 0; i < sizeof bauds / sizeof bauds[0]; i++)
            known = known || bauds[i] == word;
        return known;
    }
    return value >= limits[which].least && value <= limits[which].greatest;
}

void settings_encode(const struct settings *s, uint8_t out[SETTINGS_BYTES]) {
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        out[2 * i] = (uint8_t)(s->word[i] >> 8);
        out[2 * i + 1] = (uint8_t)s->word[i];
    }
}

int settings_decode(const uint8_t bytes[SETTINGS_BYTES], struct settings *ret_settings) {
    struct settings s;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        s.word[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
        if (!settings_fits((enum setting)i, s.word[i]))
            return ERR_RANGE;
    }
    *ret_settings = s;
    return ERR_OK;
}

static float get(const struct settings *s, int which) {
    return (float)settings_get(s, (enum setting)which);
}

void settings_calibration(const struct settings *s, struct calibration *cal) {
    const float pt = 10.0f * get(s, SETTING_PT_PRIMARY) / get(s, SETTING_PT_SECONDARY);
    const float ct = 1000.0f * get(s, SETTING_CT_PRIMARY) / get(s, SETTING_CT_SECONDARY);
    for (int c = 0; c < CHANNEL_COUNT; c++) {
        const float ratio = c <= CHANNEL_U3 ? pt * SAMPLE_FULL_V : ct * SAMPLE_FULL_A;
        cal->scale[c] = ratio / FULL_SCALE * (1.0f + 1e-5f * get(s, SETTING_GAIN_U1 + c));
    }
    for (int p = 0; p < PHASES; p++)
        cal->lead_rad[p] = RAD_PER_CDEG * get(s, SETTING_LEAD_L1 + p);
}

float settings_no_load_w(const struct settings *s) {
    return 1e-5f * get(s, SETTING_NO_LOAD) * get(s, SETTING_CT_PRIMARY) *
           get(s, SETTING_PT_PRIMARY);
}
