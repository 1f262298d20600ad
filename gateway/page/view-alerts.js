/* The ledger: what stands, what was done with it, and what an operator can do now. */
import { get, post } from "./api.js";
import { chart, colour, timeAxes } from "./charts.js";
import { el, setText } from "./dom.js";
import { DASH, moment, number, siteMs } from "./format.js";
import { languages, word } from "./words.js";

const AGAIN_MS = 5000;
let chosen = "open", opened = null;

const textOf = (texts) => (texts ? texts[languages()] || texts.zh || texts.en || "" : "");
const withUnit = (value, unit) => (value === null ? DASH : `${number(value, Math.abs(value) >= 100 ? 0 : 2)} ${unit ?? ""}`);

function badge(alert) {
  return el("span", { class: `severity ${alert.severity}`, text: word(`severity_${alert.severity}`) });
}

function stateOf(alert) {
  const condition = word(alert.active ? "standing" : "gone");
  return `${condition} · ${word(`handling_${alert.handling}`)}${alert.overdue ? ` · ${word("overdue")}` : ""}`;
}

function stepRow(step) {
  return el("tr", {}, el("td", { text: moment(step.at) }), el("td", { text: word(`step_${step.step}`) }), el("td", { text: step.actor || "" }), el("td", { text: (languages() === "zh" && step.note_zh) || step.note || "" }));
}

/* A form for each thing that can be done; the gateway says when it cannot. */
function actions(alert, role, again) {
  if (role !== "operator" || alert.handling === "closed") return null;
  const note = el("p", { class: "advice", role: "alert" });
  const field = (id, key, type = "text") => el("label", {}, el("span", { text: word(key) }), el("input", { name: id, type, maxlength: 190 }));
  const form = (verb, ...fields) => el("form", { class: "action", onsubmit: async (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(event.target)].filter(([, v]) => v !== ""));
    try {
      await post(`alerts/${alert.id}/${verb}`, values);
      again();
    } catch (error) {
      setText(note, error.message);
    }
  } }, ...fields, el("button", { type: "submit", text: word(`do_${verb}`) }));
  return el("div", { class: "actions" },
    form("ack", field("by", "your_name"), field("note", "note")), form("refuse", field("by", "your_name"), field("note", "reason")),
    form("assign", field("by", "your_name"), field("owner", "owner"), field("due", "due", "date")),
    form("measure", field("by", "your_name"), field("code", "measure_code"), field("text", "measure_text")),
    form("close", field("verifier", "verifier"), field("note", "note")), note);
}

async function details(alert, role, again) {
  const full = (await get("alerts", { id: alert.id })).alerts[0], box = el("div", { class: "chart" });
  const curve = (full.steps.find((s) => s.curve?.length > 1) || {}).curve;
  const node = el("div", { class: "details" },
    el("p", { text: textOf(full.text) }),
    el("dl", {}, el("dt", { text: word("worst_value") }), el("dd", { text: withUnit(full.peak, full.unit) }), el("dt", { text: word("limit") }), el("dd", { text: withUnit(full.threshold, full.unit) }),
      el("dt", { text: word("measure") }), el("dd", { text: full.measure ? `${full.measure.code}: ${full.measure.text} (${full.measure.by})` : DASH }), el("dt", { text: word("owner") }), el("dd", { text: full.owner ? `${full.owner}${full.due ? `, ${full.due}` : ""}` : DASH })),
    curve ? box : null,
    el("div", { class: "scroll", tabindex: "0" }, el("table", {}, el("tbody", {}, ...full.steps.map(stepRow)))), actions(full, role, again));
  if (curve) {
    const drawn = await chart(box);
    drawn.set({ ...timeAxes(full.unit ?? "", false), series: [{ name: word("evidence"), type: "line", showSymbol: true, color: colour("accent"),
      data: curve.map((p) => [siteMs(Date.parse(p.t)), p.value]), markLine: full.threshold === null ? undefined : { silent: true, symbol: "none", data: [{ yAxis: full.threshold }] } }] });
  }
  return node;
}

export async function show(view) {
  const { role } = await get("session"), list = el("div", { class: "ledger" }), place = el("div");
  const filter = el("select", { id: "state" }, ...["open", "overdue", "all"].map((key) => el("option", { value: key, text: word(`alerts_${key}`) })));
  filter.value = chosen;
  const head = el("div", { class: "choices" }, el("label", { for: "state", text: word("show") }), filter);
  view.replaceChildren(el("section", { class: "card" }, el("h2", { text: word("alerts") }), head, list), place);
  const openOne = async (alert) => {
    opened = alert.id;
    place.replaceChildren(el("section", { class: "card" }, el("h2", { text: `#${alert.id} ${alert.rule} ${alert.object}` }), await details(alert, role, again)));
  };
  const read = async () => {
    const answer = await get("alerts", { state: filter.value });
    list.replaceChildren(...(answer.alerts.length ? answer.alerts.map((a) => el("button", { type: "button", class: `entry${a.active ? " active" : ""}`, "data-id": a.id, onclick: () => openOne(a) },
      badge(a), el("strong", { text: `${a.rule} ${a.object}` }), el("span", { text: textOf(a.text) }), el("span", { class: "muted", text: `${stateOf(a)} · ${moment(a.raised)}` }))) : [el("p", { class: "muted", text: word("no_alerts") })]));
    return answer.alerts;
  };
  const again = async () => {
    const alerts = await read(), same = alerts.find((a) => a.id === opened);
    if (same) await openOne(same);
    else place.replaceChildren();
  };
  filter.addEventListener("change", () => { chosen = filter.value; again().catch(() => {}); });
  await again();
  const timer = setInterval(() => read().catch(() => list.classList.add("stale")), AGAIN_MS);
  return () => clearInterval(timer);
}
