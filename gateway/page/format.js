/* Numbers with their units, times, ages. An unknown value is a dash, never 0. */
import { locale, word } from "./words.js";

export const DASH = "—";

/* Times are the site's, wherever the browser is. */
let zone;
export function setZone(name) { zone = name; }

/* Minutes from UTC to the site's time at a moment. */
export function offsetMinutes(time) {
  const local = new Date(time).toLocaleString("sv-SE", { timeZone: zone });
  return Math.round((Date.parse(`${local.replace(" ", "T")}Z`) - Math.floor(time / 1000) * 1000) / 60000);
}
export const siteMs = (time) => time + 60000 * offsetMinutes(time);
export const siteMinute = (time) => Math.floor(siteMs(time) / 60000) % 1440;

export function number(value, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return DASH;
  return value.toLocaleString(locale(), { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/* As many decimals as can be read from afar. */
function decimalsOf(value) {
  const size = Math.abs(value ?? 0);
  return size >= 1000 ? 0 : size >= 100 ? 1 : 2;
}

export function quantity(value, unit) {
  if (value === null || value === undefined) return `${DASH} ${unit}`;
  return `${number(value, decimalsOf(value))} ${unit}`;
}

export const power = (kw) => quantity(kw, "kW");
export const energy = (kwh) => quantity(kwh, "kWh");
export const percent = (value, decimals = 0) => (value === null || value === undefined ? DASH : `${number(value, decimals)} %`);

export function clock(time, seconds = true) {
  return new Date(time).toLocaleTimeString(locale(), { hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined, hour12: false, timeZone: zone });
}

export function moment(time) {
  return new Date(time).toLocaleString(locale(), { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZone: zone });
}

export function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/* The difference of two values as a signed percentage. */
export function against(now, before) {
  if (now === null || before === null || now === undefined || before === undefined || before === 0) return null;
  const change = (100 * (now - before)) / Math.abs(before);
  return `${change >= 0 ? "+" : ""}${number(change, 1)} %`;
}

export function qualityWord(quality) {
  return quality === "stale" || quality === "estimated" ? word(`${quality}_quality`) : word(quality);
}
