// Markdown to nodes. Blocks are split first and compared with what an element shows already, so a
// text that grows at its end redraws only its last block.

import { h, copyText } from './dom.js';
import { icon } from './icons.js';
import { inline } from './inline.js';

/**
 * @typedef {{
 *   type: 'code'|'heading'|'rule'|'quote'|'list'|'table'|'para', src: string,
 *   text?: string, lang?: string, level?: number, start?: number, ordered?: boolean,
 *   items?: string[], rows?: string[][],
 * }} Block
 */

const fence = /^ {0,3}(`{3,}|~{3,})\s*([^\s`]{0,40})/;
const heading = /^ {0,3}(#{1,6})\s+(\S.*)$/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const bullet = /^( {0,3})([-*+]|\d{1,9}[.)])(?:\s+(.*)|)$/;
const tableRule = /^:?-+:?$/;
const MAX_DEPTH = 6;

/** What each element shows now. @type {WeakMap<Element, Block[]>} */
const shown = new WeakMap();

/** Shows Markdown in an element, reusing the blocks that have not changed. @param {Element} el @param {string} text */
export function renderMarkdown(el, text) {
  const next = blocks(text);
  const now = shown.get(el) || [];
  let same = 0;
  while (same < now.length && same < next.length && now[same].src === next[same].src && now[same].type === next[same].type) same++;
  while (el.childNodes.length > same) el.lastChild?.remove();
  for (const b of next.slice(same)) el.append(node(b, 0));
  shown.set(el, next);
}

/** Splits text into blocks. @param {string} text @returns {Block[]} */
export function blocks(text) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  /** @type {Block[]} */
  const out = [];
  let i = 0;
  while (i < lines.length) {
    if (!lines[i].trim()) {
      i++;
      continue;
    }
    const from = i;
    const [block, next] = read(lines, i);
    i = next;
    block.src = lines.slice(from, next).join('\n');
    out.push(block);
  }
  return out;
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} the block at i and the line after it */
function read(lines, i) {
  const line = lines[i];
  let m;
  if ((m = fence.exec(line))) return readCode(lines, i, m[1], m[2]);
  if ((m = heading.exec(line))) return [{ type: 'heading', src: '', level: m[1].length, text: withoutHashes(m[2]) }, i + 1];
  if (rule.test(line)) return [{ type: 'rule', src: '' }, i + 1];
  if (isQuote(line)) return readQuote(lines, i);
  if (bullet.test(line)) return readList(lines, i);
  if (isTable(lines, i)) return readTable(lines, i);
  let end = i + 1;
  while (end < lines.length && lines[end].trim() && !interrupts(lines, end)) end++;
  return [{ type: 'para', src: '', text: lines.slice(i, end).map((l) => l.trim()).join('\n') }, end];
}

/** Drops the closing marks of a heading. @param {string} text */
function withoutHashes(text) {
  const t = text.trimEnd();
  let end = t.length;
  while (t[end - 1] === '#') end--;
  return end < t.length && (end === 0 || t[end - 1] === ' ') ? t.slice(0, end).trimEnd() : t;
}

/** @param {string} line */
const isQuote = (line) => /^ {0,3}>/.test(line);

/** @param {string[]} lines @param {number} i */
const isTable = (lines, i) => lines[i].includes('|') && i + 1 < lines.length && lines[i + 1].includes('-')
  && cells(lines[i + 1]).every((c) => tableRule.test(c)) && cells(lines[i]).length === cells(lines[i + 1]).length;

/** Whether line i starts a block also in the middle of a paragraph. @param {string[]} lines @param {number} i */
function interrupts(lines, i) {
  const line = lines[i];
  return fence.test(line) || heading.test(line) || rule.test(line) || isQuote(line) || isTable(lines, i)
    || (bullet.test(line) && /^ {0,3}(?:[-*+]|1[.)])\s+\S/.test(line));
}

/** @param {string[]} lines @param {number} i @param {string} mark @param {string} lang @returns {[Block, number]} */
function readCode(lines, i, mark, lang) {
  let end = i + 1;
  const closes = (/** @type {string} */ l) => l.trim().startsWith(mark) && !l.trim().replaceAll(mark[0], '');
  while (end < lines.length && !closes(lines[end])) end++;
  return [{ type: 'code', src: '', lang, text: lines.slice(i + 1, end).join('\n') }, Math.min(end + 1, lines.length)];
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} */
function readQuote(lines, i) {
  let end = i;
  while (end < lines.length && isQuote(lines[end])) end++;
  return [{ type: 'quote', src: '', text: lines.slice(i, end).map((l) => l.replace(/^ {0,3}> ?/, '')).join('\n') }, end];
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} */
function readList(lines, i) {
  const first = /** @type {RegExpExecArray} */ (bullet.exec(lines[i]));
  const ordered = /\d/.test(first[2]);
  /** @type {string[][]} */
  const items = [];
  let indent = 0;
  let end = i;
  for (; end < lines.length; end++) {
    const line = lines[end];
    const m = bullet.exec(line);
    const lead = line.length - line.trimStart().length;
    if (items.length && line.trim() && lead >= indent) {
      items[items.length - 1].push(line.slice(indent));
    } else if (m && /\d/.test(m[2]) === ordered && !rule.test(line)) {
      indent = m[1].length + m[2].length + 1;
      items.push([m[3] || '']);
    } else if (!line.trim()) {
      const after = lines[end + 1];
      if (after === undefined || !after.trim() || (after.length - after.trimStart().length < indent && !bullet.test(after))) break;
      items[items.length - 1].push('');
    } else if (items.length && lines[end - 1].trim() && !interrupts(lines, end)) {
      items[items.length - 1].push(line.trim());
    } else {
      break;
    }
  }
  return [{ type: 'list', src: '', ordered, start: parseInt(first[2], 10) || 1, items: items.map((l) => l.join('\n')) }, end];
}

/** @param {string[]} lines @param {number} i @returns {[Block, number]} */
function readTable(lines, i) {
  const rows = [cells(lines[i])];
  let end = i + 2;
  for (; end < lines.length && lines[end].includes('|'); end++) rows.push(cells(lines[end]));
  return [{ type: 'table', src: '', rows }, end];
}

/** @param {string} line */
function cells(line) {
  const t = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return t.split(/(?<!\\)\|/).slice(0, 50).map((c) => c.trim().replaceAll('\\|', '|'));
}

/** @param {Block} b @param {number} depth @returns {Node} */
function node(b, depth) {
  const text = b.text || '';
  switch (b.type) {
    case 'code': return codeBlock(text, b.lang || '');
    case 'heading': return h(/** @type {'h3'} */ (`h${Math.min(6, (b.level || 1) + 2)}`), {}, ...inline(text));
    case 'rule': return h('hr');
    case 'quote': return h('blockquote', {}, ...nested(text, depth));
    case 'list': return list(b, depth);
    case 'table': return table(b.rows || []);
    default: return h('p', {}, ...inline(text));
  }
}

/** @param {string} text @param {number} depth */
function nested(text, depth) {
  return depth >= MAX_DEPTH ? [document.createTextNode(text)] : blocks(text).map((b) => node(b, depth + 1));
}

/** @param {Block} b @param {number} depth */
function list(b, depth) {
  const items = (b.items || []).map((text) => {
    const task = /^\[([ xX])\]\s+/.exec(text);
    const body = task ? text.slice(task[0].length) : text;
    const box = task && h('input', { type: 'checkbox', disabled: true, checked: task[1] !== ' ', 'aria-label': task[1] === ' ' ? 'open' : 'done' });
    const parts = depth >= MAX_DEPTH ? [] : blocks(body);
    const kids = depth >= MAX_DEPTH ? [document.createTextNode(body)]
      : parts.flatMap((p, k) => (p.type === 'para' && k === 0 ? inline(p.text || '') : [node(p, depth + 1)]));
    return h('li', { class: task && 'task' }, box, box && ' ', ...kids);
  });
  return b.ordered ? h('ol', { start: b.start === 1 ? null : b.start }, ...items) : h('ul', {}, ...items);
}

/** @param {string[][]} rows */
function table(rows) {
  const [head, ...body] = rows;
  return h('div', { class: 'table', tabindex: '0', role: 'group', 'aria-label': 'Table' }, h('table', {},
    h('thead', {}, h('tr', {}, ...head.map((c) => h('th', { scope: 'col' }, ...inline(c))))),
    h('tbody', {}, ...body.map((r) => h('tr', {}, ...head.map((_, k) => h('td', {}, ...inline(r[k] || ''))))))));
}

/** @param {string} text @param {string} lang */
function codeBlock(text, lang) {
  const label = h('span', {}, 'Copy');
  const copy = h('button', { type: 'button', onclick: () => copyText(text).then(() => {
    label.textContent = 'Copied';
    setTimeout(() => { label.textContent = 'Copy'; }, 1500);
  }, () => { label.textContent = 'Not copied'; }) }, icon('copy', 'small'), label);
  return h('div', { class: 'code' },
    h('div', { class: 'bar' }, h('span', { class: 'mono' }, lang || 'text'), copy),
    h('pre', { tabindex: '0' }, h('code', {}, text)));
}
