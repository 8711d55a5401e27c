// What models have taken: by day as columns, today by what set the runs off, with its limits.

import { address } from '../rail.js';
import { hhmm } from '../time.js';
import { columns } from './chart.js';
import { count, empty, figure } from './ui.js';

/** @typedef {{ runs: number, requests: number, tokens: number, input: number, output: number, cacheRead: number, cacheWrite: number, costUsd: number, unpricedTokens: number }} Count */
/** @typedef {{ trigger: string, used: Count, dayTokens: number, dayCostUsd: number, reached?: { scope: string, unit: string, limit: number, setting: string, endsAt?: number } }} Trigger */

export const DAYS = 34; // the most that usage.status gives

const names = /** @type {Record<string, string>} */ ({ chat: 'What people write', cron: 'Jobs', heartbeat: 'Heartbeats', hook: 'Hooks', node: 'Devices' });

/** @param {number} n */
export const usd = (n) => `$${n.toFixed(n < 0.1 ? 4 : 2)}`;

/** What it cost, never 0 where that is not known. @param {Count} c */
function cost(c) {
  if (!c.unpricedTokens) return usd(c.costUsd);
  return c.costUsd > 0 ? `≥ ${usd(c.costUsd)}` : 'unknown';
}

/** @param {any} u the answer of usage.status */
export const today = (u) => [
  figure('Today', cost(u.total), u.total.unpricedTokens ? 'a model has no price' : `until ${hhmm(u.endsAt)}`),
  figure('Tokens', u.total.tokens.toLocaleString('en'), 'today'), figure('Written', u.total.output.toLocaleString('en'), 'tokens today'),
  figure('From cache', u.total.cacheRead.toLocaleString('en'), 'tokens today'), figure('Runs', u.total.runs.toLocaleString('en'), `${count(u.total.requests, 'request')} today`),
];

/** One column a day, also for days on which nothing was taken. @param {any} u @param {string} by */
export function days(u, by) {
  const of = new Map([[u.day, u.total], ...(u.days || []).map((/** @type {any} */ d) => [d.day, d.used])]);
  const value = (/** @type {Count | undefined} */ c) => (c ? (by === 'cost' ? c.costUsd : c.tokens) : 0);
  const last = new Date(`${u.day}T12:00:00Z`).getTime();
  const first = [...of.keys()].sort()[0];
  const from = Math.min(new Date(`${first}T12:00:00Z`).getTime(), last - 6 * 86_400_000);
  const items = [];
  for (let at = from; at <= last; at += 86_400_000) {
    const day = new Date(at).toISOString().slice(0, 10);
    items.push({ name: day, value: value(of.get(day)) });
  }
  if (!items.some((i) => i.value > 0)) return empty(by === 'cost' ? 'Nothing has cost anything, or no model has a price (models.providers.*.models.*.cost).' : 'Nothing was taken.');
  return columns(by === 'cost' ? 'Cost by day' : 'Tokens by day', items, by === 'cost' ? usd : (n) => Math.round(n).toLocaleString('en'));
}

/** @param {Trigger} t @param {number} endsAt @returns {import('./rows.js').Row} */
export function triggerRow(t, endsAt) {
  const limits = [t.dayTokens > 0 && `${t.dayTokens.toLocaleString('en')} tokens`, t.dayCostUsd > 0 && usd(t.dayCostUsd)].filter(Boolean).join(' or ');
  const r = t.reached;
  return {
    key: t.trigger, tone: r ? 'bad' : 'good', state: r ? 'limit reached' : limits ? 'within limits' : 'no limit', what: names[t.trigger] || t.trigger,
    sub: r ? `${r.unit === 'usd' ? usd(r.limit) : `${r.limit.toLocaleString('en')} tokens`} a ${r.scope}: ${r.setting}` : limits ? `At most ${limits} a day` : '',
    facts: [`${t.used.tokens.toLocaleString('en')} tokens`, cost(t.used), count(t.used.runs, 'run')], next: limits || r ? r?.endsAt || endsAt : null, nextWords: r ? 'runs are refused; anew' : limits ? 'counts anew' : '',
    actions: [{ label: 'Limits', run: () => {}, href: address('config', 'agent') }],
  };
}
