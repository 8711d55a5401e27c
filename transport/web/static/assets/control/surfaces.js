// Surfaces: every account with its state, what can be done about it, and who asks to write to the agent.

import { address } from '../rail.js';
import { exact, since } from '../time.js';
import { Rows } from './rows.js';
import { accountName, accountState, surfaceName, unasked } from './states.js';
import { count, facts, link, moment, section } from './ui.js';

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const accounts = new Rows(ctx, { label: 'Accounts', nothing: ['No surface is set up yet. A surface is a messaging account that the agent answers on. ', link(address('setup'), 'Set one up')] });
  const waiting = new Rows(ctx, { label: 'Senders who wait', nothing: ['Nobody waits. Who writes for the first time gets a code, and shows up here.'] });
  const allowed = new Rows(ctx, { label: 'Senders who are let in', nothing: ['Nobody was let in by code.'] });
  ctx.root.append(section('Accounts', accounts.box), section('Who wants to write to the agent', waiting.box), section('Let in by code', allowed.box));
  return {
    every: 5_000,
    events: ['health'],
    read: async () => {
      const [status, pairing, config] = await Promise.all([ctx.client.call('providers.status'), ...['pairing.list', 'config.get'].map((m) => ctx.client.call(m).catch(() => ({})))]);
      return { status, pairing, config };
    },
    draw: ({ status, pairing, config }) => {
      accounts.show((status.accounts || []).map((/** @type {any} */ a) => accountRow(ctx, a, status, unasked(a, status, config))));
      waiting.show((pairing.pending || []).map((/** @type {any} */ c) => codeRow(ctx, c)));
      allowed.show((pairing.allowed || []).map(allowedRow));
    },
    close: () => { for (const r of [accounts, waiting, allowed]) r.close(); },
  };
}

/** @param {import('../stage.js').Context} ctx @param {import('./states.js').Account} a @param {any} status @param {boolean} [quiet] @returns {import('./rows.js').Row} */
export function accountRow(ctx, a, status, quiet) {
  const s = accountState(a, quiet);
  const heard = age(a.lastInboundAgeMs);
  return {
    key: `${a.provider}/${a.account}`, tone: s.tone, state: s.state, what: accountName(a), sub: a.deaf || a.reason || a.self || '',
    since: a.lastStartAt, next: a.nextAt, nextWords: s.next, actions: actionsOf(ctx, a, status),
    facts: [heard && `heard ${heard}`, a.failures && count(a.failures, 'failure'), a.inFlight && `${a.inFlight} being sent`].filter(Boolean).map(String),
    item: [age(a.lastInboundAgeMs), age(a.lastOutboundAgeMs), age(a.pingAgeMs), status[a.provider]?.lastError],
    more: () => facts([
      ['Account', a.account], ['Is', a.self], ['Hears by', a.mode], ['Started', a.lastStartAt && moment(a.lastStartAt)],
      ['Last message in', age(a.lastInboundAgeMs)], ['Last message out', age(a.lastOutboundAgeMs)], ['Last answer of the platform', age(a.pingAgeMs)],
      ['Failures in a row', String(a.failures)], ['Next attempt', a.nextAt && exact(a.nextAt)], ['Why', a.reason], ['Hears nothing', a.deaf],
      ['Last error', status[a.provider]?.lastError], ['Token from', status[a.provider]?.tokenSource],
      ['Held by', status.whatsapp?.lease && a.provider === 'whatsapp' && `process ${status.whatsapp.lease.pid} on ${status.whatsapp.lease.host}, ${status.whatsapp.lease.stateDir}`],
    ]),
  };
}

/** Minutes are exact enough: a row that differs every second is drawn every second. @param {number | undefined} ms */
const age = (ms) => (ms === undefined ? '' : since(0, ms));

/** @param {import('../stage.js').Context} ctx @param {import('./states.js').Account} a @param {any} status @returns {import('./ui.js').Action[]} */
function actionsOf(ctx, a, status) {
  const which = a.account && a.account !== a.provider ? { provider: a.provider, account: a.account } : { provider: a.provider };
  const call = (/** @type {string} */ method, /** @type {string} */ done) => async () => { await ctx.client.call(method, which); return done; };
  const name = accountName(a);
  /** @type {import('./ui.js').Action[]} */
  const all = [];
  if (a.provider === 'whatsapp' && !status.whatsapp?.linked && a.state !== 'disabled') all.push({ label: 'Link', primary: true, title: 'With a code to scan or to type', run: () => ctx.phone.open() });
  if (a.state === 'disabled') all.push({ label: 'Start', primary: true, run: call('providers.start', `${name} starts.`) });
  else {
    all.push({ label: 'Restart', title: 'Closes the connection and opens it again; nothing is lost', run: call('providers.restart', `${name} restarts.`) });
    all.push({ label: 'Stop', run: call('providers.stop', `${name} is stopped.`), lose: `Until it is started again, or the gateway is, no message of ${name} is heard. What is to be sent waits.` });
  }
  if (a.provider === 'whatsapp' && status.whatsapp?.linked) {
    all.push({ label: 'Unlink', lose: 'The phone forgets this gateway and the keys are deleted. To use WhatsApp again, a code has to be scanned with the phone.', run: async () => { await ctx.client.call('web.logout'); return 'WhatsApp is unlinked.'; } });
  }
  if (a.provider === 'telegram' && status.telegram?.tokenSource === 'config') {
    all.push({ label: 'Log out', lose: 'The bot’s token is removed from the configuration. To use Telegram again, it has to be entered anew.', run: async () => { await ctx.client.call('telegram.logout'); return 'The token is removed.'; } });
  }
  return all;
}

/** @param {import('../stage.js').Context} ctx @param {any} c @returns {import('./rows.js').Row} */
export function codeRow(ctx, c) {
  const who = c.senderName ? `${c.senderName} (${c.senderId})` : c.senderId;
  return {
    key: c.code, tone: 'warn', state: 'waits', what: who, sub: `${surfaceName(c.surface)} · ${c.account}`, facts: [`code ${c.code}`], since: c.createdAt, next: c.expiresAt, nextWords: 'the code ends',
    actions: [{ label: 'Let in', primary: true, title: 'Compare the code with what the sender sees', run: async () => { await ctx.client.call('pairing.approve', { code: c.code }); return `${who} may write to the agent now.`; } }],
  };
}

/** @param {any} s @returns {import('./rows.js').Row} */
function allowedRow(s) {
  return { key: `${s.account}/${s.senderId}`, tone: 'good', state: 'let in', what: s.name ? `${s.name} (${s.senderId})` : s.senderId, sub: s.account, since: s.at, nextWords: 'may write to the agent' };
}
