// Models: which answer, how their providers can be reached, and what was taken, by session and by model.

import { h, reconcile } from '../dom.js';
import { bars } from './chart.js';
import { Rows } from './rows.js';
import { button, choice, count, empty, facts, figure, section, span } from './ui.js';

const SHOWN = 12; // bars

/** @typedef {{ input: number, output: number, cacheRead: number, cacheWrite: number, costUsd: number, unpriced?: boolean }} Spent */

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const chosen = new Rows(ctx, { label: 'Models in use', nothing: ['No model is chosen: the built-in runner repeats what it is told. Choose one in the configuration, agent.model.'] });
  const providers = new Rows(ctx, { label: 'Providers', nothing: ['No provider is set up.'] });
  const figures = h('div', { class: 'figures' });
  const chart = h('div', {});
  let by = 'cost';
  /** @type {any[]} */
  let sessions = [];
  const draw = () => {
    reconcile(figures, totals(sessions));
    reconcile(chart, [taken(sessions, by)]);
  };
  const scan = button(ctx, { label: 'Ask all', title: 'Asks every provider what it offers, now', run: async () => words(await ctx.client.call('models.scan', {}, 120_000)) }, 'providers');
  const part = section('Providers', providers.box);
  part.firstElementChild?.replaceWith(h('div', { class: 'part-head' }, h('h3', {}, 'Providers'), scan));
  ctx.root.append(figures, section('Taken by session', h('div', { class: 'bar' }, choice('By', [['cost', 'Cost'], ['tokens', 'Tokens']], by, (v) => { by = v; draw(); })), chart), section('Models in use', chosen.box), part);
  return {
    every: 60_000,
    read: async () => {
      const [status, list] = await Promise.all([ctx.client.call('models.status'), ctx.client.call('sessions.list', {})]);
      return { status, list };
    },
    draw: ({ status, list }) => {
      sessions = list.sessions || [];
      draw();
      chosen.show((status.chosen || []).filter((/** @type {any} */ c) => c.model).map((/** @type {any} */ c) => modelRow(ctx, c)));
      providers.show((status.providers || []).map(providerRow));
    },
    close: () => { chosen.close(); providers.close(); },
  };
}

/** @param {import('../stage.js').Context} ctx @param {any} c @returns {import('./rows.js').Row} */
function modelRow(ctx, c) {
  return {
    key: `${c.use}|${c.model}`, tone: c.error ? 'bad' : 'good', state: c.error ? 'cannot answer' : 'ready', what: c.model, sub: c.error || c.use, facts: c.error ? [c.use] : [], nextWords: c.error ? 'the next one of the list is tried' : 'answers',
    actions: [{ label: 'Try it', title: 'Has it answer a few words; that costs a few tokens', run: async () => {
      const r = await ctx.client.call('models.probe', { model: c.model, tools: true }, 120_000);
      if (!r.ok) throw new Error(r.error || 'no answer');
      return `${c.model} answered in ${span(r.latencyMs)}${r.tools ? `; tools: ${r.tools}` : ''}.`;
    } }],
  };
}

/** @param {any} p @returns {import('./rows.js').Row} */
function providerRow(p) {
  return {
    key: p.provider, tone: p.problem ? 'bad' : 'good', state: p.problem ? 'problem' : 'ready', what: p.provider, sub: p.problem || p.baseUrl, facts: [p.source && `key from ${p.source}`, count(p.models, 'model')].filter(Boolean),
    next: p.expiresAt, nextWords: p.expiresAt ? (p.renewable ? 'its key is renewed' : 'its key ends') : '',
    more: () => facts([['Address', p.baseUrl], ['Speaks', p.api], ['Key from', p.source], ['Models', String(p.models)], ['Problem', p.problem]]),
  };
}

/** @param {any} r the answer of models.scan */
function words(r) {
  const all = r.providers || [];
  const bad = all.filter((/** @type {any} */ p) => !p.ok);
  if (bad.length) throw new Error(bad.map((/** @type {any} */ p) => `${p.provider}: ${p.error || 'no answer'}`).join('; '));
  return `${count(all.length, 'provider')} answered.`;
}

/** @param {Spent} s */
const tokens = (s) => (s.input || 0) + (s.output || 0) + (s.cacheRead || 0) + (s.cacheWrite || 0);

/** @param {number} n */
const usd = (n) => `$${n.toFixed(n < 0.1 ? 4 : 2)}`;

/** @param {any[]} sessions */
function totals(sessions) {
  const spent = sessions.map((s) => s.spent).filter(Boolean);
  const sum = (/** @type {(s: Spent) => number} */ f) => spent.reduce((n, s) => n + (f(s) || 0), 0);
  const unpriced = spent.filter((s) => s.unpriced).length;
  return [
    figure('Cost', `${unpriced ? '≥ ' : ''}${usd(sum((s) => s.costUsd))}`, unpriced ? `${count(unpriced, 'session')} with a model that has no price` : 'of all sessions that are there'),
    figure('Read', sum((s) => s.input).toLocaleString('en'), 'tokens'), figure('Written', sum((s) => s.output).toLocaleString('en'), 'tokens'),
    figure('From cache', sum((s) => s.cacheRead).toLocaleString('en'), 'tokens'), figure('Sessions', spent.length.toLocaleString('en'), 'have taken something'),
  ];
}

/** @param {any[]} sessions @param {string} by */
function taken(sessions, by) {
  const value = (/** @type {any} */ s) => (by === 'cost' ? s.spent.costUsd || 0 : tokens(s.spent));
  const all = sessions.filter((s) => s.spent && value(s) > 0).sort((a, b) => value(b) - value(a));
  if (!all.length) return empty(by === 'cost' ? 'Nothing has cost anything yet, or no model has a price (models.providers.*.models.*.cost).' : 'Nothing was taken yet.');
  const items = all.slice(0, SHOWN).map((s) => ({ name: s.displayName || s.key, value: value(s) }));
  const rest = all.slice(SHOWN);
  if (rest.length) items.push({ name: `${count(rest.length, 'other session')}`, value: rest.reduce((n, s) => n + value(s), 0) });
  return bars(by === 'cost' ? 'Cost by session' : 'Tokens by session', items, by === 'cost' ? usd : (n) => Math.round(n).toLocaleString('en'));
}
