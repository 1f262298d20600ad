/* The site now: flow, demand, the day so far, the last quarter of an hour. */
import { NeedsLogin, get } from "./api.js";
import { chart, seriesColours, timeAxes } from "./charts.js";
import { el, setText } from "./dom.js";
import { flow } from "./flow.js";
import { DASH, against, energy, number, percent, power, siteMinute, siteMs } from "./format.js";
import { listen } from "./stream.js";
import { word } from "./words.js";

const KEEP_MS = 15 * 60 * 1000, DAY_MS = 60 * 1000, ALERTS_MS = 5000;
const ROLES = ["grid", "pv", "storage", "load"];
const history = []; /* [t, {role: kW}] of the last minutes, kept from view to view */

export function remember(live) {
  const t = Date.parse(live.t);
  if (history.length && history[history.length - 1][0] >= t) return;
  history.push([t, live.power_kw]);
  while (history.length && history[0][0] < t - KEEP_MS) history.shift();
}

/* Before the stream began: from the store, so that the chart is not empty. */
async function fillHistory() {
  if (history.length > 60) return;
  const to = new Date(), from = new Date(to - KEEP_MS), rows = new Map();
  for (const role of ROLES) {
    const answer = await get("history", { point: `site.${role}.active_power`, from: from.toISOString(), to: to.toISOString(), step: "1m" });
    for (const [start, mean] of answer.rows) rows.set(start, { ...rows.get(start), [role]: mean });
  }
  const first = history.length ? history[0][0] : Infinity;
  const older = [...rows].sort((a, b) => a[0] - b[0]).filter(([t]) => t < first);
  history.unshift(...older);
}

function demandCard() {
  const now = el("output", { class: "big" }), forecast = el("output"), contract = el("output"), left = el("p", { class: "muted" });
  const fill = el("div", { class: "fill" }), mark = el("div", { class: "mark" });
  const gauge = el("div", { class: "gauge", role: "img", "aria-label": word("demand") }, fill, mark);
  const advice = el("p", { class: "advice" });
  const node = el("section", { class: "card demand" }, el("h2", { text: word("demand") }), now, el("p", { class: "muted", text: word("demand_now") }), gauge,
    el("dl", {}, el("dt", { text: word("demand_forecast") }), el("dd", {}, forecast), el("dt", { text: word("contract") }), el("dd", {}, contract)), left, advice);
  return { node, show(live, isLive) {
    const limit = live?.contract_kw, value = isLive ? live.demand_kw : null, ahead = isLive ? live.demand_forecast_kw : null;
    const share = (kw) => (limit && kw !== null && kw !== undefined ? Math.min(1.2, Math.max(0, kw / limit)) / 1.2 : 0);
    setText(now, power(value));
    setText(forecast, power(ahead));
    setText(contract, limit ? power(limit) : word("no_contract"));
    fill.style.width = `${100 * share(value)}%`;
    mark.style.left = `${100 * share(ahead)}%`;
    const worst = limit ? Math.max(value ?? 0, ahead ?? 0) / limit : 0;
    gauge.dataset.level = worst >= 1 ? "critical" : worst >= 0.9 ? "warning" : "good";
    gauge.setAttribute("aria-label", `${word("demand")}: ${power(value)}, ${word("demand_forecast")}: ${power(ahead)}, ${word("contract")}: ${limit ? power(limit) : DASH}`);
    const minutes = live ? 15 - (siteMinute(Date.parse(live.t)) % 15) : null;
    setText(left, isLive ? word("block_left", minutes) : DASH);
    setText(advice, isLive && live.demand_shed_kw > 0 ? word("shed", power(live.demand_shed_kw)) : "\u00a0");
  } };
}

function dayCard() {
  const rows = [["import_kwh", "import"], ["pv_kwh", "pv"], ["cost", null], ["carbon", null]].map(([key]) => {
    const value = el("output", { class: "middle" }), change = el("span", { class: "muted" });
    return { key, value, change, node: el("div", { class: "figure" }, el("h3", { text: word(key) }), value, change) };
  });
  const note = el("p", { class: "muted" });
  const node = el("section", { class: "card today" }, el("h2", { text: word("today") }), el("div", { class: "figures" }, ...rows.map((r) => r.node)), note);
  const put = (i, text, now, before) => {
    setText(rows[i].value, text);
    const change = against(now, before);
    setText(rows[i].change, change ? word("against", change) : word("no_yesterday"));
  };
  return { node, show(answer) {
    const day = answer.day, before = answer.before_until_now, cost = day.cost_cny === null ? null : Number(day.cost_cny);
    put(0, energy(day.energy_kwh.import), day.energy_kwh.import, before.energy_kwh.import);
    put(1, energy(day.energy_kwh.pv), day.energy_kwh.pv, before.energy_kwh.pv);
    put(2, cost === null ? `${DASH} CNY` : `${number(cost, 2)} CNY${day.cost_estimated ? ` (${word("estimated")})` : ""}`, cost, before.cost_cny === null ? null : Number(before.cost_cny));
    put(3, `${day.location_kg === null ? DASH : number(day.location_kg, 0)} kg CO₂`, day.location_kg, before.location_kg);
    setText(note, `${word("coverage", percent(100 * day.coverage, 1))}${day.factor ? ` · ${day.factor}` : ""}`);
  } };
}

function bandStrip() {
  const strip = el("div", { class: "bands", role: "img", "aria-label": word("tariff_day") }), node = el("section", { class: "card" }, el("h2", { text: word("tariff_day") }), strip);
  return { node, show(answer) {
    const bands = answer.tariff_bands, minute = siteMinute(Date.parse(answer.t));
    strip.replaceChildren(...bands.map((band, i) => {
      const end = i + 1 < bands.length ? bands[i + 1].from_min : 1440, current = minute >= band.from_min && minute < end;
      const part = el("div", { class: `band ${band.period}${current ? " current" : ""}`, title: word(band.period) }, el("span", { text: end - band.from_min >= 90 || current ? word(band.period) : "" }));
      part.style.flexGrow = end - band.from_min;
      return part;
    }));
    const at = [...bands].reverse().find((band) => band.from_min <= minute);
    strip.setAttribute("aria-label", at ? `${word("now")}: ${word(at.period)}` : word("no_tariff"));
    if (!bands.length) strip.replaceChildren(el("p", { class: "muted", text: word("no_tariff") }));
  } };
}

function option() {
  const colours = seriesColours(), axes = timeAxes("kW", false);
  const end = history.length ? history[history.length - 1][0] : Date.now();
  Object.assign(axes.xAxis, { min: siteMs(end - KEEP_MS), max: siteMs(end) });
  return { ...axes, series: ROLES.map((role, i) => ({ name: word(role), type: "line", showSymbol: false,
    color: colours[i], lineStyle: { width: 2 }, connectNulls: false, data: history.map(([t, kw]) => [siteMs(t), kw[role] ?? null]) })) };
}

export async function show(view) {
  const picture = flow(), demand = demandCard(), day = dayCard(), bands = bandStrip();
  const soc = el("output", { class: "middle" }), counted = el("output", { class: "middle" }), co2 = el("output", { class: "middle" }), alerts = el("output", { class: "middle", text: DASH });
  const box = el("div", { class: "chart" });
  const small = el("section", { class: "card small" },
    el("div", { class: "figure" }, el("h3", { text: word("soc") }), soc),
    el("div", { class: "figure" }, el("h3", { text: word("devices_online") }), counted),
    el("div", { class: "figure" }, el("h3", { text: "CO₂" }), co2),
    el("a", { class: "figure", href: "#alerts" }, el("h3", { text: word("open_alerts") }), alerts));
  view.replaceChildren(el("div", { class: "live" }, el("section", { class: "card power" }, el("h2", { text: word("flow") }), picture.node), demand.node, small, day.node, bands.node,
    el("section", { class: "card wide" }, el("h2", { text: word("last_minutes") }), box)));
  const readAlerts = async () => {
    const answer = await get("alerts", { state: "open" }), standing = answer.alerts.filter((a) => a.active);
    setText(alerts, String(answer.alerts.length));
    alerts.classList.toggle("advice", standing.some((a) => a.severity === "major" || a.severity === "critical"));
  };
  const readDay = async () => {
    const answer = await get("day");
    day.show(answer);
    bands.show(answer);
  };
  const end = listen((s) => {
    const live = s.live, isLive = s.isLive;
    picture.show(live?.power_kw, isLive);
    demand.show(live, isLive);
    setText(soc, isLive ? percent(live.soc_pct) : DASH);
    setText(counted, isLive ? `${live.devices.online} / ${live.devices.total}` : DASH);
    setText(co2, isLive && live.carbon_kg_h !== null ? `${number(live.carbon_kg_h, 0)} kg/h` : `${DASH} kg/h`);
  });
  const drawn = await chart(box);
  await fillHistory().catch(() => {});
  drawn.set(option());
  const timers = [setInterval(() => drawn.update(option()), 1000), setInterval(() => readDay().catch(() => {}), DAY_MS),
    setInterval(() => readAlerts().catch(() => setText(alerts, DASH)), ALERTS_MS)];
  const leave = () => { end(); timers.forEach(clearInterval); drawn.close(); };
  /* without them the live values go on; the timers ask again */
  const refused = (await Promise.allSettled([readDay(), readAlerts()])).find((r) => r.reason instanceof NeedsLogin);
  if (refused) {
    leave();
    throw refused.reason;
  }
  return leave;
}
