// Actors: the supervision tree as it is now. What is stuck, behind or restarting stands above everything else.

import { h } from '../dom.js';
import { Rows } from './rows.js';
import { actorState, firstLine } from './states.js';
import { choice, count, facts, figure, finder, section, span } from './ui.js';

/** @typedef {import('./states.js').Actor} Actor */

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const figures = h('div', { class: 'figures' });
  const stuck = new Rows(ctx, { label: 'Actors that stand out', nothing: ['No actor is stuck, behind or restarting.'] });
  const tree = new Rows(ctx, { label: 'All actors', nothing: ['No actor fits.'] });
  /** @type {Actor[]} */
  let actors = [];
  let text = '';
  let only = 'all';
  /** How far each is down the tree. @type {Map<string, number>} */
  let depths = new Map();
  const show = () => tree.show(actors.filter((a) => (!text || `${a.path} ${a.kind} ${a.current || ''}`.toLowerCase().includes(text)) && fits(a, only)), (a) => actorRow(a, !text && only === 'all' ? depths.get(a.path) : undefined));
  const part = section('All actors', h('div', { class: 'bar' }, finder('Find an actor', (t) => { text = t; show(); }),
    choice('Which actors', [['all', 'All'], ['working', 'Working'], ['restarted', 'Restarted']], only, (v) => { only = v; show(); })), tree.box);
  ctx.root.append(figures, section('What stands out', stuck.box), part);
  return {
    get every() { return actors.length > 1000 ? 10_000 : 2_000; }, // thousands of them are megabytes
    read: () => ctx.client.call('actors.list'),
    draw: (d) => {
      actors = d.actors || []; // by path: a parent comes before its children
      depths = new Map();
      for (const a of actors) depths.set(a.path, a.parent ? (depths.get(a.parent) ?? -1) + 1 : 0);
      const out = actors.filter((a) => actorState(a).why);
      const sum = (/** @type {(a: Actor) => number} */ f) => actors.reduce((n, a) => n + f(a), 0);
      const bad = out.filter((a) => actorState(a).tone === 'bad').length;
      figures.replaceChildren(
        figure('Actors', actors.length.toLocaleString('en')),
        figure('Stuck', String(bad), bad ? 'see below' : 'none', bad ? 'bad' : 'good'),
        figure('Waiting messages', sum((a) => a.depth).toLocaleString('en'), `${kilo(sum((a) => a.bytes))} in mailboxes`),
        figure('Oldest waits', span(Math.max(0, ...actors.map((a) => a.oldestMs)))),
        figure('Restarts', sum((a) => a.restarts).toLocaleString('en'), 'since the start'),
        figure('Handled', sum((a) => a.handled).toLocaleString('en'), 'messages'),
      );
      stuck.show(out.map((a) => actorRow(a)));
      show();
    },
    close: () => { stuck.close(); tree.close(); },
  };
}

/** @param {Actor} a @param {string} only */
function fits(a, only) {
  if (only === 'working') return a.state !== 'idle' || a.depth > 0;
  return only !== 'restarted' || a.restarts > 0;
}

/** @param {Actor} a @param {number} [depth] in the tree; absent = a list of whole paths @returns {import('./rows.js').Row} */
function actorRow(a, depth) {
  const asTree = depth !== undefined;
  const s = actorState(a);
  const name = asTree && a.parent && a.path.startsWith(`${a.parent}/`) ? a.path.slice(a.parent.length + 1) : a.path;
  return {
    key: a.path, tone: s.tone, state: s.state, what: name, mono: true, depth,
    sub: s.why || (a.current ? `handles ${a.current}` : ''), since: a.startedAt || null,
    facts: [a.kind !== name && a.kind, a.restarts && count(a.restarts, 'restart')].filter(Boolean).map(String),
    nextWords: a.depth ? `${count(a.depth, 'message')} wait` : a.state === 'backoff' ? 'starts again by itself' : '',
    more: () => h('div', {}, facts([
      ['Path', a.path], ['Kind', a.kind], ['State', a.state], ['Handles now', a.current && `${a.current}, since ${span(a.currentForMs)}`],
      ['Mailbox', `${count(a.depth, 'message')}, ${kilo(a.bytes)}${a.depth ? `, the first waits ${span(a.oldestMs)}` : ''}`],
      ['Handled', a.handled.toLocaleString('en')], ['Restarts', String(a.restarts)], ['Dropped', a.dropped ? String(a.dropped) : ''], ['Last failure', firstLine(a.lastPanic)],
    ]), a.lastPanic && a.lastPanic.includes('\n') ? h('pre', { class: 'block', tabindex: '0' }, a.lastPanic) : ''),
  };
}

/** @param {number} n bytes */
const kilo = (n) => (n < 1000 ? `${n} B` : n < 1e6 ? `${Math.round(n / 1000)} kB` : `${(n / 1e6).toFixed(1)} MB`);
