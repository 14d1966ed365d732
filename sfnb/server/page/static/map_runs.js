// The map runs of an execution, each with its child executions.

import { h } from "./view.js";
import { countBar, counted, executionHref, link, moment, pager, read, redraw, statusChip, table, took } from "./parts.js";

const SIZE = 50;
const ITEMS = { running: "RUNNING", succeeded: "SUCCEEDED", failed: "FAILED", timed_out: "TIMED_OUT", aborted: "ABORTED" };

/** `runs()` are those that there are now. */
export function mapRuns(arn, runs) {
  const el = h("div", { className: "runs" });
  const parts = new Map();

  function draw() {
    for (const run of runs()) {
      if (!parts.has(run.arn)) {
        parts.set(run.arn, mapRun(arn, run.arn));
        el.append(parts.get(run.arn).el);
      }
      parts.get(run.arn).draw(run);
    }
  }
  return { el, draw };
}

function mapRun(arn, mapRunArn) {
  const head = h("div", { className: "run-head" });
  const list = h("div");
  const foot = h("div", { className: "foot" });
  const el = h("section", { "aria-label": "Map run" }, head, list, foot);
  let from = 0;
  let drawn = "";

  async function load() {
    const page = await read("children", { arn, map_run: mapRunArn, offset: from }).catch(() => null);
    if (page === null) return;
    redraw(list, page, () => children(page.rows));
    const place = { from, shown: page.rows.length, more: from + page.rows.length < page.total, total: page.total, size: SIZE };
    redraw(foot, place, () => pager(place, (to) => ((from = to), load())));
  }

  function draw(run) {
    const key = JSON.stringify(run);
    if (drawn === key) return;
    drawn = key;
    const counts = Object.fromEntries(Object.entries(run.items).map(([name, count]) => [ITEMS[name], count]));
    head.replaceChildren(
      h("h3", { textContent: run.state }),
      statusChip(run.status),
      h("span", { className: "muted", textContent: `${counted(run.children, "child execution")}, items:` }),
      countBar(counts),
      h("span", { className: "muted", textContent: run.redrives ? `redriven ${run.redrives}×` : "" }),
    );
    load();
  }
  return { el, draw };
}

function children(rows) {
  if (!rows.length) return h("p", { className: "none", textContent: "No child execution is kept." });
  return table(
    "Child executions",
    [["Index", "number"], ["Name", "name"], ["Status"], ["Started"], ["Took", "number"]],
    rows.map((child) => [
      String(child.index),
      link(executionHref(child.arn), child.name, "strong mono"),
      statusChip(child.status),
      moment(child.started),
      took(child),
    ]),
  );
}
