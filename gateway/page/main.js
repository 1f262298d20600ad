/* The frame: which view, which language, which theme, who is logged in, and whether values are live. */
import { NeedsLogin, get, post } from "./api.js";
import { el, setText } from "./dom.js";
import { age, clock, setZone } from "./format.js";
import * as stream from "./stream.js";
import * as live from "./view-live.js";
import * as alerts from "./view-alerts.js";
import * as history from "./view-history.js";
import * as devices from "./view-devices.js";
import * as login from "./view-login.js";
import { chooseLanguage, languages, word } from "./words.js";

const views = { live, alerts, history, devices };
const view = document.getElementById("view"), nav = document.getElementById("nav"), pill = document.getElementById("link");
const buttons = { language: document.getElementById("language"), theme: document.getElementById("theme"), logout: document.getElementById("logout") };
let close = null, number = 0, failed = false;

const theme = () => document.documentElement.dataset.theme;

function setTheme(next) {
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
}

const current = () => (location.hash.slice(1) in views ? location.hash.slice(1) : "live");

function frame() {
  nav.replaceChildren(...Object.keys(views).map((name) => el("a", { href: `#${name}`, text: word(name), "aria-current": name === current() ? "page" : null })));
  nav.setAttribute("aria-label", word("views"));
  setText(document.getElementById("skip"), word("skip"));
  setText(buttons.language, word("other_language"));
  setText(buttons.theme, word(theme() === "dark" ? "light" : "dark"));
  setText(buttons.logout, word("logout"));
}

function leave() {
  close?.();
  close = null;
}

async function open() {
  const mine = ++number;
  leave();
  frame();
  failed = false;
  try {
    const end = await views[current()].show(view);
    if (mine === number) close = end;
    else end?.();
  } catch (error) {
    if (mine !== number) return;
    if (error instanceof NeedsLogin) askLogin();
    else {
      failed = true;
      view.replaceChildren(el("section", { class: "card" }, el("p", { class: "advice", role: "alert", text: word("failed", error.message) }), el("button", { type: "button", text: "↻", onclick: open })));
    }
  }
}

function askLogin() {
  number++;
  leave();
  stream.stop();
  buttons.logout.hidden = true;
  login.show(view, begin);
}

/* The stream was refused: the session may be over, or the gateway not there. */
async function refused() {
  try {
    const session = await get("session");
    if (session.role === null) askLogin();
    else stream.start(refused);
  } catch {
    setTimeout(refused, 2000);
  }
}

async function begin() {
  try {
    const session = await get("session");
    if (session.role === null) return askLogin();
    buttons.logout.hidden = session.user === null;
    const site = await get("site");
    setZone(site.timezone);
    setText(document.getElementById("site"), site.name || site.site);
    document.title = `${site.name || site.site} · Busbar`;
  } catch {
    /* the gateway is not there yet: the views say so, the stream goes on trying */
  }
  stream.start(refused);
  return open();
}

stream.listen((s) => {
  if (s.live) live.remember(s.live);
  const level = s.isLive ? "good" : s.lostAt ? "bad" : "warning";
  const text = s.isLive ? `${word("online")} ${clock(s.live.t)}` : s.lostAt ? word("offline", clock(s.lostAt)) : s.live ? word("stale", age(s.silentMs)) : word("connecting");
  pill.dataset.level = level;
  setText(pill, text);
  if (failed && s.isLive) open(); /* the gateway is back */
});

buttons.language.addEventListener("click", () => { chooseLanguage(languages() === "zh" ? "en" : "zh"); open(); });
buttons.theme.addEventListener("click", () => { setTheme(theme() === "dark" ? "light" : "dark"); open(); });
buttons.logout.addEventListener("click", async () => { await post("logout", {}).catch(() => {}); askLogin(); });
window.addEventListener("hashchange", open);

chooseLanguage(languages());
setTheme(localStorage.getItem("theme") || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));
frame();
begin();
