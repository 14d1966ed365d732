// JSON text as a tree that opens and closes. Part of one module: see view.py, SCRIPTS.
//
// JSON.parse would round large numbers, turn 1.0 into 1 and sort keys like "10": a debugger must not.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `props` are properties, or attributes where their name has a dash or is `role`. */
function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const TOKEN = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s{}[\]:,"]+)\s*/y;

/** The tree of a JSON text: {token} for a leaf, {open: "{" or "[", items: [{key, node}]} for the rest. */
function parseTree(text) {
  const top = { open: "", items: [] };
  const stack = [top];
  let key = null;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) throw new SyntaxError("not JSON");
    const around = stack[stack.length - 1];
    if (token === "}" || token === "]") stack.pop();
    else if (token === ":") key = around.items.pop().node.token;
    else if (token !== ",") {
      const node = token === "{" || token === "[" ? { open: token, items: [] } : { token };
      around.items.push({ key, node });
      key = null;
      if (node.open) stack.push(node);
    }
  }
  if (stack.length !== 1 || top.items.length !== 1) throw new SyntaxError("not JSON");
  return top.items[0].node;
}

const FIRST_ROWS = 24;
const FIRST_ITEMS = 100;
const LONG_STRING = 2000;
const KINDS = { '"': "string", t: "word", f: "word", n: "word" };

/** A payload to look at: a tree where the text is JSON, else the text. */
function jsonTree(text) {
  try {
    const tree = parseTree(text);
    const json = h("div", { className: "sfnb-json" });
    if (!tree.items?.length) json.append(treeRow(null, tree));
    else {
      openSome(tree);
      fill(json, tree);
    }
    return json;
  } catch (fault) {
    if (!(fault instanceof SyntaxError)) throw fault;
    return h("pre", { className: "sfnb-text", textContent: text });
  }
}

/** Mark what is open at first: the outer levels before the inner ones, for as long as there is room. */
function openSome(tree) {
  let rows = tree.items.length;
  const queue = [tree];
  while (queue.length && rows < FIRST_ROWS) {
    for (const { node } of queue.shift().items) {
      if (!node.items?.length || rows + node.items.length > FIRST_ROWS) continue;
      rows += node.items.length;
      node.isOpen = true;
      queue.push(node);
    }
  }
}

/** One row, with the rows below it, which are made when it is opened. */
function treeRow(key, node) {
  const name = key === null ? null : h("span", { className: "sfnb-key", textContent: plainKey(key) });
  const colon = key === null ? null : ": ";
  if (!node.open || node.items.length === 0) {
    return h("div", { className: "sfnb-row" }, name, colon, leaf(node));
  }
  const below = h("div", { className: "sfnb-below" });
  const count = `${node.items.length.toLocaleString("en")} ${node.open === "{" ? "key" : "item"}${node.items.length === 1 ? "" : "s"}`;
  const summary = h("summary", {}, name, colon, gist(node), h("span", { className: "sfnb-size", textContent: count }));
  const row = h("details", { className: "sfnb-row" }, summary, below);
  row.addEventListener("toggle", () => row.open && !below.hasChildNodes() && fill(below, node));
  if (node.isOpen) fill(below, node);
  row.open = Boolean(node.isOpen);
  return row;
}

/** The rows of an object or array, a hundred first, then a thousand at a time. */
function fill(below, node, from = 0) {
  const until = from + (from === 0 ? FIRST_ITEMS : 10 * FIRST_ITEMS);
  node.items.slice(from, until).forEach(({ key, node: item }, index) => {
    below.append(treeRow(key ?? String(from + index), item));
  });
  const left = node.items.length - until;
  if (left <= 0) return;
  const more = h("button", { className: "sfnb-link", textContent: `${left.toLocaleString("en")} more` });
  more.addEventListener("click", () => {
    more.remove();
    fill(below, node, until);
  });
  below.append(more);
}

/** What is in a closed row: the first few things, and how many there are. */
function gist(node) {
  const close = node.open === "{" ? "}" : "]";
  const shown = [];
  let length = 0;
  for (const { key, node: item } of node.items) {
    const value = item.open ? (item.items.length ? `${item.open}…` : item.open) + (item.open === "{" ? "}" : "]") : item.token;
    shown.push(key === null ? value : `${plainKey(key)}: ${value}`);
    length += shown[shown.length - 1].length + 2;
    if (length > 60 || (item.open && node.open === "[")) break;
  }
  let words = shown.join(", ").slice(0, 60);
  if (shown.length < node.items.length) words += ", …";
  else if (length > 62) words += "…";
  return h("span", { className: "sfnb-gist", textContent: node.open + words + close });
}

function leaf(node) {
  if (node.open) return h("span", { className: "sfnb-word", textContent: node.open === "{" ? "{}" : "[]" });
  const { token } = node;
  const value = h("span", { className: `sfnb-${KINDS[token[0]] ?? "number"}`, textContent: token });
  if (token.length <= LONG_STRING) return value;
  value.textContent = `${token.slice(0, LONG_STRING)}…`;
  const more = h("button", {
    className: "sfnb-link",
    textContent: `${(token.length - LONG_STRING).toLocaleString("en")} more characters`,
  });
  more.addEventListener("click", () => {
    more.remove();
    value.textContent = token;
  });
  return h("span", {}, value, " ", more);
}

/** A key without its quotes, where it can do without. */
function plainKey(key) {
  return /^"[\w$.-]+"$/.test(key) ? key.slice(1, -1) : key;
}
