// How things stood at an event, worked out from the trace; no DOM here. Part of one module: see view.py.

/** What a visit was at event `at`: its end's status from the event of its end on. */
function visitStatus(machine, trace, visit, at) {
  const to = trace.visit_to[visit];
  return to && to <= at ? machine.looks[trace.visit_status[visit]].status : "running";
}

/**
 * How things stood after event `at`. For each state: `status` as the picture shows it, `counts` of its
 * visits by status, `visit` the one that decides the status (-1: none yet). Outside of Maps that is the
 * latest visit, inside the gravest. `taken` holds the ways gone, as "from>to" and "from!to" for a catch.
 */
function momentAt(machine, trace, at) {
  const states = machine.states.map(() => ({ status: "not_reached", counts: {}, visit: -1 }));
  const gravity = (status) => machine.gravity.indexOf(status);
  const taken = new Set();
  for (let visit = 0; visit < trace.visit_from.length && trace.visit_from[visit] <= at; visit++) {
    const state = states[trace.visit_state[visit]];
    if (!state) continue;
    const status = visitStatus(machine, trace, visit, at);
    state.counts[status] = (state.counts[status] ?? 0) + 1;
    if (!trace.visit_items[visit] || state.visit < 0 || gravity(status) <= gravity(state.status)) {
      state.status = status;
      state.visit = visit;
    }
    const before = trace.visit_after[visit];
    if (before >= 0) {
      const way = visitStatus(machine, trace, before, at) === "caught" ? "!" : ">";
      taken.add(`${trace.visit_state[before]}${way}${trace.visit_state[visit]}`);
    }
  }
  return { at, states, taken };
}

/** How many items of a state's map runs had come to what by event `at`; null where none had begun. */
function progressOf(trace, state, at) {
  const runs = (trace.progress ?? []).filter(([of, from]) => of === state && from <= at);
  if (!runs.length) return null;
  const counts = {};
  for (const [, , run] of runs) for (const [status, count] of Object.entries(run)) counts[status] = (counts[status] ?? 0) + count;
  const total = runs.some((run) => run[3] === null) ? null : runs.reduce((sum, run) => sum + run[3], 0);
  return { counts, total };
}

/** The same in words, as the still picture has it. */
function progressWords({ counts, total }) {
  const failed = (counts.failed ?? 0) + (counts.timed_out ?? 0);
  const done = (counts.succeeded ?? 0) + failed;
  const items = (count) => (count === 1 ? "item" : "items");
  const number = (count) => count.toLocaleString("en");
  const known = total === null ? `${number(done)} ${items(done)} so far` : `${number(done)} of ${number(total)} ${items(total)}`;
  const notes = [[failed, "failed"], [counts.aborted ?? 0, "aborted"]].filter(([count]) => count);
  return [known, ...notes.map(([count, word]) => `${number(count)} ${word}`)].join(", ");
}

/** The visits of a state that had begun by event `at`. */
function visitsOf(trace, state, at) {
  const found = [];
  for (let visit = 0; visit < trace.visit_from.length && trace.visit_from[visit] <= at; visit++) {
    if (trace.visit_state[visit] === state) found.push(visit);
  }
  return found;
}

/** "[2] [0]" for an item of nested Maps, "" outside of Maps. */
function itemName(trace, visit) {
  return (trace.visit_items[visit] ?? []).map((index) => `[${index}]`).join(" ");
}

/** What an event says of how things go: the class of a mark, "" for nothing to tell. */
function eventMark(type) {
  if (type.endsWith("Failed")) return "failed";
  if (type.endsWith("TimedOut")) return "timed_out";
  if (type.endsWith("Aborted")) return "aborted";
  return "";
}

/** Milliseconds in words, in at most two units. */
function duration(ms) {
  const short = (number) => (number >= 99.5 ? number.toFixed(0) : String(Number(number.toPrecision(3))));
  if (ms <= 0) return "0 s";
  if (ms < 1) return `${short(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]];
  const first = units.findIndex(([, size]) => ms >= size);
  const [[unit, size], [smaller, part]] = units.slice(first, first + 2);
  const rest = Math.floor((ms % size) / part);
  const whole = `${Math.floor(ms / size).toLocaleString("en")} ${unit}`;
  return rest ? `${whole} ${rest} ${smaller}` : whole;
}

/** How long a visit had lasted by event `at`, in words. */
function visitDuration(trace, visit, at) {
  const inChild = trace.visit_ms?.[visit];
  if (inChild !== undefined) return duration(Math.max(0, inChild));
  const until = trace.visit_to[visit] || trace.event_ms.length;
  return duration(trace.event_ms[Math.min(until, at) - 1] - trace.event_ms[trace.visit_from[visit] - 1]);
}
