/* Every device with its latest values, how old and how good they are; how complete the month is. */
import { get } from "./api.js";
import { el } from "./dom.js";
import { DASH, age, number, qualityWord } from "./format.js";
import { word } from "./words.js";

const AGAIN_MS = 5000, OLD_POLLS = 5, OLD_MS = 10000;
const opened = new Set();

function valueOf(point) {
  if (point.value === null) return `${DASH} ${point.unit}`;
  const size = Math.abs(point.value);
  return `${number(point.value, size >= 1000 ? 1 : size >= 10 ? 2 : 3)} ${point.unit}`;
}

function newest(device) {
  const times = device.points.filter((p) => p.t).map((p) => Date.parse(p.t));
  return times.length ? Math.max(...times) : null;
}

/* What a device is asked for first: its total power, else its charge, else whatever it has. */
function mainPoint(device) {
  const powers = device.points.filter((p) => p.quantity === "active_power" && p.unit !== "");
  return powers.find((p) => /active_power(\.total)?$/.test(p.id)) || powers[0] || device.points.find((p) => p.quantity === "soc") ||
    device.points.find((p) => p.unit !== "") || device.points[0];
}

function inKilowatts(point) {
  return point.unit === "W" && point.value !== null ? { ...point, unit: "kW", value: point.value / 1000 } : point;
}

function points(device, now) {
  return el("table", { class: "points" }, el("tbody", {}, ...device.points.map((p) => el("tr", { class: p.quality === "good" ? null : "bad" },
    el("th", { scope: "row", text: p.id.slice(device.id.length + 1) }), el("td", { class: "figures", text: valueOf(p) }),
    el("td", { text: p.t ? age(now - Date.parse(p.t)) : DASH }), el("td", { text: qualityWord(p.quality) })))));
}

function row(device, now) {
  const read = newest(device), main = mainPoint(device), quality = main ? main.quality : "missing";
  const old = read === null || now - read > Math.max(OLD_MS, OLD_POLLS * device.poll_ms);
  const details = el("details", { open: opened.has(device.id), ontoggle: (e) => (e.target.open ? opened.add(device.id) : opened.delete(device.id)) },
    el("summary", { text: word("show_points", device.points.length) }), points(device, now));
  return el("tr", { class: old ? "stale" : quality === "good" ? null : "bad" },
    el("th", { scope: "row" }, el("strong", { text: device.name || device.id }), el("br"), el("span", { class: "muted", text: device.id })),
    el("td", { text: word(`role_${device.role}`) }), el("td", { text: `${device.vendor} ${device.model}` }), el("td", { text: `${device.link} / ${device.unit}` }),
    el("td", { class: "figures", text: main ? valueOf(inKilowatts(main)) : DASH }), el("td", { text: read === null ? DASH : age(now - read) }),
    el("td", {}, el("span", { class: `quality ${quality}`, text: qualityWord(old && read !== null ? "stale" : quality) })), el("td", {}, details));
}

function cell(expected, stored) {
  const share = expected ? stored / expected : null;
  const level = share === null ? "none" : share >= 0.999 ? "full" : share >= 0.9 ? "most" : share > 0 ? "some" : "nothing";
  const text = word("expected", expected, stored);
  return el("td", { class: `cell ${level}`, title: text }, el("span", { class: "hidden", text }));
}

/* A day that has not begun expects nothing. */
function heat(answer) {
  const counted = answer.devices.length || 1, slots = answer.days.map((d) => Math.round(d.expected / counted));
  return el("table", { class: "heat" },
    el("thead", {}, el("tr", {}, el("th", { scope: "col", text: word("device") }), ...answer.days.map((d) => el("th", { scope: "col", text: String(Number(d.day.slice(8))) })))),
    el("tbody", {}, ...answer.devices.map((d) => el("tr", {}, el("th", { scope: "row", text: d.id }), ...d.stored_by_day.map((stored, i) => cell(slots[i] ?? 0, stored))))));
}

export async function show(view) {
  const body = el("tbody"), month = el("div", { class: "scroll", tabindex: "0" });
  const columns = ["device", "role", "model", "link", "value", "age", "quality"];
  view.replaceChildren(
    el("section", { class: "card" }, el("h2", { text: word("devices") }), el("div", { class: "scroll", tabindex: "0" }, el("table", { class: "devices" },
      el("thead", {}, el("tr", {}, ...columns.map((key) => el("th", { scope: "col", text: word(key) })), el("td"))), body))),
    el("section", { class: "card" }, el("h2", { text: word("completeness") }), month));
  const read = async () => {
    const answer = await get("devices"), now = Date.parse(answer.t);
    body.replaceChildren(...answer.devices.map((d) => row(d, now)));
  };
  await read();
  month.replaceChildren(heat(await get("completeness")));
  const timer = setInterval(() => read().catch(() => body.querySelectorAll("tr").forEach((r) => r.classList.add("stale"))), AGAIN_MS);
  return () => clearInterval(timer);
}
