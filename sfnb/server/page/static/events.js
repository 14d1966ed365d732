// The events of an execution: a page of them, and the details of those that are opened.

import { duration, h, section, jsonTree } from "./view.js";
import { icon, moment, number, pager, read, redraw } from "./parts.js";

const SIZE = 100;
const PAYLOADS = new Set(["input", "output", "parameters"]);
const BAD = /(Failed|TimedOut|Aborted)$/;
const FUNCTION = /^arn:[^:]*:lambda:[^:]*:\d*:function:/;
const GOOD = /Succeeded$/;

/** `show(id)` takes the view to an event; null where it cannot. */
export function eventTable(arn, { show }) {
  const list = h("div");
  const foot = h("div", { className: "foot" });
  const el = h("div", { className: "events" }, list, foot);
  const open = new Set();
  let from = 0;
  let count = null;
  let asked = 0;

  async function load() {
    const mine = ++asked;
    const page = await read("events", { arn, after: from, limit: SIZE }).catch(() => null);
    if (mine !== asked || page === null) return;
    redraw(list, page.rows, () => table(page.rows));
    const place = { from, shown: page.rows.length, more: from + page.rows.length < page.total, total: page.total, size: SIZE };
    redraw(foot, place, () => pager(place, go));
  }

  function go(to) {
    from = to;
    open.clear();
    return load();
  }

  /** There are so many now: what is shown may not be all of its page any more. */
  function total(events) {
    const grown = count === null || (events !== count && (count < from + SIZE || events < from + SIZE));
    const first = count === null;
    count = events;
    if (first || grown) load();
    else redraw(foot, ["total", events], () => pager({ from, shown: SIZE, more: from + SIZE < events, total: events, size: SIZE }, go));
  }

  function table(rows) {
    const heads = ["Id", "Type", "State", "After", "At", ""].map((words, index) => h("th", { scope: "col", className: index === 3 ? "number" : "", textContent: words }));
    const body = h("tbody");
    for (const event of rows) body.append(...lines(event));
    return h("div", { className: "scroll" }, h("table", {}, h("caption", { className: "unseen", textContent: "Events" }), h("thead", {}, h("tr", {}, ...heads)), body));
  }

  function lines(event) {
    const items = event.items.map((index) => `[${index}]`).join(" ");
    const details = h("td", { colSpan: 6 });
    const below = h("tr", { className: "details", id: `event-${event.id}-details`, hidden: true }, details);
    const opener = h("button", { type: "button", className: "opener", id: `event-${event.id}`, "aria-expanded": "false", "aria-controls": below.id }, icon("M6 3.5L10.5 8L6 12.5"), number(event.id));
    const row = h(
      "tr",
      { className: "event" },
      h("td", {}, opener),
      h("td", { className: BAD.test(event.type) ? "bad" : GOOD.test(event.type) ? "good" : "", textContent: event.type }),
      h("td", {}, event.state ?? "", items ? h("span", { className: "muted", textContent: ` ${items}` }) : null),
      h("td", { className: "number", textContent: `+${duration(event.ms)}` }),
      h("td", {}, moment(event.time)),
      h("td", { className: "muted clip", title: event.note, textContent: event.note.replace(FUNCTION, "") }),
    );
    function toggle(on) {
      below.hidden = !on;
      opener.setAttribute("aria-expanded", String(on));
      if (on) open.add(event.id);
      else open.delete(event.id);
      if (on && !details.hasChildNodes()) fill(details, event);
    }
    row.addEventListener("click", (click) => {
      if (click.target.closest("a") || getSelection().toString()) return;
      toggle(below.hidden);
    });
    if (open.has(event.id)) toggle(true);
    return [row, below];
  }

  async function fill(cell, event, whole = "") {
    const found = await read("event", { arn, id: event.id, whole }).catch((fault) => fault);
    if (found instanceof Error) return cell.replaceChildren(h("p", { className: "none", textContent: found.message }));
    const { details, previous } = found;
    const plain = details.filter(({ name }) => !PAYLOADS.has(name) && name !== "cause");
    const payloads = details.filter(({ name }) => PAYLOADS.has(name) || name === "cause");
    const terms = [["previous event", previous ? number(previous) : "–"], ...plain.map(({ name, text }) => [spaced(name), text])];
    const to = h("button", { type: "button", textContent: "Show in the graph", title: "Move the view to this event" });
    to.addEventListener("click", () => show(event.id));
    cell.replaceChildren(
      h(
        "div",
        { className: "inside sfnb-json-home" },
        h("div", { className: "inside-head" }, h("dl", { className: "facts" }, ...terms.map(([name, text]) => h("div", {}, h("dt", { textContent: name }), h("dd", { textContent: text })))), show ? to : null),
        ...payloads.map((piece) => section(spaced(piece.name), piece, jsonTree, () => fill(cell, event, piece.name))),
      ),
    );
  }

  return { el, total };
}

/** "timeoutInSeconds" as words. */
const spaced = (name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
