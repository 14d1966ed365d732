// What all pages are made of: requests, addresses, words for times, tables that are drawn again only where
// something has changed. Text is always set as text: names and payloads may hold anything.

import { chip, duration, h, shape } from "./view.js";

// Requests

export class Fault extends Error {
  /** `error`: as AWS names it. */
  constructor(message, status, error = "") {
    super(message);
    this.status = status;
    this.error = error;
  }
}

async function answered(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => ({ message: `The server answered with ${response.status}.` }));
  if (!response.ok) throw new Fault(body.message, response.status, body.error);
  return body;
}

/** What can be read under this name; null where nothing is new. */
export async function read(name, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const words = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return answered(await fetch(`/page/data/${name}?${words}`));
}

/** Have something done; the header is what a page of another origin cannot send. */
export async function act(name, wanted) {
  const headers = { "Content-Type": "application/json", "X-Sfnb-Page": "1" };
  const sent = fetch(`/page/do/${name}`, { method: "POST", headers, body: JSON.stringify(wanted) });
  return answered(
    await sent.catch(() => {
      throw new Fault("The server does not answer; try again when it is back.", 0);
    }),
  );
}

const OFFLINE_MS = 2000;

/**
 * Call `load` now, and again and again while the page is looked at. It may answer with the milliseconds until
 * the next time. `first` fails where the first call does; later failures are passed over.
 */
export function follow(load, pause) {
  let timer = null;
  let over = false;
  let begun = false;

  async function turn() {
    timer = null;
    const start = performance.now();
    let next = pause;
    try {
      next = (await load()) ?? pause;
      document.body.classList.remove("offline");
    } catch (fault) {
      if (!begun && fault instanceof Fault) throw fault;
      document.body.classList.toggle("offline", !(fault instanceof Fault));
      next = OFFLINE_MS;
    }
    begun = true;
    if (!over && !document.hidden) timer ??= setTimeout(turn, Math.max(next, 4 * (performance.now() - start)));
  }

  const seen = () => !document.hidden && timer === null && !over && turn();
  document.addEventListener("visibilitychange", seen);
  return {
    first: turn(),
    now() {
      clearTimeout(timer);
      return turn();
    },
    end() {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    },
  };
}

// Addresses

const path = (arn) => encodeURIComponent(arn).replaceAll("%3A", ":").replaceAll("%2F", "/");
export const machineHref = (arn, query = "") => `/machines/${path(arn)}${query}`;
export const executionHref = (arn) => `/executions/${path(arn)}`;
export const lastPart = (arn) => arn.split(":").pop();

export function link(href, words, className = "") {
  return h("a", { href, className }, words);
}

// Words

const STATUSES = {
  RUNNING: ["running", "Running"],
  SUCCEEDED: ["succeeded", "Succeeded"],
  FAILED: ["failed", "Failed"],
  TIMED_OUT: ["timed_out", "Timed out"],
  ABORTED: ["aborted", "Aborted"],
  INTERRUPTED: ["caught", "Interrupted"],
  PENDING: ["not_reached", "Pending"],
};
export const STATUS_NAMES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];
export const wordsOf = (status) => STATUSES[status]?.[1] ?? status;
export const hueOf = (status) => STATUSES[status]?.[0] ?? "not_reached";

/** A status as a coloured sign with its word, or with `words` instead. */
export function statusChip(status, words = wordsOf(status)) {
  return chip({ id: "sign" }, hueOf(status), words);
}

export const number = (count) => count.toLocaleString("en");
export const counted = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
const DAY = { day: "numeric", month: "short" };

/** A moment in local time, as short as it can be without being mistaken; in full as its tooltip. */
export function moment(iso) {
  if (!iso) return h("span", { className: "muted", textContent: "–" });
  const date = new Date(iso);
  const now = new Date();
  const today = date.toDateString() === now.toDateString();
  const day = date.getFullYear() === now.getFullYear() ? DAY : { ...DAY, year: "numeric" };
  const clock = date.toLocaleTimeString("en-GB", CLOCK);
  const words = today ? clock : `${date.toLocaleDateString("en-GB", day)}, ${clock}`;
  return h("time", { dateTime: iso, title: `${iso.replace("T", " ").replace("+00:00", " UTC")}`, textContent: words });
}

/** How long ago, in one unit; it goes on by itself. */
export function ago(iso, className = "") {
  const made = h("span", { className, textContent: agoWords(iso) });
  made.dataset.ago = iso;
  return made;
}

function agoWords(iso) {
  const seconds = Math.max(0, (Date.now() - new Date(iso)) / 1000);
  const units = [["d", 86_400], ["h", 3600], ["min", 60], ["s", 1]];
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? units[3];
  return seconds < 2 ? "just now" : `${number(Math.floor(seconds / size))} ${unit} ago`;
}

/** How long an execution took, or has taken so far. */
export function took({ ms, started, status }) {
  if (ms !== null) return duration(ms);
  if (status !== "RUNNING") return "–";
  const made = h("span", { textContent: sinceWords(started) });
  made.dataset.since = started;
  return made;
}

const sinceWords = (iso) => duration(Math.max(0, Math.floor((Date.now() - new Date(iso)) / 1000) * 1000));

/** Let the times on the page go on, in their places: what is drawn anew cannot be clicked in that moment. */
export function tick() {
  for (const each of document.querySelectorAll("[data-ago]")) each.textContent = agoWords(each.dataset.ago);
  for (const each of document.querySelectorAll("[data-since]")) each.textContent = sinceWords(each.dataset.since);
}

/** A bar of counts by status, with the numbers beside it where `href(status)` leads. */
export function countBar(counts, href = null) {
  const present = STATUS_NAMES.filter((status) => counts[status]);
  if (!present.length) return h("span", { className: "muted", textContent: "none" });
  const chips = present.map((status) => {
    const words = number(counts[status]);
    const told = statusChip(status, words);
    told.title = `${words} ${wordsOf(status).toLowerCase()}`;
    if (!href) return told;
    const made = link(href(status), told, "count");
    made.setAttribute("aria-label", told.title);
    return made;
  });
  return h("span", { className: "counts" }, ...chips);
}

// Drawing again

/** Fill `part` anew, if what it is drawn of has changed; what has the focus keeps it. */
export function redraw(part, key, draw) {
  const text = JSON.stringify(key);
  if (part.drawnOf === text) return;
  part.drawnOf = text;
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const place = active && { href: active.getAttribute("href"), id: active.id };
  part.replaceChildren(...[draw()].flat().filter(Boolean));
  if (!place) return;
  const again = place.id
    ? part.querySelector(`#${CSS.escape(place.id)}`)
    : place.href && part.querySelector(`[href="${CSS.escape(place.href)}"]`);
  again?.focus({ preventScroll: true });
}

/** A table; columns are [heading, class], rows arrays of cells. */
export function table(caption, columns, rows) {
  const head = columns.map(([words, className = ""]) => h("th", { scope: "col", className, textContent: words }));
  const cells = (row) => row.map((cell, index) => h("td", { className: columns[index][1] ?? "" }, cell));
  const body = rows.map((row) => h("tr", {}, ...cells(row)));
  return h(
    "div",
    { className: "scroll" },
    h("table", {}, h("caption", { className: "unseen", textContent: caption }), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body)),
  );
}

/** Where one is in a long list, with buttons to go on; nothing where all of it is there. */
export function pager({ from, shown, total, more, size }, go) {
  if (!from && !more) return null;
  const step = (words, label, to, on) => {
    const made = h("button", { type: "button", textContent: words, id: `pager-${label.split(" ")[0]}`, "aria-label": label, title: label });
    made.disabled = !on;
    made.addEventListener("click", () => go(to));
    return made;
  };
  const last = total ? Math.max(0, Math.floor((total - 1) / size) * size) : null;
  const words = `${number(from + 1)}–${number(from + shown)}` + (total ? ` of ${number(total)}` : "");
  return h(
    "div",
    { className: "pager", role: "group", "aria-label": "Pages" },
    step("«", "First page", 0, from > 0),
    step("‹", "Previous page", Math.max(0, from - size), from > 0),
    h("span", { textContent: words, role: "status" }),
    step("›", "Next page", from + size, more),
    last === null ? null : step("»", "Last page", last, more),
  );
}

/** Tabs: `pages` are [name, words, draw]; what is shown is made when it is first wanted. */
export function tabs(label, pages, chosen, onChoose = () => {}) {
  const list = h("div", { className: "tabs", role: "tablist", "aria-label": label });
  const body = h("div", { className: "tab-body" });
  const made = new Map();
  const heads = pages.map(([name, words]) => {
    const head = h("button", { type: "button", id: `tab-${name}`, role: "tab", "aria-controls": `panel-${name}` }, words);
    head.addEventListener("click", () => choose(name));
    return head;
  });
  function choose(name) {
    pages.forEach(([each, , draw], index) => {
      const on = each === name;
      heads[index].setAttribute("aria-selected", String(on));
      heads[index].tabIndex = on ? 0 : -1;
      if (on && !made.has(each)) {
        const panel = h("div", { id: `panel-${each}`, role: "tabpanel", "aria-labelledby": `tab-${each}` }, draw());
        made.set(each, panel);
        body.append(panel);
      }
      if (made.has(each)) made.get(each).hidden = !on;
    });
    onChoose(name);
  }
  list.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = heads.indexOf(document.activeElement);
    const next = heads[(at + by + heads.length) % heads.length];
    next.focus();
    next.click();
  });
  list.append(...heads);
  choose(chosen);
  return { el: h("div", {}, list, body), choose, head: (name) => heads[pages.findIndex(([each]) => each === name)] };
}

/** A drawing of the server's; parsed as XML, so that nothing in it can run. Its style goes into a sheet. */
export function picture({ svg, style }, label) {
  wear(label, style);
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  const drawn = document.importNode(parsed, true);
  drawn.setAttribute("aria-label", label);
  return drawn;
}

const sheets = new Map();

/** Put the style of a drawing into effect, instead of the one that was there under this name. */
export function wear(name, style) {
  if (!sheets.has(name)) {
    sheets.set(name, new CSSStyleSheet());
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheets.get(name)];
  }
  sheets.get(name).replaceSync(style);
}

/** A button that does something at the server, and tells where it cannot. */
export function doing(words, className, work, tell) {
  const made = h("button", { type: "button", className, textContent: words });
  made.addEventListener("click", async () => {
    made.disabled = true;
    tell("");
    try {
      await work();
    } catch (fault) {
      tell(fault.message);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** A definition as text, with strings and keys in colour where it is JSON. */
export function codeBlock({ text, format }) {
  const code = h("code");
  if (format === "json" && text.length < 200_000) {
    const token = /("(?:[^"\\\n]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
    let at = 0;
    for (const found of text.matchAll(token)) {
      code.append(text.slice(at, found.index));
      const kind = found[1] ? (found[2] ? "key" : "string") : found[3] ? "word" : "number";
      code.append(h("span", { className: `sfnb-${kind}`, textContent: found[1] ?? found[0] }), found[2] ?? "");
      at = found.index + found[0].length;
    }
    code.append(text.slice(at));
  } else code.textContent = text;
  return h("pre", { className: "code", tabIndex: 0 }, code);
}

export function icon(d) {
  const drawn = shape("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" });
  drawn.append(shape("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round" }));
  return drawn;
}
