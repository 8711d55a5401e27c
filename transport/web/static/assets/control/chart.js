// Plain horizontal bars: a list that can be read without seeing it, with a bar beside each value.

import { h } from '../dom.js';

const ns = 'http://www.w3.org/2000/svg';

/** @param {string} label @param {{name: string, value: number}[]} items @param {(n: number) => string} words */
export function bars(label, items, words) {
  const most = Math.max(...items.map((i) => i.value), Number.MIN_VALUE);
  return h('ul', { class: 'bars', 'aria-label': label }, ...items.map((i) => h('li', {},
    h('span', { class: 'bars-name', title: i.name }, i.name), line(i.value / most), h('span', { class: 'bars-value' }, words(i.value)))));
}

/** Columns side by side, one a day. @param {string} label @param {{name: string, value: number}[]} items @param {(n: number) => string} words */
export function columns(label, items, words) {
  const most = Math.max(...items.map((i) => i.value), Number.MIN_VALUE);
  const list = h('ol', { class: 'columns', 'aria-label': label }, ...items.map((i, n) => {
    const bar = h('span', { class: 'column-bar' });
    bar.style.height = `${Math.max(i.value > 0 ? 2 : 0, (100 * i.value) / most)}%`;
    return h('li', { title: `${i.name}: ${words(i.value)}` }, h('span', { class: 'visually-hidden' }, `${i.name}: ${words(i.value)}`), h('span', { class: 'column-space', 'aria-hidden': 'true' }, bar),
      h('span', { class: 'column-name', 'aria-hidden': 'true' }, (items.length - 1 - n) % Math.ceil(items.length / 7) === 0 ? i.name.slice(5) : ''));
  }));
  return h('div', { class: 'columns-box' }, h('span', { class: 'muted', 'aria-hidden': 'true' }, `${words(most)} at most`), list);
}

/** @param {number} part 0 to 1 */
function line(part) {
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 100 10');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const rect = document.createElementNS(ns, 'rect');
  for (const [k, v] of Object.entries({ x: 0, y: 0, height: 10, width: Math.max(0.5, part * 100) })) rect.setAttribute(k, String(v));
  svg.append(rect);
  return svg;
}
