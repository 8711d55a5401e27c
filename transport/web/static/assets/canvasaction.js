// What a person did on a canvas reaches the agent as a line of words that are made for it (bridge-canvas 5.8). People see what
// was done instead.

import { h } from './dom.js';
import { icon } from './icons.js';

const MAX_VALUE = 200; // characters of one value
const MAX_VALUES = 12;

const line = /^CANVAS_A2UI action=(\S+) session=\S+ surface=(\S+) component=(\S+) host=(\S+) instance=\S+(?: ctx=(\{[^]*\}))? default=update_canvas$/;

/**
 * @typedef {{name: string, host: string, component: string, given: [string, string][]}} Done
 * @param {string} text of a message
 * @returns {Done | null} null: it is no such line
 */
export function canvasAction(text) {
  const m = line.exec(text.trim());
  if (!m) return null;
  let context;
  try { context = JSON.parse(m[5] || '{}'); } catch { return null; }
  const word = (/** @type {unknown} */ v) => (typeof v === 'string' ? v : v === true ? 'yes' : v === false ? 'no' : JSON.stringify(v) ?? '');
  const short = (/** @type {string} */ s) => (s.length > MAX_VALUE ? `${s.slice(0, MAX_VALUE)}…` : s);
  const all = Object.entries(context);
  /** @type {[string, string][]} */
  const given = all.slice(0, MAX_VALUES).map(([k, v]) => [short(k), short(word(v))]);
  if (all.length > MAX_VALUES) given.push(['', `and ${all.length - MAX_VALUES} more`]);
  return { name: m[1], host: m[4], component: m[3], given };
}

/** @param {Done} done */
export function actionCard(done) {
  const where = done.host === 'WebChat' ? 'on the canvas' : `on the canvas of ${done.host}`;
  return h('div', { class: 'canvas-action', title: `Component ${done.component}` },
    h('div', {}, icon('canvas'), h('b', {}, done.name), ' ', h('span', { class: 'muted' }, where)),
    done.given.length ? h('dl', {}, ...done.given.flatMap(([k, v]) => [h('dt', {}, k), h('dd', {}, v)])) : null);
}
