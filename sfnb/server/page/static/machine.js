// A state machine: its executions, its graph, its definition.

import { button, copyText, graphPane, h } from "./view.js";
import { ago, codeBlock, executionHref, follow, link, moment, number, pager, read, redraw, statusChip, STATUS_NAMES, table, tabs, took, wear } from "./parts.js";
import { remembered, startDialog, tidied } from "./start.js";

const SIZE = 50;

export async function machinePage(root, frame, arn, query) {
  const machine = await read("machine", { arn });
  frame.title(machine.name, [machine.name, ""]);
  const executions = executionList(machine, frame, query);
  const side = sideOf(machine);
  root.append(head(machine, frame), h("div", { className: "columns" }, executions.el, side.el));
  await executions.first;
  side.shown();
  return () => {
    executions.end();
    side.end();
  };
}

function head(machine, frame) {
  const start = h("button", { type: "button", className: "primary", textContent: "Start execution" });
  start.addEventListener("click", () => startDialog(frame, machine, remembered(machine.arn)));
  start.hidden = !machine.known;
  const gone = "This machine is not on this server: what is shown is what its latest execution ran. Nothing can be started.";
  return h(
    "div",
    {},
    h(
      "header",
      { className: "head" },
      h("h1", { textContent: machine.name }),
      h("span", { className: "pill", textContent: machine.type === "EXPRESS" ? "Express" : "Standard" }),
      h("span", { className: "space" }),
      start,
    ),
    machine.known ? null : h("p", { className: "notice", textContent: gone }),
    machine.warnings.length ? warnings(machine.warnings) : null,
  );
}

function warnings(found) {
  return h("ul", { className: "notice" }, ...found.map((words) => h("li", { textContent: words })));
}

// The executions

function executionList(machine, frame, query) {
  const view = { status: query.get("status") ?? "", q: query.get("q") ?? "", from: Math.max(0, Math.floor(Number(query.get("from")) || 0)) };
  const pills = h("div", { className: "pills", role: "group", "aria-label": "Status" });
  const search = h("input", { type: "search", placeholder: "Find by name", "aria-label": "Find an execution by name", value: view.q });
  const list = h("div");
  const foot = h("div", { className: "foot" });
  const el = h("section", { className: "card", "aria-label": "Executions" }, h("div", { className: "card-head" }, pills, h("span", { className: "space" }), search), list, foot);
  let counts = machine.counts;
  let asked = 0;
  let state = null;

  function look(change) {
    Object.assign(view, { from: 0 }, change);
    frame.note({ ...view, from: view.from || "" });
    return following.now();
  }

  async function load() {
    const mine = ++asked;
    const wanted = { machine: machine.arn, status: view.status, name: view.q, offset: view.from, limit: SIZE };
    const [page, fresh] = await Promise.all([read("executions", wanted), read("counts", { machine: machine.arn })]);
    if (mine !== asked) return undefined;
    if (view.from && !page.rows.length) return look({}); // there are not so many, or no more
    counts = fresh.counts;
    state ??= fresh.state;
    if (state !== fresh.state) return frame.again(); // it has been changed, as by a deployment
    const running = page.rows.some(({ status }) => status === "RUNNING");
    redraw(pills, [counts, view.status], () => pillsOf(counts));
    redraw(list, page, () => rowsOf(page.rows));
    const total = view.q ? null : view.status ? counts[view.status] ?? 0 : sum(counts);
    const place = { from: view.from, shown: page.rows.length, more: page.more, total, size: SIZE };
    redraw(foot, place, () => pager(place, (from) => look({ from })));
    return view.from ? 4000 : running ? 700 : 1500;
  }

  function pillsOf(known) {
    const pill = (status, words, count) => {
      const made = h("button", { type: "button", id: `pill-${status || "all"}`, "aria-pressed": String(view.status === status) }, words, h("span", { className: "muted", textContent: ` ${number(count)}` }));
      made.addEventListener("click", () => look({ status }));
      return made;
    };
    const some = STATUS_NAMES.filter((status) => known[status] || view.status === status);
    return [pill("", "All", sum(known)), ...some.map((status) => pill(status, statusChip(status), known[status] ?? 0))];
  }

  function rowsOf(rows) {
    if (rows.length) return executionRows(rows);
    const filtered = view.status || view.q;
    return h("p", { className: "none", textContent: filtered ? "No execution is like that." : "Not started yet." });
  }

  let typing = null;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => look({ q: search.value.trim() }), 150);
  });
  const following = follow(load, 1500);
  return { el, first: following.first, end: following.end };
}

const sum = (counts) => Object.values(counts).reduce((all, each) => all + each, 0);

function executionRows(rows) {
  return table(
    "Executions",
    [["Name", "name"], ["Status"], ["Started"], ["Took", "number"]],
    rows.map((each) => [
      link(executionHref(each.arn), each.name, "strong mono"),
      h("span", { className: "stack" }, statusChip(each.status), each.error ? h("span", { className: "muted clip", title: each.error, textContent: each.error }) : null),
      h("span", { className: "line" }, moment(each.started), ago(each.started, "muted after")),
      took(each),
    ]),
  );
}

// Beside them

function sideOf(machine) {
  wear("graph", machine.drawing.style);
  const graph = graphPane(machine.drawing, null, (number) => {
    graph.pick(number);
    told.textContent = number === null ? "" : `${machine.drawing.states[number].name} · ${machine.drawing.states[number].type}`;
  });
  const told = h("p", { className: "muted told", role: "status" });
  const stage = h("div", { className: "sfnb-view still" }, graph.el, told);
  const pages = [
    ["graph", "Graph", () => stage],
    ["definition", "Definition", () => definition(machine.definition)],
    ...(machine.starts.length > 1 ? [["versions", "Versions", () => versions(machine.starts)]] : []),
    ["details", "Details", () => details(machine)],
  ];
  const side = tabs("The machine", pages, "graph");
  const el = h("section", { className: "card side", "aria-label": "The machine" }, side.el);
  return { el, shown: () => requestAnimationFrame(() => graph.fit(true)), end: () => graph.close() };
}

/** A definition that came on one line, as SDKs send it, is shown on several; copied is what came. */
function readable({ text, format }) {
  return format === "json" && text.length < 200_000 && !text.trim().includes("\n") ? tidied(text) : text;
}

export function definition(text) {
  return h("div", { className: "definition" }, copying("Copy", text.text), codeBlock({ ...text, text: readable(text) }));
}

function copying(words, text) {
  const made = button(words, words, async () => {
    made.textContent = (await copyText(text)) ? "Copied" : "Not copied";
    setTimeout(() => (made.textContent = words), 1500);
  });
  made.className = "copy";
  return made;
}

/** The aliases of a machine with where they lead, and its versions. */
function versions(starts) {
  const aliases = starts.filter(({ kind }) => kind === "alias");
  const numbered = starts.filter(({ kind }) => kind === "version");
  const routes = (alias) => alias.routes.map(([version, weight]) => `version ${version}${weight < 100 ? ` (${weight} %)` : ""}`).join(", ");
  const described = ({ description }) => h("span", { className: "muted", textContent: description ?? "" });
  return h(
    "div",
    { className: "versions" },
    aliases.length ? table("Aliases", [["Alias", "name strong"], ["Runs"], ["Description"], ["Created"]], aliases.map((each) => [each.name, routes(each), described(each), moment(each.created)])) : null,
    numbered.length ? table("Versions", [["Version", "strong"], ["Description"], ["Created"]], numbered.map((each) => [each.name, described(each), moment(each.created)])) : null,
  );
}

function details(machine) {
  const rows = [
    ["ARN", machine.arn],
    ["Role", machine.role],
    ["Created", machine.created ? moment(machine.created) : "–"],
    ["States", number(machine.drawing.states.length)],
  ];
  if (machine.updated) rows.push(["Changed", moment(machine.updated)]);
  if (machine.revision) rows.push(["Revision", machine.revision]);
  return h("dl", { className: "facts-list" }, ...rows.flatMap(([name, value]) => [h("dt", { textContent: name }), h("dd", {}, value)]));
}
