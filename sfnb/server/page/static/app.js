// The frame around all pages: the bar at the top, and which page an address means.

import { h } from "./view.js";
import { Fault, lastPart, link, machineHref, tick } from "./parts.js";
import { machinesPage } from "./machines.js";
import { machinePage } from "./machine.js";
import { executionPage } from "./execution.js";

const crumbs = h("nav", { "aria-label": "Where you are", className: "crumbs" });
const where = h("span", { className: "where" });
const main = h("main", { id: "main", tabIndex: -1 });
const skip = h("a", { className: "skip", href: "#main", textContent: "Skip to the content" });
const brand = h("a", { href: "/", className: "brand", "aria-label": "Step Functions, all state machines" });
brand.append(h("img", { src: "/page/assets/icon.svg", alt: "", width: 22, height: 22 }));
const offline = h("p", { className: "offline-note", role: "status", textContent: "The server does not answer. Trying again…" });
document.body.append(skip, h("header", { className: "bar" }, brand, crumbs, h("span", { className: "space" }), where), offline, main);

let leave = () => {};
let turn = 0;

/** What pages get of the frame. */
const frame = {
  go(href) {
    history.pushState(null, "", href);
    show();
  },
  /** Draw the page anew. */
  again: () => void show(),
  /** Keep how a page is looked at in its address, without a step to go back. */
  note(query) {
    const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();
    history.replaceState(null, "", location.pathname + (words ? `?${words}` : ""));
  },
  title(words, ...steps) {
    document.title = words;
    const all = [["State machines", "/"], ...steps];
    crumbs.replaceChildren(
      ...all.flatMap(([name, href], index) => {
        const last = index === all.length - 1;
        const step = last ? h("span", { "aria-current": "page", textContent: name }) : link(href, name);
        return index ? [h("span", { className: "sep", "aria-hidden": "true", textContent: "/" }), step] : [step];
      }),
    );
  },
  account(words) {
    where.textContent = words;
  },
};

const PAGES = { machines: machinePage, executions: executionPage };

async function show() {
  const mine = ++turn;
  leave();
  leave = () => {};
  const [, kind, ...rest] = location.pathname.split("/");
  const arn = decoded(rest.join("/"));
  const root = h("div", { className: "page" });
  const draw = PAGES[kind] ?? machinesPage;
  const [, , , region, account] = arn.split(":");
  if (account) frame.account(`${region} · ${account}`);
  try {
    const over = await draw(root, frame, arn, new URLSearchParams(location.search));
    if (mine !== turn) return over();
    leave = over;
  } catch (fault) {
    if (mine !== turn) return;
    root.replaceChildren(trouble(fault, kind, arn));
    frame.title("Not found", ...(kind === "executions" || kind === "machines" ? [[lastPart(arn), ""]] : []));
    if (!(fault instanceof Fault)) console.error(fault);
  }
  main.replaceChildren(root);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** The path's text; one that is none, as a link that was cut may be, stays as it is. */
function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function trouble(fault, kind, arn) {
  const found = fault instanceof Fault && fault.status === 404;
  const parts = arn.split(":");
  const machine = kind === "executions" && parts.length > 7 ? [...parts.slice(0, 5), "stateMachine", parts[6].split("/")[0]].join(":") : null;
  return h(
    "section",
    { className: "empty", role: "alert" },
    h("h1", { textContent: found ? "There is nothing here" : "That did not work" }),
    h("p", { textContent: fault.message }),
    h("p", {}, ...(machine ? [link(machineHref(machine), `Executions of ${lastPart(machine)}`), " · "] : []), link("/", "All state machines")),
  );
}

document.addEventListener("click", (event) => {
  const anchor = event.target.closest("a[href^='/']");
  if (!anchor || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  frame.go(anchor.getAttribute("href"));
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select, dialog")) return;
  const search = main.querySelector("input[type='search']");
  if (!search) return;
  event.preventDefault();
  search.focus();
});
addEventListener("popstate", show);
setInterval(() => document.hidden || tick(), 1000);
show();
