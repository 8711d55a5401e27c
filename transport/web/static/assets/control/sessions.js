// Sessions: all of them, however many; what each has taken, and what can be done with it.

import { Rows } from './rows.js';
import { surfaceName } from './states.js';
import { finder, section } from './ui.js';

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const rows = new Rows(ctx, { label: 'Sessions', nothing: ['No session fits.'] });
  /** @type {any[]} */
  let all = [];
  let text = '';
  let last = 0;
  const show = () => rows.show(text ? all.filter((s) => `${s.key} ${s.displayName || ''} ${s.surface || ''} ${s.subject || ''}`.toLowerCase().includes(text)) : all, (s) => sessionRow(ctx, s));
  ctx.root.append(section('Sessions', finder('Find a session', (t) => { text = t; show(); }), rows.box));
  return {
    every: 60_000,
    read: () => ctx.client.call('sessions.list', {}),
    event: (name, payload) => { if (name === 'chat' && payload.state !== 'delta' && Date.now() - last > 5000) { last = Date.now(); ctx.again(); } },
    draw: (d) => { all = d.sessions || []; show(); },
    close: () => rows.close(),
  };
}

/** @param {import('../stage.js').Context} ctx @param {any} s @returns {import('./rows.js').Row} */
function sessionRow(ctx, s) {
  const name = s.displayName || s.key;
  const full = s.contextTokens && s.totalTokens ? s.totalTokens / s.contextTokens : 0;
  const call = (/** @type {string} */ method, /** @type {object} */ more, /** @type {string} */ done) => async () => { await ctx.client.call(method, { key: s.key, ...more }); return done; };
  return {
    key: s.key, tone: s.abortedLastRun ? 'warn' : full > 0.9 ? 'warn' : 'good', state: s.abortedLastRun ? 'was stopped' : full > 0.9 ? 'nearly full' : 'ready', what: name, href: `#${new URLSearchParams({ session: s.key })}`,
    sub: [name !== s.key && s.key, s.surface && surfaceName(s.surface), s.kind === 'group' && 'group', s.modelOverride].filter(Boolean).join(' · '), since: s.updatedAt,
    nextWords: s.totalTokens ? `${Math.round(s.totalTokens / 1000)}k tokens${full ? `, ${Math.round(full * 100)} % of its room` : ''}` : 'answers the next message',
    actions: [
      { label: 'Shorten', lose: 'The last 400 lines stay in the conversation; the agent forgets what came before. It is archived.', run: call('sessions.compact', {}, `${name} is shortened.`) },
      { label: 'Begin anew', lose: 'The agent forgets this conversation. Settings stay; what was said is kept as an older transcript.', run: call('sessions.reset', {}, `${name} begins anew.`) },
      ...(s.key === 'main' ? [] : [{ label: 'Delete', lose: 'The session and its settings are gone. What was said is archived on disk.', run: call('sessions.delete', {}, `${name} is deleted.`) }]),
    ],
  };
}
