// What the gateway's words for a state mean to a person: is it well, and what happens next.

/** @typedef {import('./ui.js').Tone} Tone */
/** @typedef {{ account: string, provider: string, state: string, reason?: string, deaf?: string, self?: string, mode?: string, nextAt?: number, failures: number,
 *   lastStartAt?: number, lastInboundAgeMs?: number, lastOutboundAgeMs?: number, pingAgeMs?: number, inFlight: number }} Account */
/** @typedef {{ path: string, parent?: string, kind: string, state: string, depth: number, bytes: number, oldestMs: number, current?: string, currentForMs?: number,
 *   handled: number, restarts: number, dropped: number, lastPanic?: string, generation: number, startedAt: number }} Actor */

const names = /** @type {Record<string, string>} */ ({ whatsapp: 'WhatsApp', imessage: 'iMessage', webchat: 'WebChat' });

/** @param {string} provider */
export const surfaceName = (provider) => names[provider] || (provider ? provider[0].toUpperCase() + provider.slice(1) : '');

/** Which account of which surface. @param {{account: string, provider: string}} a */
export const accountName = (a) => (a.account && a.account !== a.provider ? `${surfaceName(a.provider)} · ${a.account}` : surfaceName(a.provider));

/** Whether WhatsApp waits for a phone that nobody has asked for: it runs without being configured, to be linked at any time.
 * @param {Account} a @param {any} status the answer of providers.status @param {any} config that of config.get */
export const unasked = (a, status, config) => a.provider === 'whatsapp' && a.state === 'terminal' && !status.whatsapp?.linked && !status.whatsapp?.lastConnectedAt
  && Boolean(config?.parsed) && !config.parsed.whatsapp && !config.parsed.web;

/** @param {Account} a @param {boolean} [quiet] it is of no concern, see unasked @returns {{tone: Tone, state: string, next: string}} */
export function accountState(a, quiet = false) {
  if (quiet) return { tone: 'idle', state: 'not linked', next: 'waits for a phone, if you want one' };
  if (a.deaf && a.state === 'up') return { tone: 'bad', state: 'hears nothing', next: 'restart it, or look at the reason' };
  switch (a.state) {
    case 'up': return { tone: 'good', state: 'connected', next: 'takes messages' };
    case 'starting': return { tone: 'busy', state: 'starting', next: 'connects' };
    case 'degraded': return { tone: 'warn', state: 'degraded', next: 'goes on as well as it can' };
    case 'backoff': return { tone: 'warn', state: 'reconnecting', next: a.nextAt ? 'tries again' : 'tries again soon' };
    case 'stuck': return { tone: 'bad', state: 'stuck', next: 'nothing until it is restarted' };
    case 'terminal': return { tone: 'bad', state: 'needs you', next: 'nothing until the reason is gone' };
    case 'disabled': return { tone: 'idle', state: 'stopped', next: 'stays closed until started' };
    default: return { tone: 'idle', state: a.state, next: '' };
  }
}

const SLOW = 5_000; // ms that a message may be handled, or wait, before an actor counts as stuck

/** Whether an actor stands out, and why. @param {Actor} a @returns {{tone: Tone, state: string, why: string}} */
export function actorState(a) {
  const busy = a.currentForMs || 0;
  if (a.state === 'backoff') return { tone: 'bad', state: 'restarting', why: firstLine(a.lastPanic) || 'it failed and waits for its restart' };
  if (busy > SLOW) return { tone: 'bad', state: 'stuck', why: `handles ${a.current || 'a message'} since ${Math.round(busy / 1000)} s` };
  if (a.oldestMs > SLOW) return { tone: 'warn', state: 'behind', why: `its first message waits since ${Math.round(a.oldestMs / 1000)} s` };
  if (a.dropped > 0) return { tone: 'warn', state: a.state, why: `${a.dropped === 1 ? '1 message was' : `${a.dropped} messages were`} dropped since it began` };
  return { tone: a.state === 'busy' ? 'busy' : a.state === 'idle' ? 'good' : 'idle', state: a.state, why: '' };
}

/** @param {string} [text] */
export const firstLine = (text) => (text || '').split('\n', 1)[0];

/** @param {string} state @returns {{tone: Tone, state: string, next: string}} */
export function outboxState(state) {
  switch (state) {
    case 'sent': return { tone: 'good', state: 'sent', next: 'done' };
    case 'queued': return { tone: 'busy', state: 'queued', next: 'is sent when its turn comes' };
    case 'sending': return { tone: 'busy', state: 'sending', next: 'waits for the platform' };
    case 'ambiguous': return { tone: 'warn', state: 'uncertain', next: 'is not sent again by itself' };
    case 'failed': return { tone: 'bad', state: 'failed', next: 'nothing, until you decide' };
    default: return { tone: 'idle', state, next: '' };
  }
}
