// Small helpers to build nodes. Text always goes in as text; nothing here parses markup.

/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * Makes an element. Keys of props: "class", "on*" listeners, "data-*" and other attributes;
 * false, null and undefined leave the attribute out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on') && typeof value === 'function') el.addEventListener(name.slice(2), value);
    else el.setAttribute(name, value === true ? '' : String(value));
  }
  append(el, children);
  return el;
}

/** @param {Node} el @param {Child[]} children */
export function append(el, children) {
  for (const c of children) {
    if (c === null || c === undefined || c === false) continue;
    el.appendChild(c instanceof Node ? c : document.createTextNode(String(c)));
  }
}

/** @param {string} id @returns {any} */
export function byId(id) {
  const el = document.getElementById(id);
  if (!el) throw new Error(`no element #${id}`);
  return el;
}

/** Reads a meta tag of the page. @param {string} name */
export function meta(name) {
  return document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') || '';
}

/**
 * Brings the children of parent to exactly this list, touching only what differs.
 * @param {Element} parent @param {Node[]} nodes
 */
export function reconcile(parent, nodes) {
  const keep = new Set(nodes);
  for (const old of [...parent.childNodes]) if (!keep.has(old)) old.remove();
  let at = parent.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
  }
}

/**
 * Writes a property only when it differs: a view is drawn on every frame in which anything has changed, and live regions, focus
 * and layout are left alone by what is as it was.
 * @param {any} target @param {string} key @param {any} value
 */
export function set(target, key, value) {
  if (target[key] !== value) target[key] = value;
}

/** Copies text to the clipboard, also where the page is not a secure context. @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
