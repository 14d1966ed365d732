// All state machines, and the executions that began last.

import { h } from "./view.js";
import { ago, countBar, executionHref, follow, link, machineHref, moment, number, read, redraw, statusChip, table, took } from "./parts.js";

export async function machinesPage(root, frame, _arn, query) {
  const count = h("span", { className: "muted count-of" });
  const search = h("input", { type: "search", placeholder: "Find a state machine", "aria-label": "Find a state machine", value: query.get("q") ?? "" });
  const list = h("section", { className: "card" });
  const latest = h("section", { className: "latest" });
  root.append(h("header", { className: "head" }, h("h1", { textContent: "State machines" }), count, h("span", { className: "space" }), search), list, latest);
  frame.title("State machines");
  let data = null;

  function draw() {
    const words = search.value.trim().toLowerCase();
    const rows = data.machines.filter(({ name }) => name.toLowerCase().includes(words));
    count.textContent = words ? `${number(rows.length)} of ${number(data.machines.length)}` : number(data.machines.length);
    redraw(list, [rows, words], () => (data.machines.length ? machineTable(rows) : nothing()));
    redraw(latest, data.latest, () => (data.latest.length ? [h("h2", { textContent: "Latest executions" }), executionTable(data.latest)] : []));
  }

  search.addEventListener("input", () => {
    frame.note({ q: search.value.trim() });
    draw();
  });
  const following = follow(async () => {
    data = await read("machines");
    frame.account(`${data.region} · ${data.account}`);
    draw();
    return data.latest.some(({ status }) => status === "RUNNING") ? 1000 : 2000;
  }, 2000);
  await following.first;
  return following.end;
}

function machineTable(rows) {
  if (!rows.length) return h("p", { className: "none", textContent: "No state machine has such a name." });
  return table(
    "State machines",
    [["Name", "name"], ["Type", "wide"], ["Executions"], ["Latest"], ["Created", "wide"]],
    rows.map((machine) => [
      link(machineHref(machine.arn), machine.name, "strong"),
      type(machine),
      countBar(machine.counts, (status) => machineHref(machine.arn, `?status=${status}`)),
      machine.last ? lastOf(machine.last) : h("span", { className: "muted", textContent: "never started" }),
      machine.known ? moment(machine.created) : h("span", { className: "muted", title: "Its executions are kept; the machine itself is not on this server", textContent: "not on this server" }),
    ]),
  );
}

const type = (machine) => h("span", { className: "pill", textContent: machine.type === "EXPRESS" ? "Express" : "Standard" });

function lastOf(execution) {
  const made = link(executionHref(execution.arn), statusChip(execution.status, ago(execution.started)), "count");
  made.title = `${execution.name}, ${execution.status.toLowerCase().replace("_", " ")}`;
  return made;
}

function executionTable(rows) {
  const made = table(
    "Latest executions",
    [["Name", "name"], ["Status"], ["State machine"], ["Started"], ["Took", "number"]],
    rows.map((each) => [
      link(executionHref(each.arn), each.name, "strong mono"),
      statusChip(each.status),
      clipped(machineHref(each.machine), each.machine_name),
      h("span", { className: "line" }, moment(each.started), ago(each.started, "muted after")),
      took(each),
    ]),
  );
  return h("div", { className: "card" }, made);
}

/** A link whose words may be too long for their column. */
function clipped(href, words) {
  const made = link(href, words, "clip");
  made.title = words;
  return made;
}

function nothing() {
  const lines = [
    "aws stepfunctions create-state-machine \\",
    `    --endpoint-url ${location.origin} --region us-east-1 \\`,
    "    --name hello --role-arn arn:aws:iam::123456789012:role/hello \\",
    `    --definition '{"StartAt": "Hello", "States": {"Hello": {"Type": "Succeed"}}}'`,
  ];
  return h(
    "div",
    { className: "empty" },
    h("h2", { textContent: "No state machine yet" }),
    h("p", { textContent: "Make one with the AWS CLI, boto3, SAM or Terraform: all of them work against this server. It shows up here at once." }),
    h("pre", { className: "code", tabIndex: 0, textContent: lines.join("\n") }),
  );
}
