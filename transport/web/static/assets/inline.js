// Inline text to nodes: an allow-list of marks, links and images; everything else stays text.
//
// One scan from left to right. Searches for a closing mark are bounded, so that hostile text costs
// time in proportion to its length.

import { h } from './dom.js';

const special = /[\\`*_~[!<\n]|https?:\/\//g;
const plainSpecial = /https?:\/\//g;
const bareURL = /https?:\/\/[^\s<>"'`]{1,2000}/y;
const escapable = /[!-/:-@[-`{-~]/;
const wordChar = /[\p{L}\p{N}]/u;
const imageData = /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;
const schemes = new Set(['http:', 'https:', 'mailto:']);
const MAX_DEPTH = 6;
const MAX_TRIES = 20;

/** @typedef {{nodes: Node[], depth: number, links: boolean, none: Set<string>, close: number}} Scan */

/**
 * Nodes for one run of Markdown text.
 * @param {string} text @param {number} [depth] @param {boolean} [links] false inside a link
 * @returns {Node[]}
 */
export function inline(text, depth = 0, links = true) {
  /** @type {Scan} */
  const scan = { nodes: [], depth, links, none: new Set(), close: 0 };
  return walk(text, special, (i) => mark(text, i, scan), scan.nodes);
}

/** Nodes for text as somebody typed it: only web addresses are recognised. @param {string} text */
export function plain(text) {
  /** @type {Scan} */
  const scan = { nodes: [], depth: 0, links: true, none: new Set(), close: 0 };
  return walk(text, plainSpecial, (i) => address(text, i, scan), scan.nodes);
}

/**
 * @param {string} text @param {RegExp} stops @param {(i: number) => number} at handles the character at
 *   i and returns where to go on, or 0 when it is plain text @param {Node[]} nodes
 */
function walk(text, stops, at, nodes) {
  let start = 0;
  let from = 0;
  for (;;) {
    stops.lastIndex = from;
    const hit = stops.exec(text);
    if (!hit) break;
    const i = hit.index;
    const before = nodes.length;
    const next = at(i);
    if (!next) {
      from = i + 1;
      continue;
    }
    if (i > start) nodes.splice(before, 0, document.createTextNode(text.slice(start, i)));
    start = from = next;
  }
  if (start < text.length) nodes.push(document.createTextNode(text.slice(start)));
  return nodes;
}

/** @param {string} text @param {number} i @param {Scan} s @returns {number} */
function mark(text, i, s) {
  switch (text[i]) {
    case '\\':
      if (i + 1 >= text.length || !escapable.test(text[i + 1])) return 0;
      s.nodes.push(document.createTextNode(text[i + 1]));
      return i + 2;
    case '\n':
      s.nodes.push(h('br'));
      return i + 1;
    case '`': return codeSpan(text, i, s);
    case '*':
    case '_': return emphasis(text, i, s);
    case '~': return text[i + 1] === '~' ? wrap(text, i, '~~', 'del', s) : 0;
    case '!': return text[i + 1] === '[' ? image(text, i, s) : 0;
    case '[': return s.links ? link(text, i, s) : 0;
    case '<': return s.links ? angle(text, i, s) : 0;
    default: return s.links ? address(text, i, s) : 0;
  }
}

/** @param {string} text @param {number} i @param {Scan} s */
function codeSpan(text, i, s) {
  let n = 1;
  while (text[i + n] === '`') n++;
  const fence = '`'.repeat(n);
  if (s.none.has(fence)) return n > 1 ? skip(text, i, n, s) : 0;
  let end = text.indexOf(fence, i + n);
  for (let tries = 0; end >= 0 && tries < MAX_TRIES; tries++) {
    if (text[end + n] !== '`' && text[end - 1] !== '`') {
      const body = text.slice(i + n, end).replaceAll('\n', ' ');
      s.nodes.push(h('code', {}, body.startsWith(' ') && body.endsWith(' ') && body.trim() ? body.slice(1, -1) : body));
      return end + n;
    }
    while (text[end] === '`') end++;
    end = text.indexOf(fence, end);
  }
  if (end < 0) s.none.add(fence);
  return skip(text, i, n, s);
}

/** Takes n characters as text, so that the rest of a long mark is not tried again. @param {string} text @param {number} i @param {number} n @param {Scan} s */
function skip(text, i, n, s) {
  s.nodes.push(document.createTextNode(text.slice(i, i + n)));
  return i + n;
}

/** @param {string} text @param {number} i @param {Scan} s */
function emphasis(text, i, s) {
  const c = text[i];
  let n = 1;
  while (text[i + n] === c) n++;
  if (n > 3) return skip(text, i, n, s);
  if (c === '_' && i > 0 && wordChar.test(text[i - 1])) return skip(text, i, n, s);
  if (n >= 2) return wrap(text, i, c + c, 'strong', s);
  return wrap(text, i, c, 'em', s);
}

/** @param {string} text @param {number} i @param {string} delim @param {'em'|'strong'|'del'} tag @param {Scan} s */
function wrap(text, i, delim, tag, s) {
  const n = delim.length;
  if (s.depth >= MAX_DEPTH || s.none.has(delim) || !text[i + n] || /\s/.test(text[i + n])) return 0;
  let end = text.indexOf(delim, i + n + 1);
  for (let tries = 0; end >= 0 && tries < MAX_TRIES; tries++) {
    // A run such as "***" closes the inner mark first, so the last characters of it are taken.
    while (n > 1 && text[end + n] === delim[0]) end++;
    const single = n > 1 || (text[end + 1] !== delim && text[end - 1] !== delim);
    const word = delim[0] === '_' && text[end + n] && wordChar.test(text[end + n]);
    if (single && !word && !/\s/.test(text[end - 1])) {
      s.nodes.push(h(tag, {}, ...inline(text.slice(i + n, end), s.depth + 1, s.links)));
      return end + n;
    }
    end = text.indexOf(delim, end + (single ? 1 : 2));
  }
  if (end < 0) s.none.add(delim);
  return 0;
}

/**
 * Finds "](target)" after position i. The position of the next "](" is kept between calls, so a
 * text full of opening brackets is scanned once.
 * @param {string} text @param {number} i first character of the label @param {Scan} s @param {number} longest
 */
function target(text, i, s, longest) {
  if (s.close < 0) return null;
  if (s.close < i) s.close = text.indexOf('](', i);
  const mid = s.close;
  if (mid < 0 || mid - i > 500) return null;
  const end = text.indexOf(')', mid);
  if (end < 0 || end - mid > longest) return null;
  let stop = end;
  const open = text.slice(mid + 2, end).split('(').length - 1;
  for (let k = 0; k < Math.min(open, 4); k++) {
    const more = text.indexOf(')', stop + 1);
    if (more < 0 || more - mid > longest) break;
    stop = more;
  }
  let url = text.slice(mid + 2, stop).trim();
  if (url.length < 2500) url = url.replace(/\s"[^"]{0,200}"$/, '').trim().replace(/^<(.*)>$/, '$1');
  return { label: text.slice(i, mid), url, next: stop + 1 };
}

/** @param {string} text @param {number} i @param {Scan} s */
function link(text, i, s) {
  const t = target(text, i + 1, s, 2000);
  const u = t && safeURL(t.url);
  if (!t || !u || t.label.includes('\n\n')) return 0;
  pushLink(u, inline(t.label, s.depth + 1, false), t.label, s);
  return t.next;
}

/** @param {string} text @param {number} i @param {Scan} s */
function angle(text, i, s) {
  const end = text.indexOf('>', i);
  if (end < 0 || end - i > 2000) return 0;
  const inner = text.slice(i + 1, end);
  const u = /\s/.test(inner) ? null : safeURL(inner);
  if (!u) return 0;
  pushLink(u, [document.createTextNode(inner)], inner, s);
  return end + 1;
}

/** @param {string} text @param {number} i @param {Scan} s */
function address(text, i, s) {
  bareURL.lastIndex = i;
  const hit = bareURL.exec(text);
  if (!hit) return 0;
  let url = hit[0];
  for (;;) {
    const last = url[url.length - 1];
    const unbalanced = last === ')' && url.split(')').length > url.split('(').length;
    if (!'.,;:!?*_~]}'.includes(last) && !unbalanced) break;
    url = url.slice(0, -1);
  }
  const u = safeURL(url);
  if (!u) return 0;
  pushLink(u, [document.createTextNode(url)], url, s);
  return i + url.length;
}

/** @param {URL} u @param {Node[]} children @param {string} label @param {Scan} s */
function pushLink(u, children, label, s) {
  s.nodes.push(h('a', { href: u.href, rel: 'noopener noreferrer nofollow', target: '_blank', title: u.href }, ...children));
  const shown = u.protocol === 'mailto:' ? u.pathname : u.host;
  if (!label.includes(shown)) s.nodes.push(h('span', { class: 'host' }, ` (${shown})`));
}

/**
 * Attached images arrive as data URLs. Anything else would make the browser fetch what a stranger
 * named, so it becomes a link.
 * @param {string} text @param {number} i @param {Scan} s
 */
function image(text, i, s) {
  const t = target(text, i + 2, s, 8_000_000);
  if (!t) return 0;
  const label = t.label || 'image';
  if (imageData.test(t.url)) {
    s.nodes.push(h('img', { src: t.url, alt: label, loading: 'lazy' }));
    return t.next;
  }
  const u = s.links ? safeURL(t.url) : null;
  if (!u) return 0;
  pushLink(u, [document.createTextNode(label)], label, s);
  return t.next;
}

/** @param {string} text @returns {URL | null} the address, if a click on it is harmless */
export function safeURL(text) {
  try {
    const u = new URL(text);
    return schemes.has(u.protocol) ? u : null;
  } catch {
    return null;
  }
}
