// The live view of an execution: joins header, graph, panel and slider. Part of one module: see view.py.

const STATUSES = {
  RUNNING: "running",
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed_out",
  ABORTED: "aborted",
};

const INTERRUPT = "The kernel is busy with a cell: interrupt it to stop now.";

/** The state to look at first: where it failed, or where it has come to; null for the start. */
function homeOf(machine, trace) {
  const last = trace.visit_state.length - 1;
  if (trace.status === "RUNNING") return last < 0 ? null : trace.visit_state[last];
  const failed = trace.visit_to
    .map((to, visit) => ({ to, state: trace.visit_state[visit], ...machine.looks[trace.visit_status[visit]] }))
    .filter(({ status }) => status === "failed" || status === "timed_out");
  if (trace.status === "SUCCEEDED" || !failed.length) return null;
  return failed.reduce((first, each) => (each.to < first.to ? each : first)).state;
}

function render({ model, el }) {
  const machine = { ...model.get("machine") };
  let trace = model.get("trace");
  const graph = graphPane(machine, homeOf(machine, trace), (state) => pick(state));
  machine.id = graph.id;
  const data = dataPane(machine, (visit, whole) => model.send({ ask: "data", visit, whole }), {
    event: (id) => move(id, true),
    visit: (visit) => pick(trace.visit_state[visit], visit),
    nowhere: () => pick(null),
  });
  const bar = timeBar((id) => move(id, true));

  let at = eventCount();
  let picked = null;

  // The header

  const status = h("span", { className: "sfnb-status", role: "status" });
  const found = h("span", { className: "sfnb-found", role: "status" });
  const search = h("input", { type: "search", placeholder: "Find a state", "aria-label": "Find a state" });
  const stop = button("Stop", "Stop the execution", () => {
    stop.disabled = true;
    stop.textContent = "Stopping…";
    model.send({ ask: "stop" });
    setTimeout(() => trace.status === "RUNNING" && (note.textContent = INTERRUPT), PATIENCE_MS);
  });
  stop.className = "sfnb-halt";
  const note = h("span", { className: "sfnb-note", role: "status" });
  const legend = h("div", { className: "sfnb-key-row", "aria-label": "States by status" });
  const head = h(
    "div",
    { className: "sfnb-head" },
    h("strong", { textContent: machine.name }),
    status,
    stop,
    note,
    h("span", { className: "sfnb-space" }),
    found,
    search,
  );
  const main = h("div", { className: "sfnb-main" }, graph.el, data.el);
  const root = h("div", { className: "sfnb-view", tabIndex: -1 }, head, main, bar.el, legend);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `Execution of ${machine.name}`);
  for (const look of machine.looks) {
    root.style.setProperty(`--sfnb-${look.status}`, `light-dark(${look.light}, ${look.dark})`);
  }
  root.style.setProperty("--sfnb-tall", `${Math.round(Math.min(600, Math.max(420, graph.size.height)))}px`);

  // What is shown

  function eventCount() {
    return Math.max(1, trace.event_type.length);
  }

  /** Draw everything for event `at`. */
  function draw() {
    const moment = momentAt(machine, trace, at);
    const visit = trace.event_visit[at - 1] ?? -1;
    const now = visit < 0 ? null : trace.visit_state[visit];
    graph.paint(moment, at < eventCount() || trace.status === "RUNNING" ? now : null, trace);
    data.show(trace, moment, picked);
    bar.show(trace, at, eventWords(visit));
    legend.replaceChildren(...legendOf(moment));
    return now;
  }

  function eventWords(visit) {
    const type = trace.types[trace.event_type[at - 1]] ?? "";
    if (visit < 0) return type;
    return `${type} · ${machine.states[trace.visit_state[visit]]?.name ?? ""} ${itemName(trace, visit)}`.trim();
  }

  /** How many states stand how: the key to the colours. */
  function legendOf(moment) {
    const counts = {};
    for (const state of moment.states) counts[state.status] = (counts[state.status] ?? 0) + 1;
    const chips = machine.looks
      .filter((look) => counts[look.status])
      .map((look) => chip(machine, look.status, `${counts[look.status].toLocaleString("en")} ${look.words}`));
    return [h("span", { textContent: "States" }), ...chips];
  }

  function move(id, follow) {
    at = id;
    const now = draw();
    if (follow && now !== null) graph.reveal(now);
  }

  function pick(state, visit = -1) {
    picked = state;
    graph.pick(state);
    if (visit >= 0) {
      at = Math.max(at, trace.visit_to[visit] || trace.visit_from[visit]);
      data.show(trace, momentAt(machine, trace, at), picked);
      data.pin(visit);
      graph.reveal(state);
    }
    draw();
  }

  function load() {
    const following = at >= eventCount() && !bar.playing();
    trace = model.get("trace");
    bar.load(trace);
    if (following) at = eventCount();
    const running = trace.status === "RUNNING";
    status.replaceChildren(chip(machine, STATUSES[trace.status], trace.status.replace("_", " ")));
    stop.hidden = !running;
    if (!running) note.textContent = "";
    const now = draw();
    if (running && following && now !== null && graph.view.by !== "hand") graph.reveal(now);
  }

  // Searching

  let matches = [];
  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    matches = words
      ? machine.states.flatMap((state, number) => (state.name.toLowerCase().includes(words) ? [number] : []))
      : [];
    graph.dim(words ? new Set(matches) : null);
    found.textContent = words ? `${matches.length.toLocaleString("en")} of ${machine.states.length.toLocaleString("en")}` : "";
    if (matches.length) graph.reveal(matches[0]);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && matches.length) {
      const next = matches[(matches.indexOf(picked) + 1) % matches.length];
      pick(next);
      graph.reveal(next);
    } else if (event.key === "Escape" && search.value) {
      search.value = "";
      search.dispatchEvent(new Event("input"));
      event.stopPropagation();
    }
  });

  // Keys: none of those pressed here is for the notebook, where a single letter can delete a cell.

  const keys = {
    ArrowLeft: () => bar.step(-1),
    ArrowRight: () => bar.step(1),
    " ": () => bar.toggle(),
    "/": () => search.focus(),
    f: () => graph.fit(),
    "+": () => graph.zoom(1.25),
    "-": () => graph.zoom(1 / 1.25),
    Escape: () => pick(null),
  };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const own = event.target.closest("input, select, textarea, button, summary");
    if (!keys[event.key] || (own && event.key !== "Escape")) return;
    event.preventDefault();
    keys[event.key]();
  });

  const onTrace = () => load();
  const onMessage = (message) => {
    if (message.answer === "data") data.receive(message.visit, message.data);
  };
  model.on("change:trace", onTrace);
  model.on("msg:custom", onMessage);
  el.append(root);
  load();
  return () => {
    model.off("change:trace", onTrace);
    model.off("msg:custom", onMessage);
    bar.pause();
    graph.close();
  };
}

export default { render };
