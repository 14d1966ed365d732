// The bar below the graph: a slider over the events, buttons to step and to play. Part of one module: see view.py.

const PLAY_MS = 10_000;
const ICONS = {
  first: "M4 3v10M13 3L6.5 8L13 13Z",
  back: "M11 3L4.5 8L11 13Z",
  play: "M5 2.5L13 8L5 13.5Z",
  pause: "M5 3v10M11 3v10",
  next: "M5 3L11.5 8L5 13Z",
  last: "M12 3v10M3 3L9.5 8L3 13Z",
};

function icon(name) {
  const svg = shape("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" });
  const pen = { fill: "currentColor", stroke: "currentColor", "stroke-width": 1.8, "stroke-linejoin": "round" };
  svg.append(shape("path", { d: ICONS[name], "stroke-linecap": "round", ...pen }));
  return svg;
}

function iconButton(name, label, onClick) {
  const made = button("", label, onClick);
  made.append(icon(name));
  return made;
}

/** `onMove(id)` hears of the event the slider was moved to. */
function timeBar(onMove) {
  const range = h("input", { type: "range", min: 1, max: 1, step: 1, "aria-label": "Event" });
  const marks = shape("svg", { class: "sfnb-marks", preserveAspectRatio: "none", "aria-hidden": "true" });
  const play = iconButton("play", "Play", () => (timer ? pause() : start()));
  const place = h("span", { className: "sfnb-place" });
  const event = h("span", { className: "sfnb-event" });
  const el = h(
    "div",
    { className: "sfnb-time" },
    h(
      "div",
      { className: "sfnb-buttons" },
      iconButton("first", "First event", () => go(1)),
      iconButton("back", "One event back", () => step(-1)),
      play,
      iconButton("next", "One event on", () => step(1)),
      iconButton("last", "Last event", () => go(Number(range.max))),
    ),
    h("div", { className: "sfnb-track" }, marks, range),
    h("div", { className: "sfnb-caption" }, place, event),
  );
  let timer = null;

  function go(id) {
    pause();
    onMove(Math.min(Math.max(id, 1), Number(range.max)));
  }

  function step(by) {
    go(Number(range.value) + by);
  }

  function start() {
    const count = Number(range.max);
    const pace = Math.min(600, Math.max(50, PLAY_MS / count));
    const stride = Math.max(1, Math.round((count * pace) / PLAY_MS));
    if (Number(range.value) >= count) onMove(1);
    timer = setInterval(() => {
      const next = Math.min(Number(range.value) + stride, Number(range.max));
      onMove(next);
      if (next === Number(range.max)) pause();
    }, pace);
    face("pause", "Pause");
  }

  function pause() {
    clearInterval(timer);
    timer = null;
    face("play", "Play");
  }

  function face(name, label) {
    play.replaceChildren(icon(name));
    play.title = label;
    play.setAttribute("aria-label", label);
  }

  /** Another trace: how many events there are, and which of them went wrong. */
  function load(trace) {
    const count = Math.max(1, trace.event_type.length);
    range.max = count;
    const types = trace.types.map(eventMark);
    const bars = new Map();
    trace.event_type.forEach((type, index) => {
      const x = Math.round((1000 * index) / Math.max(1, count - 1));
      if (types[type]) bars.set(`${x} ${types[type]}`, { x, status: types[type] });
    });
    marks.setAttribute("viewBox", "-3 0 1006 10");
    const bar = ({ x, status }) =>
      shape("rect", { x: x - 2, y: 0, width: 4, height: 10, fill: `var(--sfnb-${status})` });
    marks.replaceChildren(...[...bars.values()].map(bar));
  }

  /** Show that the slider is at event `id`, and what happened there. */
  function show(trace, id, words) {
    const count = trace.event_type.length;
    range.value = id;
    range.style.setProperty("--sfnb-done", `${(100 * (id - 1)) / Math.max(1, count - 1)}%`);
    const time = count ? `+${duration(trace.event_ms[id - 1])}` : "";
    place.textContent = count ? `Event ${id.toLocaleString("en")} of ${count.toLocaleString("en")} · ${time}` : "No event yet";
    event.textContent = words;
    range.setAttribute("aria-valuetext", `Event ${id}, ${time}, ${words}`);
  }

  range.addEventListener("input", () => go(Number(range.value)));
  return { el, load, show, step, pause, playing: () => timer !== null, toggle: () => play.click() };
}
