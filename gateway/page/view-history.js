/* Any series over a span, with the span before behind it; gaps stay gaps. */
import { get } from "./api.js";
import { chart, colour, timeAxes } from "./charts.js";
import { el, setText } from "./dom.js";
import { siteMs } from "./format.js";
import { word } from "./words.js";

const HOUR = 3600e3, DAY = 24 * HOUR;
const SPANS = [["last_hour", HOUR], ["last_day", DAY], ["last_week", 7 * DAY], ["last_month", 31 * DAY], ["last_year", 366 * DAY]];
const SUMS = ["site.grid.active_power", "site.pv.active_power", "site.storage.active_power", "site.load.active_power",
  "site.import.energy", "site.pv.energy", "site.load.energy", "site.soc"];
const STEP_MS = { raw: 0, "1m": 60e3, "15m": 900e3, "1h": HOUR, "1d": DAY, "1mo": 31 * DAY };
const FEW = 40; /* points that a line alone would hide */
const chosen = { point: SUMS[0], span: "last_day", compare: false };

/* A slot that has no row is a gap in the line, not a bridge. */
function withGaps(answer, shift) {
  const step = STEP_MS[answer.step] || 5000, out = [];
  let before = null;
  for (const row of answer.rows) {
    if (before !== null && row[0] - before > 1.5 * step) out.push([siteMs(before + step + shift), null, null, null]);
    out.push([siteMs(row[0] + shift), row[1], row[2] ?? row[1], row[3] ?? row[1]]);
    before = row[0];
  }
  return out;
}

function option(answer, earlier, span) {
  const rows = withGaps(answer, 0), main = colour("accent"), raw = answer.step === "raw";
  const line = (name, data, more) => ({ name, type: "line", showSymbol: data.length < FEW, connectNulls: false, data, ...more });
  const series = [line(word("mean"), rows.map((r) => [r[0], r[1]]), { color: main, lineStyle: { width: 2 } })];
  if (!raw) {
    series.push(line(word("range"), rows.map((r) => [r[0], r[2]]), { stack: "range", lineStyle: { opacity: 0 }, color: main, tooltip: { show: false }, silent: true }));
    series.push(line(word("range"), rows.map((r) => [r[0], r[3] === null || r[2] === null ? null : r[3] - r[2]]), { stack: "range", lineStyle: { opacity: 0 }, areaStyle: { opacity: 0.18 }, color: main, tooltip: { show: false }, silent: true }));
  }
  if (earlier) series.push(line(word("before"), withGaps(earlier, span).map((r) => [r[0], r[1]]), { color: colour("muted"), lineStyle: { width: 1.5, type: "dashed" } }));
  return { ...timeAxes(answer.unit, true), series };
}

function save(answer) {
  const lines = [answer.columns.join(","), ...answer.rows.map((r) => [new Date(r[0]).toISOString(), ...r.slice(1).map((v) => v ?? "")].join(","))];
  const link = el("a", { href: URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" })), download: `${answer.point}-${answer.step}.csv` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function pointList() {
  const answer = await get("devices");
  const groups = [el("optgroup", { label: word("site_sums") }, ...SUMS.map((id) => el("option", { value: id, text: id })))];
  for (const device of answer.devices) {
    const options = device.points.filter((p) => p.unit !== "").map((p) => el("option", { value: p.id, text: `${p.id} (${p.unit})` }));
    if (options.length) groups.push(el("optgroup", { label: device.name || device.id }, ...options));
  }
  return groups;
}

export async function show(view) {
  const point = el("select", { id: "point" }, ...(await pointList())), box = el("div", { class: "chart tall" });
  const span = el("select", { id: "span" }, ...SPANS.map(([key]) => el("option", { value: key, text: word(key) })));
  const compare = el("input", { type: "checkbox", id: "compare" }), note = el("p", { class: "muted", role: "status" });
  const button = el("button", { type: "button", text: word("download") });
  point.value = chosen.point;
  if (point.value === "") point.value = SUMS[0];
  span.value = chosen.span;
  compare.checked = chosen.compare;
  view.replaceChildren(el("section", { class: "card" }, el("div", { class: "choices" },
    el("label", { for: "point", text: word("point") }), point, el("label", { for: "span", text: word("span") }), span,
    el("label", { class: "check" }, compare, el("span", { text: word("compare") })), button), box, note));
  const drawn = await chart(box);
  let answer = null, number = 0;
  const read = async () => {
    const mine = ++number, to = Date.now(), length = SPANS.find(([key]) => key === span.value)[1];
    Object.assign(chosen, { point: point.value, span: span.value, compare: compare.checked });
    const ask = (end) => get("history", { point: point.value, from: new Date(end - length).toISOString(), to: new Date(end).toISOString(),
      ...(length === HOUR && !point.value.startsWith("site.") ? { step: "raw" } : {}) });
    const [now, earlier] = await Promise.all([ask(to), compare.checked ? ask(to - length) : null]);
    if (mine !== number) return; /* another choice was made meanwhile */
    answer = now;
    drawn.set(option(now, earlier, length));
    setText(note, now.rows.length ? word("rows", now.rows.length, now.step) : word("no_rows"));
  };
  const again = () => read().catch((error) => setText(note, word("failed", error.message)));
  for (const input of [point, span, compare]) input.addEventListener("change", again);
  button.addEventListener("click", () => answer && save(answer));
  await again();
  return () => drawn.close();
}
