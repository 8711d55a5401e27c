// What is asked of a page. It runs beside the page's own scripts, which cannot reach it.
var kept = globalThis.kept ??= { refs: [] };

var roles = {
  A: "link", BUTTON: "button", TEXTAREA: "textbox", SELECT: "combobox", OPTION: "option", IMG: "img", NAV: "navigation", MAIN: "main",
  FORM: "form", TABLE: "table", TR: "row", TD: "cell", TH: "columnheader", UL: "list", OL: "list", LI: "listitem", DIALOG: "dialog",
  H1: "heading", H2: "heading", H3: "heading", H4: "heading", H5: "heading", H6: "heading", SUMMARY: "button", IFRAME: "frame",
};
var inputs = { button: "button", submit: "button", reset: "button", image: "button", checkbox: "checkbox", radio: "radio", range: "slider", file: "file" };
var named = new Set(["link", "button", "heading", "img", "option", "tab", "menuitem", "checkbox", "radio", "switch", "cell", "columnheader"]);

function roleOf(el) {
  const given = el.getAttribute("role");
  if (given) return given;
  if (el.tagName === "INPUT") return inputs[el.type] ?? "textbox";
  if (el.isContentEditable && el.parentElement && !el.parentElement.isContentEditable) return "textbox";
  if (el.tagName === "A" && !el.hasAttribute("href")) return "";
  return roles[el.tagName] ?? "";
}

var tidy = (s, n) => { s = (s ?? "").replace(/\s+/g, " ").trim(); return s.length > n ? s.slice(0, n) + "…" : s; };

function nameOf(el, role) {
  const by = (el.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean).map((id) => document.getElementById(id)?.innerText ?? "").join(" ");
  const label = el.labels?.length ? [...el.labels].map((l) => l.innerText).join(" ") : "";
  const own = named.has(role) ? el.innerText : "";
  const value = el.tagName === "INPUT" && role === "button" ? el.value : "";
  return tidy(by || el.getAttribute("aria-label") || label || el.getAttribute("alt") || own || value || el.getAttribute("placeholder") || el.getAttribute("title"), 200);
}

function acts(el, role) {
  return ["link", "button", "textbox", "combobox", "checkbox", "radio", "slider", "file", "tab", "menuitem", "switch", "option", "searchbox"].includes(role) && el.tagName !== "OPTION"
    || el.hasAttribute("onclick") || el.tabIndex >= 0 && el.hasAttribute("tabindex");
}

var seen = (el) => el.checkVisibility ? el.checkVisibility({ visibilityProperty: true }) : el.getClientRects().length > 0;

function stateOf(el, role) {
  let s = "";
  if (el.disabled) s += " disabled";
  if (el.checked) s += " checked";
  if (el.required) s += " required";
  if (role === "heading") s += " level=" + (el.getAttribute("aria-level") ?? el.tagName.slice(1));
  if (role === "textbox" && el.value && el.type !== "password") s += " value=" + JSON.stringify(tidy(el.value, 100));
  if (el.tagName === "SELECT") s += " value=" + JSON.stringify(tidy(el.selectedOptions[0]?.text, 60)) + " options=" + JSON.stringify([...el.options].slice(0, 30).map((o) => tidy(o.text, 40)));
  if (role === "link" && el.href) s += " → " + el.href.slice(0, 200);
  return s;
}

function snapshot(limit) {
  kept.refs = [];
  const out = [];
  let size = 0, cut = false;
  const say = (depth, text) => {
    const line = "  ".repeat(Math.min(depth, 12)) + text;
    if ((size += line.length + 1) > limit) cut = true;
    if (!cut) out.push(line);
  };
  const walk = (node, depth, within) => {
    if (cut) return;
    if (node.nodeType === Node.TEXT_NODE) {
      const text = tidy(node.data, 1000);
      if (text && !within) say(depth, text);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "SVG", "svg", "HEAD"].includes(node.tagName)) return;
    if (node.getAttribute("aria-hidden") === "true" || !seen(node) && getComputedStyle(node).display !== "contents") return;
    const role = roleOf(node);
    let next = depth, inName = within;
    if (role) {
      const name = nameOf(node, role);
      const can = acts(node, role);
      if (name || can || role !== "img") {
        let ref = "";
        if (can) ref = " [ref=e" + kept.refs.push(node) + "]";
        say(depth, "- " + role + (name ? " " + JSON.stringify(name) : "") + ref + stateOf(node, role));
        next = depth + 1;
        inName = within || named.has(role) && !!name;
      }
    } else if (acts(node, role)) {
      say(depth, "- clickable " + JSON.stringify(tidy(node.innerText, 200)) + " [ref=e" + kept.refs.push(node) + "]");
      next = depth + 1;
      inName = true;
    }
    if (node.tagName === "SELECT" || node.tagName === "TEXTAREA") return;
    for (const c of node.shadowRoot?.childNodes ?? []) walk(c, next, inName);
    for (const c of node.childNodes) walk(c, next, inName);
  };
  if (document.body) walk(document.body, 0, false);
  if (cut) out.push("…(the page goes on)");
  return out.join("\n") || "(an empty page)";
}

function found(ref) {
  const m = /^e(\d+)$/.exec(ref);
  if (!m) throw new Error("ref: give one of the snapshot, such as e3");
  const el = kept.refs[m[1] - 1];
  if (!el?.isConnected) throw new Error("ref: " + ref + " is not in the page (any more): take a new snapshot");
  return el;
}

function point(ref) {
  const el = found(ref);
  if (el.disabled) throw new Error("ref: " + ref + " is disabled");
  el.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
  const r = el.getBoundingClientRect();
  if (!r.width || !r.height) throw new Error("ref: " + ref + " is not to be seen");
  const at = { X: r.left + r.width / 2, Y: r.top + r.height / 2 };
  const top = el.getRootNode().elementFromPoint(at.X, at.Y);
  if (top && top !== el && !el.contains(top) && !top.contains(el) && !top.closest("label")?.contains(el)) {
    throw new Error("ref: " + ref + " is covered by something else (" + tidy(top.tagName.toLowerCase() + " " + top.innerText, 60) + ")");
  }
  return at;
}

function focus(ref) {
  const el = found(ref);
  if (el.disabled || el.readOnly) throw new Error("ref: " + ref + " takes no text");
  el.scrollIntoView({ block: "center", behavior: "instant" });
  el.focus();
}

function empty(ref) {
  focus(ref);
  const el = found(ref);
  if (el.select) el.select();
  else getSelection().selectAllChildren(el);
  document.execCommand("delete");
}

function choose(ref, values) {
  const el = found(ref);
  if (el.tagName !== "SELECT") throw new Error("ref: " + ref + " is no list to choose from");
  const options = [...el.options];
  const wanted = values.map((v) => options.find((o) => o.value === v) ?? options.find((o) => tidy(o.text, 1e9) === v));
  if (!wanted.length || wanted.includes(undefined)) throw new Error("values: there are " + JSON.stringify(options.slice(0, 40).map((o) => o.text)));
  for (const o of options) o.selected = wanted.includes(o);
  el.dispatchEvent(new Event("input", { bubbles: true }));
  el.dispatchEvent(new Event("change", { bubbles: true }));
}

function fileField(ref) {
  const el = found(ref);
  if (el.tagName !== "INPUT" || el.type !== "file") throw new Error("ref: " + ref + " is no field for files");
}
