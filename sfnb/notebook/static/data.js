// The panel beside the graph: the data of a state's visits, or of the execution. Part of one module: see view.py.

const PATIENCE_MS = 1500;
const FRESH_MS = 1000;
const BUSY =
  "The kernel has not answered yet. It does when the running cell has finished; " +
  "if it was restarted, run this cell again.";

/**
 * `ask(visit, whole)` sends for the data of a visit (-1: of the execution), the field `whole` uncut.
 * `go` takes the view elsewhere: go.event(id), go.visit(visit), go.nowhere().
 */
function dataPane(machine, ask, go) {
  const top = h("div");
  const body = h("div");
  const el = h("aside", { className: "sfnb-data", "aria-label": "Data" }, top, body);
  const known = new Map();
  const asked = new Map();
  let pinned = -1;
  let last = null;

  /** The panel for a moment; `state` is null for the execution. */
  function show(trace, moment, state) {
    if (state !== last?.state) pinned = -1;
    last = { trace, moment, state };
    const visit = visitShown();
    const about = [state, visit, phase(visit)];
    const chosen = top.contains(document.activeElement) && document.activeElement.tagName;
    if (redraw(top, about, () => (state === null ? overview() : statePage(visit))) && chosen === "SELECT") {
      top.querySelector("select")?.focus();
    }
    const have = [known.get(visit)?.version, asked.get(visit)?.late];
    redraw(body, [about, have], () => (visit === null ? [] : contents(visit)));
  }

  /** Draw a part of the panel again, if what it depends on has changed. */
  function redraw(part, key, draw) {
    const text = JSON.stringify(key);
    if (part.drawn === text) return false;
    part.drawn = text;
    const scrolled = el.scrollTop;
    part.replaceChildren(...draw().filter(Boolean));
    el.scrollTop = scrolled;
    return true;
  }

  const again = () => last && show(last.trace, last.moment, last.state);

  /** The visit whose data is shown: the one chosen by hand, while it is there, or the one that tells most. */
  function visitShown() {
    const { trace, moment, state } = last;
    if (state === null) return -1;
    if (pinned >= 0 && trace.visit_from[pinned] <= moment.at) return pinned;
    return moment.states[state].visit >= 0 ? moment.states[state].visit : null;
  }

  /** All that the words depend on besides the visit itself. */
  function phase(visit) {
    const { trace, moment, state } = last;
    if (state === null) return [trace.status, trace.status === "RUNNING" && [trace.event_ms.length, trace.visit_to.length, trace.visit_to.filter(Boolean).length]];
    if (visit === null) return trace.visit_state.includes(state);
    const running = visitStatus(machine, trace, visit, moment.at) === "running";
    return [visitsOf(trace, state, moment.at).length, trace.visit_to[visit], running && moment.at];
  }

  // Data from the kernel

  function dataOf(visit) {
    const have = known.get(visit);
    const open = visit < 0 ? last.trace.status === "RUNNING" : !last.trace.visit_to[visit];
    const stale = !have || (have.open && (!open || performance.now() - have.when > FRESH_MS));
    if (stale && !asked.has(visit)) request(visit, "", open);
    return have?.data ?? null;
  }

  function request(visit, whole, open) {
    const waiting = { open, late: false };
    asked.set(visit, waiting);
    ask(visit, whole);
    setTimeout(() => {
      if (asked.get(visit) !== waiting) return;
      waiting.late = true;
      again();
    }, PATIENCE_MS);
  }

  function receive(visit, data) {
    const waiting = asked.get(visit);
    asked.delete(visit);
    const before = known.get(visit);
    const same = JSON.stringify(before?.data) === JSON.stringify(data);
    const version = (before?.version ?? 0) + (same ? 0 : 1);
    known.set(visit, { data, version, open: waiting?.open ?? true, when: performance.now() });
    again();
  }

  /** The payloads of a visit, or what to wait for. */
  function contents(visit) {
    const data = dataOf(visit);
    if (!data) return [h("p", { className: "sfnb-note", textContent: asked.get(visit)?.late ? (machine.busy ?? BUSY) : "…" })];
    if (visit < 0) return payloads(visit, data);
    const { trace, moment } = last;
    const status = visitStatus(machine, trace, visit, moment.at);
    return payloads(visit, asOf(status, trace, visit, data));
  }

  // The execution

  function overview() {
    const { trace } = last;
    const count = (number, word) => `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
    const took = trace.event_ms.length ? duration(trace.event_ms[trace.event_ms.length - 1]) : "0 s";
    return [
      h("header", {}, h("h3", { textContent: "Execution" })),
      h("p", { className: "sfnb-note", textContent: "Click a state in the graph to see its data." }),
      h("p", {
        className: "sfnb-facts",
        textContent: `${count(trace.event_ms.length, "event")} · ${count(trace.visit_from.length, "visit")} · ${took}`,
      }),
      troubles(trace),
    ];
  }

  /** The visits that went wrong, in the order in which they did: what to look at first. */
  function troubles(trace) {
    const bad = new Set(["failed", "timed_out", "caught"]);
    const found = trace.visit_from.map((_, visit) => visit);
    const ended = found.filter(
      (visit) => trace.visit_to[visit] && bad.has(machine.looks[trace.visit_status[visit]].status),
    );
    if (!ended.length) return null;
    ended.sort((one, other) => trace.visit_to[one] - trace.visit_to[other]);
    const list = h("ul", { className: "sfnb-troubles" });
    const shown = (visits) => list.append(...visits.map((visit) => h("li", {}, trouble(trace, visit))));
    shown(ended.slice(0, 5));
    if (ended.length > 5) {
      const more = button(`${(ended.length - 5).toLocaleString("en")} more`, "Show more", () => {
        more.remove();
        shown(ended.slice(5, 200));
      });
      more.className = "sfnb-link";
      list.append(h("li", {}, more));
    }
    return h("section", {}, h("h4", { textContent: "What went wrong" }), list);
  }

  function trouble(trace, visit) {
    const { status, words } = machine.looks[trace.visit_status[visit]];
    const name = `${machine.states[trace.visit_state[visit]]?.name ?? "?"} ${itemName(trace, visit)}`.trim();
    const link = button("", `Show ${name}`, () => go.visit(visit));
    link.className = "sfnb-link";
    link.textContent = name;
    return h("span", {}, chip(machine, status, words), link, trace.errors[visit] ?? "");
  }

  // A state

  function statePage(visit) {
    const { trace, moment, state } = last;
    const { name, type } = machine.states[state];
    const close = button("×", "Back to the execution", () => go.nowhere());
    const title = h("h3", {}, h("span", { className: "sfnb-type", textContent: type }), h("span", { textContent: name }));
    const head = h("header", {}, title, close);
    if (visit === null) return [head, ...notReached(trace, state)];
    const status = visitStatus(machine, trace, visit, moment.at);
    const took = visitDuration(trace, visit, moment.at);
    return [
      head,
      chooser(trace, moment, state, visit),
      h("p", { className: "sfnb-facts" }, chip(machine, status, wordsOf(status)), took),
      status === "running" && trace.visit_to[visit] ? later(trace.visit_to[visit]) : null,
    ];
  }

  const wordsOf = (status) => machine.looks.find((look) => look.status === status).words;

  function notReached(trace, state) {
    const first = trace.visit_state.indexOf(state);
    const words = first < 0 ? "This state was not reached." : "Not reached at this event.";
    return [h("p", { className: "sfnb-note", textContent: words }), first < 0 ? null : jump(trace.visit_from[first])];
  }

  function later(id) {
    const note = h("p", { className: "sfnb-note", textContent: "Still running at this event. " });
    note.append(jump(id));
    return note;
  }

  function jump(id) {
    const link = button(`Go to event ${id.toLocaleString("en")}`, `Go to event ${id}`, () => go.event(id));
    link.className = "sfnb-link";
    return link;
  }

  /** A visit that had not ended by this moment has an input and nothing else yet. */
  function asOf(status, trace, visit, data) {
    const future = status === "running" && trace.visit_to[visit];
    return future ? { input: data.input } : data;
  }

  /** Where a state was visited more than once: which of the visits to show. */
  function chooser(trace, moment, state, visit) {
    const visits = visitsOf(trace, state, moment.at);
    if (visits.length < 2) return null;
    const select = h("select", { "aria-label": "Visit" });
    const option = (each) => {
      const item = itemName(trace, each) || `visit ${visits.indexOf(each) + 1}`;
      const words = wordsOf(visitStatus(machine, trace, each, moment.at));
      return h("option", { value: each, textContent: `${item}  ${words}`, selected: each === visit });
    };
    // There may be thousands, and the slider draws this again at each step: the rest comes when wanted.
    const fillIn = () => select.length === 1 && select.replaceChildren(...visits.map(option));
    select.append(option(visit));
    select.addEventListener("focus", fillIn);
    select.addEventListener("pointerdown", fillIn);
    const choose = (chosen) => {
      pinned = chosen;
      again();
    };
    select.addEventListener("change", () => choose(Number(select.value)));
    const place = visits.indexOf(visit);
    const back = iconButton("back", "Previous visit", () => choose(visits[place - 1]));
    const next = iconButton("next", "Next visit", () => choose(visits[place + 1]));
    back.disabled = place <= 0;
    next.disabled = place >= visits.length - 1;
    const count = h("span", { textContent: `${place + 1} of ${visits.length.toLocaleString("en")}` });
    return h("div", { className: "sfnb-chooser" }, back, select, next, count);
  }

  // Payloads

  function payloads(visit, data) {
    const whole = (field) => () => request(visit, field, false);
    return [
      data.resource ? h("p", { className: "sfnb-resource", textContent: data.resource }) : null,
      data.error || data.cause ? failure(data, whole("cause")) : null,
      data.tries?.length > 1 ? attempts(data.tries) : null,
      data.hints?.length ? advice(data.hints) : null,
      data.notes?.length ? mapRun(data.notes) : null,
      section("Input", data.input, jsonTree, whole("input")),
      section("Output", data.output, jsonTree, whole("output")),
      section("Assigned variables", data.assigned, jsonTree, whole("assigned")),
      section("Printed", data.printed, plainText, whole("printed")),
    ].filter(Boolean);
  }

  return { el, show, receive, pin: (visit) => (pinned = visit), waits: () => asked.size > 0 };
}

const plainText = (text) => h("pre", { className: "sfnb-text", textContent: text });

function failure(data, whole) {
  const place = data.location ? ` in ${data.location}` : "";
  const error = h("p", { className: "sfnb-error", textContent: (data.error || "No error name") + place });
  const cause = data.cause && section("Cause", data.cause, causeText, whole);
  return h("div", { className: "sfnb-failure" }, error, cause || null);
}

/** A Cause as AWS Lambda writes it, read out; any other as it is. */
function causeText(text) {
  let cause;
  try {
    cause = JSON.parse(text);
  } catch {
    return plainText(text);
  }
  if (typeof cause?.errorMessage !== "string" || !Array.isArray(cause.stackTrace)) return jsonTree(text);
  const trace = cause.stackTrace.length ? plainText(cause.stackTrace.join("").trimEnd()) : null;
  return h("div", {}, h("p", { className: "sfnb-message", textContent: cause.errorMessage }), trace);
}

/** What to do about a failure: sentences, and code where lines are indented. */
function advice(hints) {
  const blocks = hints.flatMap((hint) => hint.split(/\n(?=\S)|(?<=^\S[^\n]*)\n(?= {4})/m));
  const drawn = blocks.map((block) =>
    block.startsWith("    ") ? plainText(block.replace(/^ {4}/gm, "")) : h("p", { textContent: block }),
  );
  return h("section", { className: "sfnb-advice" }, h("h4", { textContent: "What to do" }), ...drawn);
}

/** How far the map run of a Map in DISTRIBUTED mode is, and what failed first. */
function mapRun(notes) {
  const lines = notes.map((note) => h("p", { textContent: note }));
  return h("section", { className: "sfnb-advice" }, h("h4", { textContent: "Map run" }), ...lines);
}

function attempts(tries) {
  const rows = tries.map(([begun, ended], index) => {
    const took = ended === null ? "running" : `took ${duration(ended - begun)}`;
    return h("li", { textContent: `${index + 1}: at +${duration(begun)}, ${took}` });
  });
  return h("section", {}, h("h4", { textContent: `${tries.length} attempts` }), h("ul", { className: "sfnb-attempts" }, ...rows));
}

/** A payload under its name, with its size and a button to copy it; nothing where there is none. */
function section(name, piece, draw, whole) {
  if (!piece) return null;
  const head = h("summary", {}, h("h4", { textContent: name }), h("span", { className: "sfnb-size", textContent: bytes(piece.bytes) }));
  const made = h("details", { open: true, className: "sfnb-payload" }, head);
  if (piece.cut) {
    const note = h("p", { className: "sfnb-note", textContent: `The first ${piece.text.length.toLocaleString("en")} characters. ` });
    const all = button("Show all", `Show all of it, ${bytes(piece.bytes)}`, whole);
    all.className = "sfnb-link";
    note.append(all);
    made.append(note, plainText(piece.text));
    return made;
  }
  const copy = button("Copy", `Copy ${name.toLowerCase()}`, async (event) => {
    event.preventDefault();
    copy.textContent = (await copyText(piece.text)) ? "Copied" : "Not copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  copy.className = "sfnb-copy";
  head.append(copy);
  made.append(draw(piece.text));
  return made;
}

function bytes(count) {
  if (count < 1000) return `${count} B`;
  const kilo = count < 1_000_000;
  return `${(count / (kilo ? 1000 : 1_000_000)).toFixed(1)} ${kilo ? "kB" : "MB"}`;
}

/** Whether it worked: pages served over plain HTTP have no clipboard. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { value: text });
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

/** A status as a coloured sign with its words. */
function chip(machine, status, words) {
  const made = h("span", { className: `sfnb-chip sfnb-is-${status}` });
  const sign = shape("svg", { viewBox: "0 0 16 16", width: 12, height: 12, "aria-hidden": "true" });
  sign.append(shape("use", { href: `#${machine.id}-${status}` }));
  made.append(h("span", { className: "sfnb-sign" }, sign), words);
  return made;
}
