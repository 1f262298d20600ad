#include "alert/rules.h"

#include <string.h>

#define HOUR_S 3600u

/* How often values come. */
#define EACH_SECOND  (10u * MS_PER_S) /* a store that is slow to write may hold a second up */
#define AT_ONCE      (3u * MS_PER_S)
#define EACH_QUARTER (20u * MS_PER_MIN)
#define EACH_HOUR    (90u * MS_PER_MIN)
#define EACH_DAY     (26u * 60 * MS_PER_MIN)
#define EACH_MONTH   (32u * 24 * 60 * MS_PER_MIN)

#define INFO(...)                                                                                  \
    { .severity = ALERT_INFO, __VA_ARGS__ }
#define WARNING(...)                                                                               \
    { .severity = ALERT_WARNING, __VA_ARGS__ }
#define MAJOR(...)                                                                                 \
    { .severity = ALERT_MAJOR, __VA_ARGS__ }
#define CRITICAL(...)                                                                              \
    { .severity = ALERT_CRITICAL, __VA_ARGS__ }
#define LEVEL(r, c, hold, relief) .raise = r, .clear = c, .hold_s = hold, .clear_s = relief
/* side, whether a value at the limit raises, number of levels, levels */
#define LIMITS(s, at, n, ...)                                                                      \
    .limits = {                                                                                    \
        .enabled = true, .side = s, .inclusive = at, .level_count = n, .levels = {__VA_ARGS__}}
#define ABOVE 1
#define BELOW (-1)

/* What a value means is said beside each rule; docs/alerts.md says it at length, with the sources.
 * "0/1": 1 while the condition holds. */
static const struct alert_rule rules[ALERT_RULES] = {
    /* sliding demand in % of the contract */
    [ALERT_DEMAND_NEAR] = {"A01", OBJECT_ACCOUNT, "%", "shed_load", "需量接近合同需量",
                           "Demand near the contract", "错峰启停负荷，储能放电",
                           "Stagger loads, discharge the storage", EACH_SECOND,
                           LIMITS(ABOVE, true, 3, WARNING(LEVEL(90, 85, 60, 60)),
                                  MAJOR(LEVEL(100, 95, 60, 60)),
                                  CRITICAL(LEVEL(105, 100, 60, 60)))},
    /* forecast of the block's demand in % of the contract; in the block's first five minutes 0, or
     * unknown while the power is above the clear limit */
    [ALERT_DEMAND_FORECAST] = {"A02", OBJECT_ACCOUNT, "%", "shed_load", "需量预测越限",
                               "Demand will overshoot the contract",
                               "按所列千瓦数削减负荷，先减大的可调馈线",
                               "Shed the kilowatts named, the large flexible feeders first",
                               EACH_SECOND,
                               LIMITS(ABOVE, false, 2, WARNING(LEVEL(100, 98, 30, 30)),
                                      CRITICAL(LEVEL(105, 103, 30, 30)))},
    /* load in % of the rating */
    [ALERT_TRANSFORMER_LOAD] = {"A03", OBJECT_TRANSFORMER, "%", "relieve_transformer",
                                "变压器重过载", "Transformer heavily loaded or overloaded",
                                "转移负荷，储能放电", "Transfer load, discharge the storage",
                                EACH_SECOND,
                                LIMITS(ABOVE, true, 2, WARNING(LEVEL(80, 75, 900, 900)),
                                       CRITICAL(LEVEL(100, 95, 300, 300)))},
    /* mean load of 7 days in % of the rating, each day */
    [ALERT_TRANSFORMER_IDLE] = {"A04", OBJECT_TRANSFORMER, "%", "reduce_capacity", "变压器轻载",
                                "Transformer hardly loaded", "合并运行，暂停容量，或改变计费方式",
                                "Merge, suspend capacity, or change the billing mode", EACH_DAY,
                                LIMITS(BELOW, false, 1, INFO(LEVEL(20, 25, 0, 0)))},
    /* power factor of 15 minutes less the account's standard */
    [ALERT_POWER_FACTOR] = {"A05", OBJECT_POINT, "", "compensate", "功率因数低", "Low power factor",
                            "投入电容器，或由逆变器提供无功",
                            "Switch capacitors in, or let inverters give kvar", EACH_SECOND,
                            LIMITS(BELOW, false, 1, WARNING(LEVEL(0, 0.02, 1800, 1800)))},
    /* power factor of the month to date, rounded to hundredths, less the standard; from the 6th day
     * on, each day */
    [ALERT_MONTH_POWER_FACTOR] = {"A06", OBJECT_ACCOUNT, "", "compensate", "当月功率因数低于标准",
                                  "Month's power factor below the standard",
                                  "检修无功补偿，核算力调电费",
                                  "Mend the compensation; see what the adjustment costs", EACH_DAY,
                                  LIMITS(BELOW, false, 1, WARNING(LEVEL(0, 0, 0, 0)))},
    /* reactive power in % of the capacity, lagging > 0, while power is drawn */
    [ALERT_OVER_COMPENSATION] = {"A07", OBJECT_POINT, "%", "cut_capacitors", "无功倒送",
                                 "Over-compensation", "切除电容器（倒送无功计入力调考核）",
                                 "Cut capacitors out (what flows back counts as kvarh)",
                                 EACH_SECOND,
                                 LIMITS(BELOW, false, 1, WARNING(LEVEL(-5, -2, 900, 900)))},
    /* how far the 10-minute mean lies outside the limits of its voltage class, in points of the
     * nominal voltage; 3 and more where it lies outside +-10 % */
    [ALERT_VOLTAGE] = {"A08", OBJECT_POINT, "%", "adjust_voltage", "电压偏差超限",
                       "Voltage outside its limits", "调整变压器分接头，报告供电公司",
                       "Change the tap; report it to the utility", EACH_SECOND,
                       LIMITS(ABOVE, false, 2, WARNING(LEVEL(0, -0.5, 0, 0)),
                              CRITICAL(LEVEL(3, 2.5, 0, 0)))},
    /* negative-sequence unbalance, 10-minute mean */
    [ALERT_VOLTAGE_UNBALANCE] = {"A09", OBJECT_POINT, "%", "balance_phases", "电压不平衡",
                                 "Voltage unbalance", "调整单相负荷的相别",
                                 "Move single-phase load to other phases", EACH_SECOND,
                                 LIMITS(ABOVE, false, 2, WARNING(LEVEL(2, 1.6, 600, 600)),
                                        CRITICAL(LEVEL(4, 3.6, 60, 60)))},
    /* the greater of the unbalance of the phase currents and 0.6 x the neutral current in % of the
     * rated one */
    [ALERT_CURRENT_UNBALANCE] = {"A10", OBJECT_POINT, "%", "balance_phases",
                                 "电流不平衡或中性线电流大", "Current unbalance or neutral current",
                                 "重新分配各相负荷", "Rebalance the phases", EACH_SECOND,
                                 LIMITS(ABOVE, false, 1, WARNING(LEVEL(15, 12, 1800, 1800)))},
    /* distance from 50 Hz */
    [ALERT_FREQUENCY] = {"A11", OBJECT_SITE, "Hz", "inform_grid", "频率偏差", "Frequency deviation",
                         "通知电网调度，确认是否孤网运行",
                         "Inform the grid; check whether the site is islanded", EACH_SECOND,
                         LIMITS(ABOVE, false, 2, WARNING(LEVEL(0.2, 0.15, 60, 60)),
                                CRITICAL(LEVEL(0.5, 0.4, 10, 10)))},
    /* voltage distortion less the limit of its voltage class, in points */
    [ALERT_HARMONICS] = {"A12", OBJECT_POINT, "%", "filter_harmonics", "谐波超限",
                         "Harmonics above the limit", "加装滤波装置，查找谐波源",
                         "Filter; find the source", EACH_SECOND,
                         LIMITS(ABOVE, false, 1, WARNING(LEVEL(0, -0.5, 600, 600)))},
    /* power in % of the PV rating, import > 0, where export is barred */
    [ALERT_BACK_FEED] = {"A13", OBJECT_POINT, "%", "limit_pv", "反送电", "Back-feed",
                         "限制光伏出力，储能充电", "Limit the PV, charge the storage", AT_ONCE,
                         LIMITS(BELOW, false, 2, WARNING(LEVEL(-2, 0, 5, 5)),
                                CRITICAL(LEVEL(-5, 0, 2, 2)))},
    /* smallest margin of the month's three shares to the policy, in points, each day */
    [ALERT_SELF_USE] = {"A14", OBJECT_SITE, "%", "shift_load", "自发自用比例低于政策要求",
                        "Self-use below the policy", "负荷移至午间，提高储能利用",
                        "Shift load to noon, use the storage more", EACH_DAY,
                        LIMITS(BELOW, false, 1, WARNING(LEVEL(0, 1, 0, 0)))},
    /* hour's performance in % of the usual, at G >= 300 W/m2; without irradiance scaled so that 85
     * % of the peers is 80 */
    [ALERT_PV_PERFORMANCE] = {"A15", OBJECT_FEED, "%", "inspect_pv", "光伏出力偏低",
                              "PV under-performance", "清洗组件，检查组串",
                              "Clean, inspect the strings", EACH_HOUR,
                              LIMITS(BELOW, false, 1,
                                     WARNING(LEVEL(80, 90, 2 * HOUR_S, 2 * HOUR_S)))},
    /* power in % of the rating while the sun shines or the peers produce */
    [ALERT_PV_DEAD] = {"A16", OBJECT_FEED, "%", "inspect_pv", "白天光伏无出力",
                       "PV without output by day", "检查逆变器和断路器",
                       "Check the inverter and its breaker", EACH_SECOND,
                       LIMITS(BELOW, false, 1, MAJOR(LEVEL(1, 2, 900, 900)))},
    /* discharge in % of the rating in peak and sharp periods while it could discharge; else 100 */
    [ALERT_STORAGE_IDLE] = {"A17", OBJECT_FEED, "%", "discharge_storage", "峰段储能闲置",
                            "Storage idle in the peak", "启动放电计划",
                            "Start the discharge schedule", EACH_SECOND,
                            LIMITS(BELOW, false, 1, WARNING(LEVEL(5, 10, 1800, 1800)))},
    /* charge in % of the rating in the valley's last hour while the SOC is short; else 100 */
    [ALERT_VALLEY_NOT_CHARGED] = {"A18", OBJECT_FEED, "%", "charge_storage", "谷段未充电",
                                  "Valley passes uncharged", "立即开始充电", "Start charging",
                                  EACH_SECOND,
                                  LIMITS(BELOW, false, 1, WARNING(LEVEL(5, 5, 300, 300)))},
    /* charge that no PV surplus covers in % of the rating, in peak and sharp periods; else 0 */
    [ALERT_CHARGING_IN_PEAK] = {"A19", OBJECT_FEED, "%", "fix_schedule", "峰段充电",
                                "Charging in the peak", "修正充放电计划或时钟",
                                "Mend the schedule or its clock", EACH_SECOND,
                                LIMITS(ABOVE, false, 1, WARNING(LEVEL(5, 1, 300, 300)))},
    /* the worst of its signs: 100 at a limit, 160 a fault bit, 200 at 55 degC; a whole-number
     * register stands at its limit for hours, so beyond it */
    [ALERT_STORAGE_HEALTH] = {"A20", OBJECT_DEVICE, "%", "check_storage", "储能健康异常",
                              "Storage health", "按厂家规程处理", "Follow the maker's procedure",
                              EACH_SECOND,
                              LIMITS(ABOVE, false, 3, WARNING(LEVEL(100, 95, 60, 60)),
                                     MAJOR(LEVEL(150, 145, 60, 60)),
                                     CRITICAL(LEVEL(200, 195, 60, 60)))},
    /* night's mean in % of the median of 14 such nights; where 20 kW are more than 30 % of it,
     * scaled so that 20 kW more are 130 */
    [ALERT_NIGHT_LOAD] = {"A21", OBJECT_SITE, "%", "find_night_load", "夜间基荷异常",
                          "Abnormal night base load", "逐一核查增长的馈线",
                          "Look into the feeders that grew", EACH_DAY,
                          LIMITS(ABOVE, false, 1, WARNING(LEVEL(130, 130, 0, 0)))},
    /* polls that read the same in % of 60, or time without energy in % of half an hour */
    [ALERT_METER_STUCK] = {"A22", OBJECT_DEVICE, "%", "check_meter", "表计死值", "Meter stuck",
                           "检查表计和通信总线", "Check the meter and its bus", EACH_SECOND,
                           LIMITS(ABOVE, true, 1, MAJOR(LEVEL(100, 50, 0, 0)))},
    /* silence in % of what is allowed (3 polls, at least 60 s); the link to the platform (object
     * site): % of 5 minutes */
    [ALERT_DATA_GAP] = {"A23", OBJECT_DEVICE, "%", "restore_data", "数据中断", "Data gap",
                        "检查电源、总线和地址", "Check power, bus and address", EACH_SECOND,
                        LIMITS(ABOVE, true, 1, MAJOR(LEVEL(100, 50, 0, 0)))},
    /* |residual| in % of the load, or of a tenth of the capacity where that is more: of each
     * quarter; for some quarters after its end that of a day, scaled so that 3 % of it is 5 */
    [ALERT_BALANCE] = {"A24", OBJECT_SITE, "%", "check_metering", "电量不平衡",
                       "Energy balance residual", "核对互感器变比、极性和未计量馈线",
                       "Look for a wrong CT, sign, ratio, unmetered feeder", EACH_QUARTER,
                       LIMITS(ABOVE, false, 1, WARNING(LEVEL(5, 3, 900, 900)))},
    /* 0/1: 1 at a reset, a roll-over, a jump, a suspect value */
    [ALERT_REGISTER] = {"A25", OBJECT_DEVICE, "", "confirm_meter", "表码异常", "Register anomaly",
                        "确认是否换表，录入表底数", "Confirm a change of meter; enter its readings",
                        EACH_SECOND, LIMITS(ABOVE, false, 1, WARNING(LEVEL(0.5, 0.5, 0, 60)))},
    /* magnitude of the clock's offset */
    [ALERT_CLOCK] = {"A26", OBJECT_SITE, "s", "fix_clock", "时钟误差", "Clock error",
                     "检查对时服务", "Mend the time service", EACH_SECOND,
                     LIMITS(ABOVE, false, 2, WARNING(LEVEL(1, 0.5, 3, 3)),
                            CRITICAL(LEVEL(5, 4, 3, 3)))},
    /* tCO2 of the month to date in % of the budget's elapsed share, each day */
    [ALERT_CARBON_BUDGET] = {"A27", OBJECT_SITE, "%", "save_carbon", "碳预算进度超前",
                             "Carbon budget pace", "查看电网、光伏损失和峰段的贡献",
                             "See what drives it: grid, PV lost, peak", EACH_DAY,
                             LIMITS(ABOVE, false, 1, WARNING(LEVEL(110, 100, 0, 0)))},
    /* power in % of the rating in a sharp period; else 0 */
    [ALERT_FLEXIBLE_IN_SHARP] = {"A28", OBJECT_FEED, "%", "shift_load", "尖峰时段可调负荷运行",
                                 "Flexible load in a sharp period", "移至平段或谷段运行",
                                 "Move it to flat or valley", EACH_SECOND,
                                 LIMITS(ABOVE, false, 1, WARNING(LEVEL(20, 5, 900, 900)))},
    /* what the other billing mode would have saved in each of three months at least, in % */
    [ALERT_BILLING_MODE] = {"A29", OBJECT_ACCOUNT, "%", "change_billing", "计费方式建议",
                            "Billing mode", "向供电公司申请变更计费方式",
                            "Change the mode at the utility", EACH_MONTH,
                            LIMITS(ABOVE, false, 1, INFO(LEVEL(0, 0, 0, 0)))},
};

const struct alert_rule *alert_rule(enum alert_rule_id id) {
    return &rules[id];
}

bool alert_rule_find(const char *code, enum alert_rule_id *ret) {
    for (size_t i = 0; i < ALERT_RULES; i++)
        if (strcmp(rules[i].code, code) == 0) {
            *ret = (enum alert_rule_id)i;
            return true;
        }
    return false;
}
