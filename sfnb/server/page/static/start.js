// The form that starts an execution.

import { h } from "./view.js";
import { act, executionHref } from "./parts.js";

const TAKEN = "An execution is called so already. Choose another name, or leave it empty to have one made up.";

/** Ask for an input and a name, and go to the execution that is started. `input`: what stands there at first. */
export function startDialog(frame, machine, input) {
  const text = h("textarea", { id: "start-input", rows: 14, spellcheck: false, value: input, "aria-describedby": "start-fault" });
  const name = h("input", { id: "start-name", type: "text", maxLength: 80, placeholder: "made up if left empty", autocomplete: "off" });
  const fault = h("p", { id: "start-fault", className: "fault", role: "status" });
  const begin = h("button", { type: "submit", className: "primary", textContent: "Start execution", title: "Ctrl + Enter" });
  const tidy = h("button", { type: "button", textContent: "Format" });
  const close = h("button", { type: "button", textContent: "Cancel" });
  const which = chooser(machine.starts ?? []);
  const form = h(
    "form",
    { method: "dialog" },
    h("h2", { textContent: "Start execution" }),
    h("p", { className: "muted", textContent: machine.name }),
    h("label", { htmlFor: "start-input" }, "Input ", h("span", { className: "muted", textContent: "JSON" })),
    text,
    fault,
    which && h("label", { htmlFor: "start-which" }, "What runs"),
    which,
    h("label", { htmlFor: "start-name" }, "Name ", h("span", { className: "muted", textContent: "optional" })),
    name,
    h("div", { className: "buttons" }, tidy, h("span", { className: "space" }), close, begin),
  );
  const dialog = h("dialog", { "aria-label": `Start an execution of ${machine.name}` }, form);

  /** Whether what stands there is JSON; says where it is not. */
  function check() {
    const told = faultOf(text.value);
    fault.textContent = told ?? "";
    text.setAttribute("aria-invalid", String(told !== null));
    tidy.disabled = begin.disabled = told !== null;
    return told === null;
  }

  text.addEventListener("input", check);
  tidy.addEventListener("click", () => (text.value = tidied(text.value)));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!check()) return;
    begin.disabled = true;
    try {
      const { arn } = await act("start", { machine: which?.value ?? machine.arn, input: text.value, name: name.value.trim() });
      remember(machine.arn, text.value);
      dialog.close();
      frame.go(executionHref(arn));
    } catch (refused) {
      fault.textContent = refused.error === "ExecutionAlreadyExists" ? TAKEN : refused.message;
      begin.disabled = false;
    }
  });
  document.body.append(dialog);
  check();
  dialog.showModal();
  text.focus();
}

/** Which of a machine's versions or aliases is started; null where there is the machine alone. */
function chooser(starts) {
  if (starts.length < 2) return null;
  const words = { machine: () => "the latest definition", alias: ({ name }) => `alias ${name}`, version: ({ name }) => `version ${name}` };
  return h("select", { id: "start-which" }, ...starts.map((each) => h("option", { value: each.arn, textContent: words[each.kind](each) })));
}

/** What is wrong with a text as JSON, and where; null where nothing is. */
function faultOf(text) {
  try {
    JSON.parse(text);
    return null;
  } catch {
    const at = wrongAt(text);
    const before = text.slice(0, at).split("\n");
    if (!text.trim()) return "An input is JSON, such as {}.";
    const where = `in line ${before.length}, column ${before.at(-1).length + 1}`;
    if (at >= text.length) return `This is not JSON yet: it ends too early, ${where}.`;
    return `This is not JSON: it cannot go on with ‘${text.slice(at, at + 12).split("\n")[0]}’ ${where}.`;
  }
}

const SPACE = /[ \t\n\r]*/y;
const SCALAR = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Where a text stops being JSON: browsers do not say so alike, and often not at all. */
function wrongAt(text) {
  let at = 0;
  const around = [];
  let wanted = "value";
  const skip = () => {
    SPACE.lastIndex = at;
    SPACE.exec(text);
    at = SPACE.lastIndex;
  };
  for (skip(); at < text.length; skip()) {
    const char = text[at];
    const inside = around.at(-1);
    if (wanted === "more" && char === ",") wanted = inside === "{" ? "key" : "value";
    else if (wanted === "colon" && char === ":") wanted = "value";
    else if ((char === "}" && inside === "{" && ["more", "first key"].includes(wanted)) || (char === "]" && inside === "[" && ["more", "first value"].includes(wanted))) {
      around.pop();
      wanted = around.length ? "more" : "nothing";
    } else if (wanted.endsWith("value") && (char === "{" || char === "[")) {
      around.push(char);
      wanted = char === "{" ? "first key" : "first value";
    } else if (wanted.endsWith("value") || wanted.endsWith("key")) {
      SCALAR.lastIndex = at;
      const found = SCALAR.exec(text)?.[0];
      if (found === undefined || (wanted.endsWith("key") && found[0] !== '"')) return at;
      at += found.length - 1;
      wanted = wanted.endsWith("key") ? "colon" : around.length ? "more" : "nothing";
    } else return at;
    at += 1;
  }
  return at;
}

/** The text on lines of its own. Numbers too long for JavaScript would come out another: then it stays. */
export function tidied(text) {
  const value = JSON.parse(text);
  const same = JSON.stringify(value).length === text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1").length;
  return same ? JSON.stringify(value, null, 2) : text;
}

const KEY = "sfnb-input ";

function remember(arn, text) {
  try {
    sessionStorage.setItem(KEY + arn, text);
  } catch {
    /* it is full, or not to be had: then the form begins empty */
  }
}

/** The input that was given to this machine last, from this tab. */
export function remembered(arn) {
  try {
    return sessionStorage.getItem(KEY + arn) ?? "{}";
  } catch {
    return "{}";
  }
}
