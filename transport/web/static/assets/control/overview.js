// Overview: how the gateway is, what is wrong with it, who is connected, what waits.

import { h, reconcile } from '../dom.js';
import { address } from '../rail.js';
import { hhmm } from '../time.js';
import { Rows } from './rows.js';
import { accountName, accountState, actorState, unasked } from './states.js';
import { count, figure, link, section, span } from './ui.js';

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const figures = h('div', { class: 'figures' });
  const problems = new Rows(ctx, { label: 'Problems', nothing: ['Nothing is wrong.'] });
  const surfaces = new Rows(ctx, { label: 'Surfaces', nothing: ['Only this page so far. ', link(address('setup'), 'Set up a surface')] });
  const clients = new Rows(ctx, { label: 'Connected', nothing: ['Nobody.'] });
  ctx.root.append(figures, section('What needs you', problems.box), section('Surfaces', surfaces.box, h('p', {}, link(address('setup'), 'Set up a model, a surface or the service'))), section('Connected', clients.box));
  return {
    every: 10_000,
    events: ['health', 'presence', 'shutdown', 'node.pair', 'exec.approval', 'cron'],
    read: async () => {
      const names = ['status', 'providers.status', 'actors.list', 'cron.status', 'pairing.list', 'node.pair.list', 'exec.approvals.list', 'health', 'models.status', 'config.get'];
      const got = await Promise.allSettled(names.map((m) => ctx.client.call(m)));
      if (got[0].status === 'rejected') throw got[0].reason;
      return Object.fromEntries(names.map((m, i) => [m, got[i].status === 'fulfilled' ? /** @type {any} */ (got[i]).value : {}]));
    },
    draw: (d) => {
      const wrong = problemsOf(d);
      reconcile(figures, figuresOf(ctx.store.state, d, wrong));
      problems.show(wrong);
      surfaces.show((d['providers.status'].accounts || []).map((/** @type {any} */ a) => surfaceRow(a, unasked(a, d['providers.status'], d['config.get']))));
      clients.show(ctx.store.state.presence.map(clientRow));
    },
    close: () => { for (const r of [problems, surfaces, clients]) r.close(); },
  };
}

/** How the gateway is, in a word: what needs somebody goes before that it runs. @param {any} d @param {import('./rows.js').Row[]} wrong @param {string} where */
function wellOf(d, wrong, where) {
  if (d.health.ok === false) return figure('Gateway', 'unwell', where, 'bad');
  if (!wrong.length) return figure('Gateway', 'well', where, 'good');
  const more = wrong.length > 1 ? `, and ${wrong.length - 1} more` : '';
  return figure('Gateway', 'needs you', `${wrong[0].what}${more}`, wrong[0].tone);
}

/** @param {import('../store.js').State} s @param {any} d @param {import('./rows.js').Row[]} wrong */
function figuresOf(s, d, wrong) {
  const server = s.hello?.server || {};
  const up = (s.hello?.snapshot?.uptimeMs || 0) + Date.now() - (s.hello?.at || Date.now());
  const out = d.status.outbox || {};
  const lost = (out.failed || 0) + (out.ambiguous || 0);
  const depth = (d['actors.list'].actors || []).reduce((/** @type {number} */ n, /** @type {any} */ a) => n + a.depth, 0);
  const next = d['cron.status'].nextWakeAtMs;
  return [
    wellOf(d, wrong, [server.host, server.version].filter(Boolean).join(' · ')),
    figure('Up', up < 60_000 ? 'just now' : span(Math.floor(up / 60_000) * 60_000), d.status.config?.restartNeeded ? 'a restart is waiting' : ''),
    figure('Sessions', (d.status.sessions?.count ?? 0).toLocaleString('en'), d.status.sessions?.defaults?.model || ''),
    figure('To be sent', String((out.queued || 0) + (out.sending || 0)), `${out.sending || 0} under way`),
    figure('Did not arrive', String(lost), lost ? `${out.failed || 0} failed, ${out.ambiguous || 0} uncertain` : 'nothing', lost ? 'bad' : 'idle'),
    figure('In mailboxes', depth.toLocaleString('en'), count(d['actors.list'].actors?.length || 0, 'actor')),
    figure('Jobs', String(d['cron.status'].jobs ?? 0), next ? `next ${hhmm(next)}` : 'none is due'),
    figure('Heartbeat', d.status.heartbeatSeconds ? `every ${span(d.status.heartbeatSeconds * 1000)}` : 'off'),
  ];
}

/** Everything that a person should do something about: what does not work first, then those who wait for an answer. @param {any} d @returns {import('./rows.js').Row[]} */
export function problemsOf(d) {
  /** @type {import('./rows.js').Row[]} */
  const all = [];
  /** @param {import('./ui.js').Tone} tone @param {string} state @param {string} what @param {string} sub @param {string[]} where @param {Partial<import('./rows.js').Row>} [more] */
  const add = (tone, state, what, sub, where, more) => all.push({ key: `${what}|${sub}`, tone, state, what, sub, actions: [{ label: 'Show', run: () => {}, href: address(...where) }], ...more });
  const { config, outbox, devEndpoints, tailscale, tls } = d.status;
  if (config && !config.valid) add('bad', 'config', 'The config file is not valid', `${config.problem || ''} The last good one is in force.`, ['config']);
  if (config?.restartNeeded) add('warn', 'config', 'A change waits for a restart', config.restartNeeded, ['config']);
  for (const a of d['providers.status'].accounts || []) {
    const s = accountState(a, unasked(a, d['providers.status'], d['config.get']));
    if (s.tone === 'bad' || s.tone === 'warn') add(s.tone, s.state, accountName(a), a.deaf || a.reason || s.next, ['surfaces'], { since: a.lastStartAt, next: a.nextAt, nextWords: s.next });
  }
  if (outbox?.failed) add('bad', 'outbox', `${count(outbox.failed, 'message')} failed`, 'The platforms refused them.', ['outbox']);
  if (outbox?.ambiguous) add('warn', 'outbox', `${count(outbox.ambiguous, 'message')} may not have arrived`, 'The connection broke before the platform answered.', ['outbox']);
  for (const a of d['actors.list'].actors || []) {
    const s = actorState(a);
    if (s.tone === 'bad') add('bad', s.state, a.path, s.why, ['actors']);
  }
  for (const a of d['exec.approvals.list'].pending || []) add('warn', 'waits', 'A command waits for your word', a.command || (a.argv || []).join(' '), [], { key: a.id, since: a.createdAt, next: a.expiresAt, nextWords: 'is given up', actions: [] });
  for (const c of d['pairing.list'].pending || []) add('warn', 'waits', `${c.senderName || c.senderId} wants to write to the agent`, `code ${c.code}`, ['surfaces'], { since: c.createdAt, next: c.expiresAt, nextWords: 'the code ends' });
  for (const n of d['node.pair.list'].pending || []) add('warn', 'waits', `${n.displayName || n.nodeId} wants to be a device`, n.remoteIp || '', ['nodes'], { since: n.ts });
  for (const c of d['models.status'].chosen || []) if (c.error) add('warn', 'model', `${c.model} does not answer`, c.error, ['models']);
  if (tailscale?.problem) add('warn', 'tailscale', `Tailscale does not publish the gateway (${tailscale.mode})`, tailscale.problem, ['config', 'gateway']);
  if (tls?.problem) add('warn', 'tls', 'The certificate needs a look', tls.problem, ['config', 'gateway']);
  if (devEndpoints?.length) add('warn', 'test', 'Test addresses replace platforms', devEndpoints.join(', '), ['config', 'dev']);
  const rank = (/** @type {import('./rows.js').Row} */ r) => (r.tone === 'bad' ? 0 : r.state === 'waits' ? 1 : 2);
  return all.sort((a, b) => rank(a) - rank(b));
}

/** @param {import('./states.js').Account} a @param {boolean} quiet @returns {import('./rows.js').Row} */
function surfaceRow(a, quiet) {
  const s = accountState(a, quiet);
  return { key: `${a.provider}/${a.account}`, tone: s.tone, state: s.state, what: accountName(a), sub: a.deaf || a.reason || a.self, since: a.lastStartAt, next: a.nextAt, nextWords: s.next,
    actions: [{ label: 'Show', run: () => {}, href: address('surfaces') }] };
}

/** @param {any} p @returns {import('./rows.js').Row} */
function clientRow(p, /** @type {number} */ i) {
  const gone = p.reason === 'disconnect' || p.reason === 'node-disconnected';
  return { key: `${p.instanceId || p.host || ''}|${p.mode}|${i}`, tone: gone ? 'idle' : 'good', state: gone ? 'gone' : 'here', what: p.host || p.text,
    sub: [p.mode, p.platform, p.version, p.ip].filter(Boolean).join(' · '), since: p.ts, nextWords: p.lastInputSeconds ? `last key ${span(p.lastInputSeconds * 1000)} ago` : '' };
}
