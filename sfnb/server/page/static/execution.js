// An execution: how it stands, the live view, its events, timeline and map runs.

import renderer, { h, jsonTree, section } from "./view.js";
import { act, ago, doing, executionHref, follow, lastPart, link, machineHref, moment, number, picture, read, redraw, statusChip, table, tabs, took, wear, wordsOf } from "./parts.js";
import { definition } from "./machine.js";
import { eventTable } from "./events.js";
import { mapRuns } from "./map_runs.js";
import { startDialog } from "./start.js";

export async function executionPage(root, frame, arn) {
  const [first, drawn] = await Promise.all([read("execution", { arn }), read("drawing", { arn })]);
  const view = first.long ? longView(arn, drawn) : liveView(arn, drawn);
  let standing = first;
  let trace = null;

  // The parts

  const said = h("p", { className: "fault", role: "alert" });
  const name = h("header", { className: "head" });
  const known = h("dl", { className: "facts" });
  const wrong = h("div");
  const events = eventTable(arn, { show: view.show });
  const timeline = timelineOf(arn);
  const runs = mapRuns(arn, () => standing.map_runs);
  const begun = h("div");
  const below = tabs(
    "More of the execution",
    [
      ["events", "Events", () => events.el],
      ["timeline", "Timeline", () => timeline.el],
      ["runs", "Map runs", () => runs.el],
      ["started", "Started", () => begun],
      ["definition", "Definition", () => definition(drawn.definition)],
    ],
    "events",
    (name) => name === "timeline" && timeline.draw(),
  );
  root.append(h("div", {}, name, known, wrong), said, view.el, h("section", { className: "card below" }, below.el));

  const tell = (words) => (said.textContent = words);
  const doThen = (name) => async () => {
    await act(name, { arn });
    await following.now();
    if (document.activeElement === document.body) [...all.children].find((made) => !made.hidden && !made.disabled)?.focus();
  };
  const buttons = {
    stop: doing("Stop", "danger", doThen("stop"), tell),
    resume: doing("Resume", "primary", doThen("resume"), tell),
    redrive: doing("Redrive", "primary", doThen("redrive"), tell),
  };
  const again = h("button", { type: "button", textContent: "New execution", title: "Start another one, with this input to begin with" });
  again.addEventListener("click", () => startDialog(frame, { arn: standing.machine, name: standing.machine_name }, drawn.input));

  const chip = h("span", { className: "big", role: "status" });
  const all = h("div", { className: "buttons" }, again, buttons.resume, buttons.redrive, buttons.stop);
  name.append(h("h1", { className: "mono", textContent: first.name }), chip, h("span", { className: "space" }), all);

  /** All that is said above the view, and which buttons there are. */
  function draw() {
    frame.title(`${standing.name} · ${wordsOf(standing.status)}`, ...steps(standing));
    for (const [does, made] of Object.entries(buttons)) made.hidden = !standing.can[does];
    buttons.redrive.title = "Go on from where it failed; what has succeeded is not done again";
    again.hidden = !standing.machine || Boolean(standing.around);
    redraw(chip, standing.status, () => statusChip(standing.status));
    redraw(known, [standing.ms, standing.events, standing.redrives], () => facts(standing).map(([term, value]) => h("div", {}, h("dt", { textContent: term }), h("dd", {}, value))));
    redraw(wrong, [standing.status, standing.told], () => trouble(standing, first.long));
    below.head("runs").hidden = !standing.map_runs.length;
    below.head("runs").replaceChildren("Map runs ", many(standing.map_runs.length));
    below.head("events").replaceChildren("Events ", many(standing.events));
    below.head("started").hidden = !standing.started_here.length;
    below.head("started").replaceChildren("Started ", many(standing.started_here.length));
    redraw(begun, standing.started_here, () => startedHere(standing.started_here));
    runs.draw();
    events.total(standing.events);
  }

  /** What is new, if there is anything: the trace for the view, then how the execution stands. */
  async function load() {
    const seen = trace?.seen;
    const fresh = first.long ? null : await read("trace", { arn, seen }).catch(outgrown);
    if (fresh) {
      trace = fresh;
      view.load(trace);
    }
    if (fresh || first.long || standing.status === "RUNNING") {
      const events = standing.events;
      standing = await read("execution", { arn });
      if (fresh || standing.events !== events) timeline.stale();
    }
    if (first.long) await view.load(null, standing);
    draw();
    return fresh || standing.status === "RUNNING" ? 400 : 3000; // what was new may not have been all of it
  }

  /** A log that has become too long to be sent is shown in another way. */
  function outgrown(fault) {
    if (fault.status !== 409) throw fault;
    frame.again();
    return null;
  }

  draw();
  const following = follow(load, 400);
  await following.first;
  return () => {
    following.end();
    view.end();
  };
}

const many = (count) => h("span", { className: "muted", textContent: number(count) });

function steps(standing) {
  const arn = standing.machine.split("/")[0]; // a child's names the Map, too
  const machine = arn ? [[lastPart(arn), machineHref(arn)]] : [];
  const parent = standing.around ? [[lastPart(standing.around), executionHref(standing.around)]] : [];
  return [...machine, ...parent, [standing.name, ""]];
}

// Above the view

/** Pairs of a word and what it says. */
function facts(standing) {
  const found = [
    ["Started", h("span", {}, moment(standing.started), ago(standing.started, "muted after"))],
    ["Took", took(standing)],
    ["Events", number(standing.events)],
  ];
  const more = (term, value) => value && found.push([term, value]);
  more("Type", standing.type === "EXPRESS" && "Express");
  more("Redriven", standing.redrives && (standing.redrives === 1 ? "once" : `${number(standing.redrives)} times`));
  more("Started by", standing.started_by);
  more("Forked from", standing.origin && link(executionHref(standing.origin), lastPart(standing.origin)));
  more("Child of", standing.around && link(executionHref(standing.around), lastPart(standing.around)));
  return found;
}

/** Why it did not end well, in a few lines. What to do is in the panel of the view, unless `alone`. */
function trouble({ status, told }, alone) {
  if (status === "SUCCEEDED" || status === "RUNNING") return null;
  const notes = told.facts.filter(([name]) => name !== "input").map(([name, words]) => `${name}: ${words}`);
  const hints = (alone ? told.hints : []).map((hint) => h("p", { className: "hint", textContent: hint }));
  if (!told.reason && !hints.length && !notes.length) return null;
  return h(
    "div",
    { className: `notice ${status === "FAILED" || status === "TIMED_OUT" ? "bad" : ""}` },
    told.place ? h("p", { className: "muted", textContent: `${wordsOf(status)} ${told.place}` }) : null,
    told.reason ? h("p", { className: "reason", textContent: told.reason }) : null,
    ...hints,
    ...notes.map((note) => h("p", { className: "muted", textContent: note })),
  );
}

/** The executions that tasks of this one have started. */
function startedHere(rows) {
  return table(
    "Executions that were started by tasks",
    [["Name", "name"], ["State machine"], ["Status"], ["Started"], ["Took", "number"]],
    rows.map((each) => [
      link(executionHref(each.arn), each.name, "strong mono"),
      link(machineHref(each.machine), each.machine_name),
      statusChip(each.status),
      moment(each.started),
      took(each),
    ]),
  );
}

// The view

/** The notebook's live view, fed by requests. */
function liveView(arn, drawn) {
  const el = h("div", { className: "live" });
  const heard = { "change:trace": new Set(), "msg:custom": new Set() };
  let current = null;
  let leave = null;
  wear("graph", drawn.drawing.style);
  const model = {
    get: (name) => (name === "machine" ? drawn.drawing : current.trace),
    on: (name, hear) => heard[name].add(hear),
    off: (name, hear) => heard[name].delete(hear),
    send: async ({ ask, visit, whole }) => {
      if (ask !== "data") return;
      const data = await read("visit", { arn, visit: visit + 1, whole, seen: current.seen }).catch(() => null);
      if (data) for (const hear of heard["msg:custom"]) hear({ answer: "data", visit, data });
    },
  };
  return {
    el,
    load(trace) {
      current = trace;
      if (leave === null) leave = renderer.render({ model, el });
      else for (const hear of heard["change:trace"]) hear();
    },
    /** Go to the moment of an event. */
    show(id) {
      const range = el.querySelector("input[type='range']");
      if (!range) return;
      range.value = id;
      range.dispatchEvent(new Event("input"));
      el.scrollIntoView({ block: "start", behavior: "smooth" });
    },
    end: () => leave?.(),
  };
}

/** A picture of what came last, and the payloads, where the log is too long to be sent. */
function longView(arn, drawn) {
  const note = "The log is very long: the picture shows the latest of it. All events are below.";
  const stage = h("div", { className: "long-stage" }, picture(drawn.picture, "The graph"));
  const side = h("div", { className: "long-data" });
  const el = h("section", { className: "card" }, h("p", { className: "long-note", textContent: note }), h("div", { className: "long" }, stage, side));
  let known = null;

  async function load(_, standing) {
    const now = JSON.stringify([standing.events, standing.status]);
    if (known === now) return;
    const first = known === null;
    known = now;
    if (!first) stage.replaceChildren(picture((await read("drawing", { arn })).picture, "The graph"));
    await payloads("");
  }

  async function payloads(whole) {
    const data = await read("visit", { arn, visit: 0, whole });
    const fields = ["input", "output", "cause"].filter((name) => data[name]);
    side.replaceChildren(...fields.map((name) => section(`${name[0].toUpperCase()}${name.slice(1)}`, data[name], jsonTree, () => payloads(name))));
  }
  return { el, load, show: null, end() {} };
}

// The timeline

function timelineOf(arn) {
  const el = h("div", { className: "scroll timeline" });
  let fresh = false;
  let busy = false;
  async function draw() {
    if (fresh || busy) return;
    busy = fresh = true;
    try {
      el.replaceChildren(picture(await read("timeline", { arn }), "The timeline"));
    } catch (fault) {
      el.replaceChildren(h("p", { className: "none", textContent: fault.message }));
    } finally {
      busy = false;
    }
  }
  return {
    el,
    draw,
    stale() {
      fresh = false;
      if (el.isConnected && el.offsetParent) draw();
    },
  };
}
