// Linking WhatsApp: an offer in the side list while no phone is linked, and the dialog with the code.

import { LinkError } from './client.js';
import { byId, h } from './dom.js';
import { icon } from './icons.js';

const ASK_WITHIN = 30_000; // ms the gateway may take to get a code
const WAIT_FOR = 5_000; // ms of one wait for the scan; then the newest code is asked for: each is good for 20 s only
const SLACK = 15_000; // ms on top of both until the page gives the call up

/** What the gateway says while the code is still good. */
const STILL = /still waiting/i;

/**
 * @typedef {{
 *   phase: 'asking' | 'scan' | 'type' | 'linked' | 'failed',
 *   message: string, image?: string, code?: string,
 * }} View
 */

/** Tells whether there is a phone to link. @param {any} status the answer of providers.status */
export function wantsPhone(status) {
  const account = status?.accounts?.find((/** @type {any} */ a) => a.provider === 'whatsapp');
  return Boolean(account) && account.state !== 'disabled' && !status.whatsapp?.linked;
}

export class LinkPhone {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client */
  constructor(store, client) {
    this.store = store;
    this.client = client;
    this.dialog = byId('link-dialog');
    this.picture = byId('link-picture');
    this.typed = byId('link-typed');
    this.words = byId('link-words');
    this.again = byId('link-again');
    this.phone = byId('link-phone');
    this.steps = byId('link-steps');
    this.other = byId('link-other');
    this.close = byId('link-close');
    this.round = 0; // answers to an earlier round are not shown
    this.again.addEventListener('click', () => this.start(this.number));
    this.close.addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('close', () => { this.round++; this.look(); });
    byId('link-form').addEventListener('submit', (/** @type {Event} */ e) => {
      e.preventDefault();
      if (this.phone.value.trim()) this.start(this.phone.value.trim());
    });
    this.number = '';
    this.shown = '';
  }

  /** Asks how the surfaces are; a gateway that does not tell offers nothing. */
  async look() {
    try {
      const status = await this.client.call('providers.status');
      this.store.change((s) => { s.wantsPhone = wantsPhone(status); });
    } catch {
      this.store.change((s) => { s.wantsPhone = false; });
    }
  }

  /** The button that opens the dialog. @param {string} [extra] more classes */
  offer(extra = '') {
    return h('button', { class: `button link-offer ${extra}`.trim(), type: 'button', onclick: () => this.open() }, icon('phone', 'small'), h('span', {}, 'Link WhatsApp'));
  }

  open() {
    if (this.dialog.open) return;
    this.phone.value = '';
    this.other.open = false;
    this.dialog.showModal();
    this.start('');
  }

  /** Gets a code and waits until it was used. @param {string} number a phone number, "" for a code to scan */
  async start(number) {
    const round = ++this.round;
    this.number = number;
    this.show({ phase: 'asking', message: 'Asking WhatsApp for a code…' });
    try {
      const got = await this.code();
      if (round !== this.round) return;
      if (!this.showCode(got)) this.show({ phase: 'failed', message: got.message });
      else await this.wait(round);
    } catch (err) {
      if (round === this.round) this.show({ phase: 'failed', message: reason(err) });
    }
  }

  /** Begins a login, or gets the newest code of the one under way. */
  code() {
    return this.client.call('web.login.start', { timeoutMs: ASK_WITHIN, ...(this.number ? { phone: this.number } : {}) }, ASK_WITHIN + SLACK);
  }

  /** Shows a code; false when there is none. @param {any} got the answer of web.login.start */
  showCode(got) {
    const image = typeof got.qrDataUrl === 'string' && got.qrDataUrl.startsWith('data:image/png;base64,') ? got.qrDataUrl : '';
    const message = 'Waiting for the phone…';
    if (got.pairingCode) this.show({ phase: 'type', message, code: got.pairingCode });
    else if (image) this.show({ phase: 'scan', message, image });
    return Boolean(got.pairingCode || image);
  }

  /** @param {number} round */
  async wait(round) {
    for (;;) {
      const got = await this.client.call('web.login.wait', { timeoutMs: WAIT_FOR }, WAIT_FOR + SLACK);
      if (round !== this.round) return;
      if (!got.connected && STILL.test(got.message)) {
        const newest = await this.code();
        if (round !== this.round) return;
        this.showCode(newest); // none: the wait says what became of it
        continue;
      }
      this.show({ phase: got.connected ? 'linked' : 'failed', message: got.message });
      if (got.connected) this.look();
      return;
    }
  }

  /** @param {View} v */
  show(v) {
    this.dialog.dataset.phase = v.phase;
    this.picture.hidden = !(v.phase === 'scan' || v.phase === 'asking' && !this.number);
    if (v.image !== this.picture.firstChild?.src) {
      this.picture.replaceChildren(v.image ? h('img', { src: v.image, alt: 'Code to scan with WhatsApp on the phone', width: 264, height: 264 }) : '');
    }
    this.typed.hidden = !v.code;
    this.typed.textContent = v.code || '';
    this.steps.hidden = v.phase === 'linked' || v.phase === 'failed';
    this.steps.lastElementChild.textContent = v.phase === 'type' || this.number ? 'Choose “Link with phone number instead” and type the code shown here.' : 'Point the phone at the code shown here.';
    this.other.hidden = v.phase === 'linked';
    this.again.hidden = v.phase !== 'failed';
    this.close.textContent = v.phase === 'linked' ? 'Done' : 'Close';
    this.close.classList.toggle('primary', v.phase === 'linked');
    if (this.words.textContent === v.message && v.phase === this.shown) return; // not read out again
    this.shown = v.phase;
    this.words.replaceChildren(v.phase === 'linked' ? icon('check', 'small') : v.phase === 'failed' ? icon('alert', 'small') : icon('clock', 'small'), h('span', {}, v.message));
  }
}

/** @param {any} err */
function reason(err) {
  if (err instanceof LinkError) return `${err.message[0].toUpperCase()}${err.message.slice(1)}. Ask for a new code when the page is live again.`;
  return err?.message || String(err);
}
