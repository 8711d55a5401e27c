// Outbox: what is to be sent and how it stands, what did not arrive, and why a message became what it is.

import { h, reconcile } from '../dom.js';
import { address } from '../rail.js';
import { Rows } from './rows.js';
import { accountName, outboxState, surfaceName } from './states.js';
import { choice, count, facts, finder, ident, moment, reason, section } from './ui.js';

/** @typedef {{ id: number, key?: string, account: string, surface: string, chat: string, runId?: string, state: string, attempts: number, nextAt?: number, reason?: string,
 *   createdAt: number, updatedAt: number, preview?: string, receipt?: { messageId: string, chatId?: string } }} Item */

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const rows = new Rows(ctx, { label: 'Messages', nothing: ['No such message.'] });
  const answer = h('div', { class: 'why' });
  const field = h('input', { type: 'text', 'aria-label': 'Id of a message', placeholder: 'Id of a message, a run, or an outbox item', autocomplete: 'off', spellcheck: 'false', class: 'find' });
  const ask = h('form', { class: 'bar' }, field, h('button', { class: 'button', type: 'submit' }, 'Why?'));
  ask.addEventListener('submit', (e) => {
    e.preventDefault();
    if (field.value.trim()) location.hash = address('outbox', 'why', field.value.trim());
  });
  /** @type {Item[]} */
  let items = [];
  let state = 'open';
  let text = '';
  const show = () => rows.show(items.filter((i) => fits(i, state) && (!text || `${i.surface} ${i.account} ${i.chat} ${i.preview || ''} ${i.reason || ''} ${i.id}`.toLowerCase().includes(text))).map((i) => itemRow(ctx, i)));
  const states = /** @type {[string, string][]} */ ([['open', 'Not arrived'], ['failed', 'Failed'], ['ambiguous', 'Uncertain'], ['queued', 'Waiting'], ['sent', 'Sent'], ['all', 'All']]);
  ctx.root.append(
    section('Messages to be sent', h('div', { class: 'bar' }, choice('State', states, state, (v) => { state = v; show(); }), finder('Find a message', (t) => { text = t; show(); })), rows.box),
    section('What became of a message', h('p', { class: 'muted' }, 'From the platform’s message to the run and back to the receipt.'), ask, answer),
  );
  const why = async (/** @type {string[]} */ args) => {
    if (args[0] !== 'why' || !args[1]) return;
    field.value = args[1];
    await explain(ctx, answer, args);
    answer.scrollIntoView({ block: 'start' });
  };
  why(ctx.args);
  return {
    every: 3_000,
    events: ['health', 'chat'],
    args: why,
    read: () => ctx.client.call('outbox.list'),
    draw: (d) => { items = d.items || []; show(); },
    close: () => rows.close(),
  };
}

/** @param {Item} i @param {string} state */
function fits(i, state) {
  if (state === 'all') return true;
  if (state === 'open') return i.state !== 'sent';
  return state === 'queued' ? i.state === 'queued' || i.state === 'sending' : i.state === state;
}

/** @param {import('../stage.js').Context} ctx @param {Item} i @returns {import('./rows.js').Row} */
function itemRow(ctx, i) {
  const s = outboxState(i.state);
  const call = (/** @type {string} */ method, /** @type {string} */ done) => async () => { await ctx.client.call(method, { id: i.id }); return done; };
  /** @type {import('./ui.js').Action[]} */
  const actions = [{ label: 'Why?', run: () => {}, href: address('outbox', 'why', `out:${i.id}`) }];
  if (i.state === 'failed') actions.push({ label: 'Send again', run: call('outbox.retry', 'It is sent again.') });
  if (i.state === 'ambiguous') actions.push({ label: 'Send again', run: call('outbox.retry', 'It is sent again.'), lose: 'The platform may have taken it the first time. Then whoever gets it reads it twice.' });
  if (i.state !== 'sent' && i.state !== 'sending') actions.push({ label: 'Give up', run: call('outbox.drop', 'It is given up.'), lose: 'The message is not sent, and nobody is told.' });
  return {
    key: String(i.id), tone: s.tone, state: s.state, what: `${accountName({ account: i.account, provider: i.surface })} → ${i.chat}`, sub: i.reason || i.preview || '', since: i.createdAt,
    facts: i.attempts > 1 ? [count(i.attempts, 'attempt')] : [],
    next: i.nextAt, nextWords: i.nextAt ? 'tries again' : s.next, actions,
    more: () => whole(ctx, i),
  };
}

/** The list has no texts: they are asked for one by one. @param {import('../stage.js').Context} ctx @param {Item} i */
function whole(ctx, i) {
  const box = h('div', {}, item(i));
  ctx.client.call('outbox.show', { id: i.id }).then((r) => box.replaceChildren(item(r.item)), () => {}); // what the list says stays
  return box;
}

/** All there is about one message. @param {Item} i */
const item = (i) => facts([
  ['Id', String(i.id)], ['Key', i.key && ident(i.key, 40)], ['To', `${surfaceName(i.surface)}, account ${i.account}, chat ${i.chat}`], ['Run', i.runId && ident(i.runId, 40)],
  ['Written', moment(i.createdAt)], ['Changed', moment(i.updatedAt)], ['Attempts', String(i.attempts)], ['Receipt', i.receipt && ident(i.receipt.messageId, 40)], ['Why', i.reason],
  ['Text', i.preview && h('pre', { class: 'block', tabindex: '0' }, i.preview)],
]);

/** @param {import('../stage.js').Context} ctx @param {HTMLElement} out @param {string[]} args "why", the id, account, chat */
async function explain(ctx, out, args) {
  const [, id, account, chat] = args;
  let r;
  try {
    r = await ctx.client.call('why', { id, ...(account ? { account } : {}), ...(chat ? { chat } : {}) });
  } catch (err) {
    out.replaceChildren(h('p', { class: 'nothing', role: 'status' }, `Nothing to tell: ${reason(err)}`));
    return;
  }
  const steps = [];
  if (r.call) steps.push(step('Call', r.call.done ? 'good' : 'busy', `${r.call.method}${r.call.error ? `: ${r.call.error}` : ''}`, r.call.at, facts([['Key', ident(r.call.idempotencyKey, 40)], ['Answered', r.call.doneAt && moment(r.call.doneAt)]])));
  for (const m of r.inbound || []) {
    steps.push(step('Came in', m.state === 'dropped' ? 'bad' : m.state === 'paired' || m.late ? 'warn' : 'good', m.explanation, m.receivedAt, facts([
      ['From', `${m.senderName || m.senderId || 'unknown'} on ${surfaceName(m.surface)}`], ['Chat', m.chat], ['Message', ident(m.messageId, 40)], ['Decided', m.decidedAt && moment(m.decidedAt)],
      ['Came again', m.repeats && h('span', {}, `${m.repeats}× · `, moment(m.repeatedAt))], ['Files', m.files && String(m.files)], ['Text', m.preview]])));
  }
  for (const run of r.runs || []) {
    steps.push(step('Run', run.state === 'error' ? 'bad' : run.state === 'aborted' ? 'warn' : run.state === 'done' ? 'good' : 'busy', run.explanation, run.acceptedAt, facts([
      ['Run', ident(run.id, 40)], ['Session', h('a', { class: 'go', href: `#${new URLSearchParams({ session: run.sessionKey })}` }, run.sessionKey)], ['Model', run.model],
      ['Started', run.startedAt && moment(run.startedAt)], ['Ended', run.endedAt && moment(run.endedAt)], ['Error', run.error]])));
  }
  for (const i of r.outbox || []) steps.push(step('Sent', outboxState(i.state).tone, `${outboxState(i.state).state}${i.reason ? `: ${i.reason}` : ''}`, i.updatedAt, item(i)));
  const others = (r.candidates || []).map((/** @type {any} */ c) => h('li', {}, h('a', { class: 'go', href: address('outbox', 'why', c.ref) }, `${c.what} ${c.ref}`), ' ', c.preview || '', ' ', c.at ? moment(c.at) : ''));
  reconcile(out, [h('p', { class: 'why-sum', role: 'status' }, r.summary), ...(others.length ? [h('ul', { class: 'why-which' }, ...others)] : []), h('ol', { class: 'steps' }, ...steps)]);
}

/** @param {string} name @param {string} tone @param {string} words @param {number} at @param {Node} more */
const step = (name, tone, words, at, more) => h('li', { class: 'step', 'data-tone': tone },
  h('div', { class: 'step-head' }, h('strong', {}, name), moment(at)), h('p', {}, words), more);
