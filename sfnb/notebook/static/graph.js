// The graph: colours it for a moment, moves and zooms it, lets states be picked by mouse and keyboard.
// Part of one module: see view.py. What the SVG offers is said in sfnb/renderers/svg.py.

const SMALLEST = 0.03;
const LARGEST = 3;
const READABLE = 0.58;
const COMFORTABLE = 0.8;

/** The drawing as elements; parsed as XML, so that nothing in it can run. */
function drawingOf(machine) {
  const parsed = new DOMParser().parseFromString(machine.svg, "image/svg+xml").documentElement;
  const svg = document.importNode(parsed, true);
  svg.setAttribute("role", "group");
  svg.style.maxWidth = "none";
  svg.style.height = "";
  return svg;
}

/**
 * The stage with the drawing. `onPick(state)` hears of a picked state's number, null for none.
 * `home` is the state to begin with where not all can be seen.
 */
function graphPane(machine, home, onPick) {
  const svg = drawingOf(machine);
  const size = { width: svg.width.baseVal.value, height: svg.height.baseVal.value };
  const numbers = new Map(machine.states.map((state, number) => [JSON.stringify(state.path), number]));
  const numberOf = (json) => (json ? numbers.get(JSON.stringify(JSON.parse(json))) : undefined);
  const nodes = [];
  for (const g of svg.querySelectorAll(".sfnb-node[data-state]")) {
    const number = numberOf(g.dataset.state);
    if (number !== undefined) nodes[number] = nodeOf(g, machine.states[number]);
  }
  const wires = [...svg.querySelectorAll("[data-source], [data-target]")].map((g) => ({
    g,
    from: numberOf(g.dataset.source),
    to: numberOf(g.dataset.target),
    way: /(^| )sfnb-(edge|label)-catch( |$)/.test(g.getAttribute("class")) ? "!" : ">",
  }));

  const percent = h("button", { title: "Show at full size", "aria-label": "Show at full size" });
  const controls = h(
    "div",
    { className: "sfnb-zoom", role: "group", "aria-label": "Zoom" },
    button("−", "Zoom out", () => zoom(1 / 1.25)),
    percent,
    button("+", "Zoom in", () => zoom(1.25)),
    button("Fit", "Show the whole graph", () => fit()),
  );
  const stage = h("div", { className: "sfnb-stage" }, svg, controls);

  // Where the drawing's left upper corner is on the stage, its scale, and who put it there: "fit",
  // "reveal" or "hand". What a hand has put in its place is left there while an execution goes on.
  const view = { x: 0, y: 0, k: 1, by: "fit" };

  function place(smooth = false) {
    svg.classList.toggle("sfnb-gliding", smooth);
    svg.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.k})`;
    percent.textContent = `${Math.round(view.k * 100)} %`;
  }

  function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const k = Math.min(LARGEST, Math.max(SMALLEST, view.k * factor));
    view.x = x - ((x - view.x) * k) / view.k;
    view.y = y - ((y - view.y) * k) / view.k;
    view.k = k;
    view.by = "hand";
    place(true);
  }
  percent.addEventListener("click", () => zoom(1 / view.k));

  /** All of it; at first, where that would be too small to read, its upper part. */
  function fit(first = false) {
    const k = Math.min(1, stage.clientWidth / size.width, stage.clientHeight / size.height);
    view.k = first && k < READABLE ? COMFORTABLE : Math.max(k, SMALLEST);
    view.x = (stage.clientWidth - size.width * view.k) / 2;
    view.y = Math.max(0, (stage.clientHeight - size.height * view.k) / 2);
    if (view.x < 0 && nodes[0]) view.x = stage.clientWidth / 2 - placeOf(nodes[0]).x * view.k;
    place();
    if (view.k > k && home !== null) reveal(home, false);
    view.by = "fit";
  }

  /** Where a node's head is, its middle, in the drawing's own measure: the same while the drawing glides. */
  function placeOf(node) {
    if (!node.place) {
      const { x, y, width, height } = node.head.getBBox();
      const way = svg.getScreenCTM().inverse().multiply(node.head.getScreenCTM());
      node.place = new DOMPoint(x + width / 2, y + height / 2).matrixTransform(way);
    }
    return node.place;
  }

  /** Bring a state into sight, if it is not. */
  function reveal(number, smooth = true) {
    const node = nodes[number];
    if (!node || !stage.clientWidth) return; // the page does not show it yet
    const { x, y } = placeOf(node);
    const [left, top] = [view.x + x * view.k, view.y + y * view.k];
    const edge = 24;
    const { clientWidth: width, clientHeight: height } = stage;
    if (left >= edge && left <= width - 4 * edge && top >= edge && top <= height - edge) return;
    view.x += width / 2 - left;
    view.y += height / 2 - top;
    view.by = "reveal";
    place(smooth);
  }

  function paint(moment, now, trace) {
    moment.states.forEach((state, number) => nodes[number] && paintNode(nodes[number], state, machine, svg.id));
    nodes.forEach((node, number) => node.g.classList.toggle("sfnb-now", number === now));
    nodes.forEach((node, number) => node.bar && paintBar(node, progressOf(trace, number, moment.at), machine));
    for (const wire of wires) {
      const follows = wasTaken(wire, moment);
      wire.g.classList.toggle("sfnb-taken", follows);
      wire.g.classList.toggle("sfnb-untaken", !follows);
    }
  }

  function pick(number) {
    nodes.forEach((node, each) => {
      node.g.classList.toggle("sfnb-picked", each === number);
      node.g.setAttribute("aria-pressed", String(each === number));
    });
    if (nodes[number]) rove(nodes[number]);
  }

  /** Only one node is in the way of the Tab key; arrows lead on from there. */
  function rove(node, focus = false) {
    nodes.forEach((each) => each.g.setAttribute("tabindex", each === node ? "0" : "-1"));
    if (focus) node.g.focus({ preventScroll: true });
  }

  function dim(found) {
    nodes.forEach((node, number) => node.g.classList.toggle("sfnb-dim", found !== null && !found.has(number)));
  }

  stage.addEventListener("keydown", (event) => {
    const number = numberOf(event.target.closest?.("[data-state]")?.dataset.state);
    if (number === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") onPick(number);
    else if (ARROWS[event.key]) {
      const next = neighbour(nodes, placeOf, nodes[number], ARROWS[event.key]);
      if (next !== undefined) {
        rove(nodes[next], true);
        reveal(next);
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });

  // A press brings its own focus; what is reached by the Tab key may be out of sight.
  stage.addEventListener("focusin", (event) => {
    const number = numberOf(event.target.closest("[data-state]")?.dataset.state);
    if (number !== undefined && event.target.matches(":focus-visible")) reveal(number);
  });
  dragging(stage, controls, view, place);
  stage.addEventListener("click", (event) => {
    if (stage.dataset.dragged || controls.contains(event.target)) return;
    onPick(numberOf(event.target.closest("[data-state]")?.dataset.state) ?? null);
  });
  stage.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const room = stage.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY / 200), event.clientX - room.x, event.clientY - room.y);
      place();
    },
    { passive: false },
  );
  const watch = new ResizeObserver(() => view.by === "fit" && stage.clientWidth && fit(true));
  watch.observe(stage);
  if (nodes[0]) rove(nodes[0]);

  return { el: stage, id: svg.id, size, paint, pick, dim, reveal, fit, zoom, view, close: () => watch.disconnect() };
}

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** The nearest node in a direction; what lies aside counts as further away. */
function neighbour(nodes, placeOf, from, [dx, dy]) {
  const { x, y } = placeOf(from);
  let best;
  let nearest = Infinity;
  nodes.forEach((node, number) => {
    const there = placeOf(node);
    const along = (there.x - x) * dx + (there.y - y) * dy;
    const aside = Math.abs((there.x - x) * dy) + Math.abs((there.y - y) * dx);
    const far = along + 2 * aside;
    if (node !== from && along > 1 && far < nearest) {
      nearest = far;
      best = number;
    }
  });
  return best;
}

function button(words, label, onClick) {
  const made = h("button", { textContent: words, title: label, "aria-label": label });
  made.addEventListener("click", onClick);
  return made;
}

/** A state's group with what is needed to recolour it; the badge is drawn again by us. */
function nodeOf(g, state) {
  const badge = g.querySelector(":scope > .sfnb-badge");
  const disc = badge?.querySelector("circle");
  g.setAttribute("role", "button");
  g.setAttribute("tabindex", "-1");
  return {
    g,
    state,
    badge,
    head: g.querySelector(".sfnb-tile") ?? g,
    at: disc && { x: Number(disc.getAttribute("cx")), y: Number(disc.getAttribute("cy")) },
    tooltip: g.querySelector(":scope > title"),
    bar: g.querySelector(":scope > .sfnb-progress"),
    shown: "",
  };
}

function paintNode(node, { status, counts }, machine, id) {
  const key = status + JSON.stringify(counts);
  if (node.shown === key) return;
  node.shown = key;
  for (const look of machine.looks) node.g.classList.toggle(`sfnb-${look.status}`, look.status === status);
  const visits = machine.looks.filter((look) => counts[look.status]);
  const many = visits.reduce((sum, look) => sum + counts[look.status], 0) > 1;
  const told = many
    ? visits.map((look) => `${counts[look.status].toLocaleString("en")} ${look.words}`).join(", ")
    : machine.looks.find((look) => look.status === status).words;
  node.g.setAttribute("aria-label", `${node.state.name}, ${node.state.type}, ${told}`);
  if (node.tooltip) {
    const [name, , ...rest] = node.tooltip.textContent.split("\n");
    node.tooltip.textContent = [name, told, ...rest].join("\n");
  }
  if (!node.at) return;
  node.badge.setAttribute("class", many ? "sfnb-counts" : "sfnb-badge");
  node.badge.replaceChildren(...(many ? pill(node.at, visits, counts, id) : mark(node.at, status, id, 9.5, 13)));
}

/** How far a state's items are: the parts of the bar, and the words below it. */
function paintBar(node, progress, machine) {
  const key = JSON.stringify(progress);
  if (node.told === key) return;
  node.told = key;
  const trough = node.bar.querySelector(".sfnb-trough");
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(trough.getAttribute(name)));
  node.bar.querySelectorAll("g").forEach((part) => part.remove());
  node.bar.querySelector("text").textContent = progress ? progressWords(progress) : "";
  if (!progress) return;
  const seen = Object.values(progress.counts).reduce((sum, count) => sum + count, 0);
  const whole = Math.max(1, progress.total === null ? 1.2 * seen : seen, progress.total ?? 0);
  let at = x;
  for (const { status } of machine.looks.filter((look) => progress.counts[look.status])) {
    const wide = (width * progress.counts[status]) / whole;
    const part = shape("g", { class: `sfnb-${status}` });
    part.append(shape("rect", { class: "sfnb-part", x: at, y, width: wide, height }));
    trough.after(part);
    at += wide;
  }
}

function shape(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

/** The sign of a status, on its disc; both are styled by the drawing's own rules. */
function mark({ x, y }, status, id, radius, size) {
  const sign = { class: "sfnb-mark", href: `#${id}-${status}`, width: size, height: size };
  return [
    shape("circle", { class: "sfnb-disc", cx: x, cy: y, r: radius }),
    shape("use", { ...sign, x: x - size / 2, y: y - size / 2 }),
  ];
}

/** How many visits came to what, as the still picture has it. */
function pill(at, visits, counts, id) {
  const words = visits.map((look) => counts[look.status].toLocaleString("en"));
  const widths = words.map((word) => 22 + 7.4 * word.length);
  const width = widths.reduce((sum, each) => sum + each, 6);
  const y = at.y - 6;
  let x = at.x + 13 - width;
  const parts = [shape("rect", { class: "sfnb-pill", x, y: y - 10, width, height: 20, rx: 10 })];
  visits.forEach((look, index) => {
    const group = shape("g", { class: `sfnb-${look.status}` });
    group.append(...mark({ x: x + 11, y }, look.status, id, 6.5, 10));
    group.append(shape("text", { class: "sfnb-count", x: x + 20, y: y + 4 }, words[index]));
    parts.push(group);
    x += widths[index];
  });
  return parts;
}

/** Whether the execution had gone along a wire. */
function wasTaken({ from, to, way }, moment) {
  if (from === undefined) return moment.states[to]?.visit >= 0;
  if (to === undefined) return Boolean(moment.states[from]?.counts.succeeded);
  return moment.taken.has(`${from}${way}${to}`);
}

/** Move the drawing with the pointer; a press that does not move stays a click. */
function dragging(stage, controls, view, place) {
  let from = null;
  stage.addEventListener("pointerdown", (event) => {
    delete stage.dataset.dragged;
    if (event.button !== 0 || controls.contains(event.target)) return;
    from = { x: event.clientX - view.x, y: event.clientY - view.y, startX: event.clientX, startY: event.clientY };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!from) return;
    const far = Math.hypot(event.clientX - from.startX, event.clientY - from.startY);
    if (!stage.dataset.dragged && far < 5) return;
    stage.dataset.dragged = "yes";
    if (!stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
    view.x = event.clientX - from.x;
    view.y = event.clientY - from.y;
    view.by = "hand";
    place();
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (from = null));
}
