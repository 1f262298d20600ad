/* Site texts with accounts, for the tests of their values and of their mistakes. */
#ifndef BUSBAR_TESTS_ACCOUNT_TEXTS_H
#define BUSBAR_TESTS_ACCOUNT_TEXTS_H

/* Two incomers with a check meter each, a feeder, a hybrid that sees the first incomer. */
#define DEVICES                                                                                    \
    "links: [{id: l, tcp: 127.0.0.1}]\n"                                                           \
    "devices:\n"                                                                                   \
    "  - {id: grid1, link: l, unit: 1, profile: meter4q, role: grid}\n"                            \
    "  - {id: grid2, link: l, unit: 2, profile: meter, role: grid}\n"                              \
    "  - {id: check1, link: l, unit: 3, profile: meter, role: grid, parent: grid1}\n"              \
    "  - {id: check2, link: l, unit: 4, profile: meter, role: grid, counted: false}\n"             \
    "  - {id: load1, link: l, unit: 5, profile: meter, role: load}\n"                              \
    "  - {id: hybrid, link: l, unit: 6, profile: hybrid, role: storage, parent: grid1}\n"          \
    "  - {id: tie, link: l, unit: 7, profile: meter, role: tie}\n"                                 \
    "  - {id: pv, link: l, unit: 8, profile: inverter, role: pv}\n"

static const char two[] =
    "accounts:\n"
    "  - id: main\n"
    "    account_no: \"4108\"\n"
    "    billing: actual_demand\n"
    "    contract_demand: [{from: 2026-01-01, kw: 3200}, {from: 2026-07-01, kw: 3000}]\n"
    "    demand_combination: coincident\n"
    "    billing_day: 26\n"
    "    pf_standard: 0.85\n"
    "    pf_reactive: [q1, q2, q3]\n"
    "    tariff: own-2024\n"
    "    transformers:\n"
    "      - {id: t1, kva: 2500, p0_w: 2600, pk_w: 22000, device: load1}\n"
    "      - {id: t2, kva: 1500, device: tie}\n"
    "    metering_points:\n"
    "      - {id: p1, point_no: \"77\", device: grid1, check_device: check1, standby: true,\n"
    "         line_no: \"10-3\", line_limit_kva: 6000}\n"
    "  - id: dorm\n"
    "    transformers: [{id: t3, kva: 630}]\n"
    "    metering_points: [{id: p2, device: grid2, check_device: check2}]\n"
    "site: {id: demo, district: area-1, tariff: site-2024}\n" DEVICES;

#endif
