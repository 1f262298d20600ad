/* The officers' page in a real browser, for the Python tests that run the real programs around it.
 * usage: node page.mjs COMMAND-LINE-JSON; prints one JSON object: what was asked for, by name.
 *
 * {"url", "executable", "steps": [[verb, ...arguments], ...]} in order, in one browser:
 *   ["open", {width, height, theme, language}, hash]   a new window
 *   ["wait", selector, text?]     until it is there (and contains the text)
 *   ["gone", selector]            until it is not
 *   ["text", name, selector]      its text
 *   ["texts", name, selector]     of all that match
 *   ["fill", selector, text]  ["click", selector]  ["choose", selector, value]
 *   ["axe", name]                 violations of accessibility rules
 *   ["look", file]                a screenshot
 *   ["shift", name]               the layout shift since the window was opened
 *   ["ask", name, method, path, body?]  the answer's status to a request from the page itself
 *   ["tell", word], ["hear"]      prints a line; waits for a line on standard input */
import { createRequire } from "node:module";
import readline from "node:readline";

const require = createRequire(import.meta.url);
const { chromium } = require(`${process.env.BUSBAR_NPM}/playwright-core`);
const axe = require.resolve(`${process.env.BUSBAR_NPM}/axe-core/axe.min.js`);
const { url, executable, steps } = JSON.parse(process.argv[2]);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const found = {}, errors = [];
let page = null;

const verbs = {
  async open({ width, height, theme, language }, hash) {
    await page?.context().close();
    const context = await browser.newContext({ viewport: { width, height }, bypassCSP: false, timezoneId: "UTC" });
    await context.addInitScript(([t, l]) => {
      localStorage.setItem("theme", t);
      localStorage.setItem("language", l);
      window.shifted = 0;
      new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifted += entry.value; }).observe({ type: "layout-shift", buffered: true });
    }, [theme, language]);
    page = await context.newPage();
    page.setDefaultTimeout(30000);
    page.on("pageerror", (e) => errors.push(e.message));
    page.on("console", (m) => { if (/Content Security Policy/i.test(m.text())) errors.push(m.text()); });
    await page.goto(`${url}/#${hash}`);
  },
  wait: (selector, text) => page.locator(selector).filter(text ? { hasText: text } : {}).first().waitFor(),
  gone: (selector) => page.locator(selector).first().waitFor({ state: "detached" }),
  async text(name, selector) { found[name] = await page.locator(selector).first().textContent(); },
  async texts(name, selector) { found[name] = await page.locator(selector).allTextContents(); },
  fill: (selector, text) => page.locator(selector).fill(text),
  click: (selector) => page.locator(selector).first().click(),
  choose: (selector, value) => page.locator(selector).selectOption(value),
  async axe(name) {
    const cdp = await page.context().newCDPSession(page); /* past the page's own policy */
    await cdp.send("Page.setBypassCSP", { enabled: true });
    await page.evaluate(require("node:fs").readFileSync(axe, "utf8"));
    const result = await page.evaluate(() => window.axe.run());
    found[name] = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(" ")}`);
  },
  look: (file) => page.screenshot({ path: file, fullPage: true }),
  async shift(name) { found[name] = await page.evaluate(() => window.shifted); },
  async ask(name, method, path, body) {
    found[name] = await page.evaluate(async ([m, p, b]) => (await fetch(p, { method: m, body: b, headers: b ? { "Content-Type": "application/json" } : {} })).status, [method, path, body]);
  },
  tell: (word) => console.log(word),
  hear: () => lines.next(),
};

const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
try {
  for (const [verb, ...values] of steps) {
    try {
      await verbs[verb](...values);
    } catch (e) {
      throw new Error(`${verb} ${JSON.stringify(values)}: ${e.message}`);
    }
  }
} catch (error) {
  found.failed = error.message;
}
await browser.close();
console.log(JSON.stringify({ ...found, errors }));
process.exit(0);
