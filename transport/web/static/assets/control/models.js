// Models: what was taken, by day and by session, which models answer, and how their providers can be reached.

import { h, reconcile } from '../dom.js';
import { bars } from './chart.js';
import { Rows } from './rows.js';
import { button, choice, count, empty, facts, section, span } from './ui.js';
import { DAYS, days, today, triggerRow, usd } from './usage.js';

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
  /** @type {any} */
  let usage = null;
  const byDay = h('div', {});
  const triggers = new Rows(ctx, { label: 'Today', nothing: ['Nothing was taken today.'] });
  const warnings = h('ul', { class: 'config-issues' });
  const draw = () => {
    reconcile(figures, usage ? today(usage) : []);
    reconcile(byDay, [usage ? days(usage, by) : empty('This gateway counts no days.')]);
    reconcile(warnings, (usage?.warnings || []).map((/** @type {string} */ w) => h('li', {}, w)));
    reconcile(chart, [taken(sessions, by)]);
  };
  const scan = button(ctx, { label: 'Ask all', title: 'Asks every provider what it offers, now', run: async () => words(await ctx.client.call('models.scan', {}, 120_000)) }, 'providers');
  const part = section('Providers', providers.box);
  part.firstElementChild?.replaceWith(h('div', { class: 'part-head' }, h('h3', {}, 'Providers'), scan));
  const which = h('div', { class: 'part-head' }, h('h3', {}, 'Taken by day'), choice('By', [['cost', 'Cost'], ['tokens', 'Tokens']], by, (v) => { by = v; draw(); }));
  const dayPart = section('Taken by day', byDay);
  dayPart.firstElementChild?.replaceWith(which);
  ctx.root.append(figures, warnings, dayPart, section('Today, by what set it off', triggers.box), section('Taken by session', chart), section('Models in use', chosen.box), part);
  return {
    every: 60_000,
    read: async () => {
      const [status, list, used] = await Promise.all([ctx.client.call('models.status'), ctx.client.call('sessions.list', {}), ctx.client.call('usage.status', { days: DAYS }).catch(() => null)]);
      return { status, list, used };
    },
    draw: ({ status, list, used }) => {
      sessions = list.sessions || [];
      usage = used;
      triggers.show((used?.triggers || []).map((/** @type {any} */ t) => triggerRow(t, used.endsAt)));
      draw();
      chosen.show((status.chosen || []).filter((/** @type {any} */ c) => c.model).map((/** @type {any} */ c) => modelRow(ctx, c)));
      providers.show((status.providers || []).map(providerRow));
    },
    close: () => { triggers.close(); chosen.close(); providers.close(); },
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
