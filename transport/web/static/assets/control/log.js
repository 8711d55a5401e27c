// Log: the gateway's log file as it grows, by level and by words. It follows while it is at its end.

import { h } from '../dom.js';
import { exact } from '../time.js';
import { choice, finder, section } from './ui.js';

const KEPT = 2000; // lines on the page
const FIRST = 500;

/** @typedef {{ at: number, level: string, text: string, more: string, all: string }} Line */

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const out = h('div', { class: 'log', role: 'log', 'aria-label': 'Log', 'aria-live': 'off', tabindex: '0' });
  const file = h('span', { class: 'muted' });
  const pause = h('button', { class: 'button', type: 'button', 'aria-pressed': 'false' }, 'Pause');
  /** @type {Line[]} */
  let lines = [];
  let cursor = '';
  let level = 'info';
  let text = '';
  let still = false;
  const fits = (/** @type {Line} */ l) => !text || l.all.includes(text);
  const draw = (/** @type {Line[]} */ added) => {
    const end = out.scrollHeight - out.scrollTop - out.clientHeight < 24;
    out.append(...added.filter(fits).map(row));
    while (out.childElementCount > KEPT) out.firstElementChild?.remove();
    if (end) out.scrollTop = out.scrollHeight;
  };
  const again = () => {
    lines = [];
    cursor = '';
    out.replaceChildren();
    ctx.again();
  };
  pause.addEventListener('click', () => {
    still = !still;
    pause.setAttribute('aria-pressed', String(still));
    pause.textContent = still ? 'Go on' : 'Pause';
    if (!still) ctx.again();
  });
  ctx.root.classList.add('fill');
  ctx.root.append(section('Log', h('div', { class: 'bar' },
    choice('From which level', [['debug', 'Debug'], ['info', 'Info'], ['warn', 'Warnings'], ['error', 'Errors']], level, (v) => { level = v; again(); }),
    finder('Find in the log', (t) => { text = t; out.replaceChildren(); draw(lines); }), pause, file), out));
  return {
    every: 1500,
    read: () => (still ? Promise.resolve({ level, lines: [] }) : ctx.client.call('logs.tail', { level, limit: FIRST, ...(cursor ? { cursor } : {}) }).then((r) => ({ ...r, level }))),
    draw: (d) => {
      if (d.level !== level) return; // asked before the level was chosen
      if (d.cursor) cursor = d.cursor;
      if (d.file) file.textContent = d.file;
      if (d.reset || d.truncated && lines.length) d.lines.unshift(JSON.stringify({ level: 'warn', message: d.reset ? '— a new file —' : '— some lines are left out —' }));
      const added = d.lines.map(read);
      lines = [...lines, ...added].slice(-KEPT);
      draw(added);
    },
  };
}

/** One line of the file: JSON by the gateway, anything by others. @param {string} raw @returns {Line} */
function read(raw) {
  let o;
  try { o = JSON.parse(raw); } catch { o = null; }
  if (!o || typeof o !== 'object') return { at: 0, level: 'info', text: raw, more: '', all: raw.toLowerCase() };
  const { time, level, message, ...rest } = o;
  const more = Object.entries(rest).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`).join(' ');
  const text = typeof message === 'string' ? message : JSON.stringify(message ?? '');
  return { at: Date.parse(time) || 0, level: String(level || 'info').toLowerCase(), text, more, all: `${text} ${more} ${level}`.toLowerCase() };
}

/** @param {Line} l */
const row = (l) => h('div', { class: 'log-line', 'data-level': l.level },
  h('time', { title: l.at ? exact(l.at) : '' }, l.at ? new Date(l.at).toLocaleTimeString([], { hour12: false }) : ''), h('span', { class: 'log-level' }, l.level), h('span', { class: 'log-text' }, l.text, l.more ? h('span', { class: 'muted' }, ` ${l.more}`) : null));
