/* Source, grid, load and storage around the busbar: dots run the way the power does. */
import { el, setText, svg } from "./dom.js";
import { DASH, power } from "./format.js";
import { word } from "./words.js";

const IDLE_KW = 0.05; /* below it nothing flows */

/* in: which way "positive" goes on the line, towards the busbar (1) or away from it (-1). */
const ends = [
  { name: "grid", x: 320, y: 52, path: "M320 104 V200", towards: 1 },
  { name: "pv", x: 90, y: 208, path: "M180 208 H300", towards: 1 },
  { name: "storage", x: 320, y: 364, path: "M320 312 V216", towards: 1 },
  { name: "load", x: 550, y: 208, path: "M460 208 H340", towards: -1 },
];

function doing(name, kw) {
  if (kw === null || kw === undefined) return word("unknown");
  if (Math.abs(kw) < IDLE_KW) return word("idle");
  if (name === "grid") return word(kw > 0 ? "importing" : "exporting");
  if (name === "storage") return word(kw > 0 ? "discharging" : "charging");
  return name === "pv" ? word(kw > 0 ? "generating" : "own_draw") : word("consuming");
}

export function flow() {
  const parts = {};
  const drawing = svg("svg", { viewBox: "0 0 640 416", class: "flow", role: "img" });
  const title = svg("title");
  drawing.append(title, svg("rect", { x: 296, y: 200, width: 48, height: 16, rx: 8, class: "hub" }));
  for (const end of ends) {
    const value = svg("text", { x: end.x, y: end.y + 6, class: "number", "text-anchor": "middle" });
    const what = svg("text", { x: end.x, y: end.y + 34, class: "what", "text-anchor": "middle" });
    const line = svg("path", { d: end.path, class: `wire ${end.name}`, fill: "none" });
    const label = svg("text", { x: end.x, y: end.y - 24, class: "label", "text-anchor": "middle" });
    drawing.append(line, svg("rect", { x: end.x - 90, y: end.y - 52, width: 180, height: 104, rx: 14, class: `node ${end.name}` }), label, value, what);
    parts[end.name] = { value, what, line, label, towards: end.towards };
  }
  return {
    node: el("div", { class: "flow-box" }, drawing),
    show(kw, isLive) {
      for (const [name, part] of Object.entries(parts)) {
        const now = kw ? kw[name] : null;
        setText(part.label, word(name));
        setText(part.value, kw && name in kw ? power(now) : DASH);
        setText(part.what, doing(name, now));
        const runs = isLive && now !== null && now !== undefined && Math.abs(now) >= IDLE_KW;
        part.line.classList.toggle("runs", runs);
        part.line.classList.toggle("back", runs && now * part.towards < 0);
        part.line.classList.toggle("fast", runs && Math.abs(now) >= 500);
      }
      drawing.classList.toggle("stale", !isLive);
      const texts = ["grid", "pv", "storage", "load"].map((name) => `${power(kw ? kw[name] : null)} ${doing(name, kw ? kw[name] : null)}`);
      setText(title, `${word("flow")}: ${word("flow_text", ...texts)}`);
    },
  };
}
