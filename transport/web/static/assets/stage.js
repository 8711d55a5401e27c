// Shows one control view at a time and keeps it fresh: at the start, when an event names it, after a gap, and every few
// seconds while somebody looks.

import { append, byId, h } from './dom.js';
import { oneAtATime } from './once.js';

const SETTLE = 250; // ms; a burst of events is one reading
const APART = 1000; // ms between readings that events ask for

/**
 * What a view is: `read` asks the gateway, `draw` shows what came. `events` are names, or beginnings of names, on which it
 * reads again; `every` is in ms, 0 = never by time alone. `args` is what follows the view's name in the address, also later.
 * @typedef {{
 *   read: () => Promise<any>, draw: (data: any) => void, events?: string[], every?: number,
 *   args?: (args: string[]) => void, event?: (name: string, payload: any) => void, close?: () => void,
 * }} View
 * @typedef {{
 *   client: import('./client.js').Client, store: import('./store.js').Store, phone: import('./link.js').LinkPhone,
 *   root: HTMLElement, args: string[], again: () => Promise<void>, say: (text: string, tone?: string) => void,
 * }} Context
 */

export class Stage {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client @param {import('./link.js').LinkPhone} phone */
  constructor(store, client, phone) {
    this.store = store;
    this.client = client;
    this.phone = phone;
    this.el = byId('view');
    this.name = '';
    /** @type {View | null} */
    this.view = null;
    this.round = 0; // of the view that is shown; what comes for an earlier one is dropped
    this.read = async () => {}; // reads what is shown
    /** @type {any} */
    this.timer = 0;
    /** @type {any} */
    this.soon = 0;
    this.asked = -APART; // when an event asked for a reading
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.again(); });
  }

  /** @param {import('./rail.js').Entry} entry @param {string[]} args */
  async show(entry, args) {
    if (entry.id === this.name) {
      this.view?.args?.(args);
      return;
    }
    this.hide();
    const round = this.round;
    this.name = entry.id;
    this.words = h('p', { class: 'view-words', role: 'status' });
    const root = h('div', { class: 'view-body', 'data-view': entry.id });
    this.el.replaceChildren(this.words, root);
    this.el.hidden = false;
    this.el.scrollTop = 0;
    this.say('Loading…');
    try {
      const [module] = await Promise.all([/** @type {any} */ (entry.load)(), sheet('control.css')]);
      if (round !== this.round) return;
      this.say('');
      this.read = oneAtATime(() => this.readOnce(round));
      this.view = module.open({
        client: this.client, store: this.store, phone: this.phone, root, args,
        again: () => this.again(), say: (/** @type {string} */ text, /** @type {string} */ tone) => { if (round === this.round) this.say(text, tone); },
      });
    } catch (err) {
      if (round !== this.round) return;
      this.name = '';
      this.say(`This part of the page could not be loaded: ${err instanceof Error ? err.message : err}. Is the gateway running?`, 'bad', true);
      append(/** @type {Node} */ (this.words), [' ', h('button', { class: 'link-button', type: 'button', onclick: () => this.show(entry, args) }, 'Try again')]);
      return;
    }
    await this.again();
  }

  hide() {
    this.round++;
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    this.soon = 0;
    for (const asked of document.querySelectorAll('dialog.ask')) /** @type {HTMLDialogElement} */ (asked).close(); // it was about this view
    this.view?.close?.();
    this.view = null;
    this.name = '';
    this.el.hidden = true;
    this.el.replaceChildren();
  }

  /** Reads again; a call during a reading leads to one more after it. */
  async again() {
    if (this.view && !document.hidden) await this.read();
  }

  /** @param {number} round that of the view */
  async readOnce(round) {
    const { view } = this;
    if (!view || round !== this.round || document.hidden) return;
    clearTimeout(this.timer);
    try {
      const data = await view.read();
      if (round !== this.round) return;
      view.draw(data);
      if (this.failed) this.say('');
    } catch (err) {
      if (round !== this.round) return;
      if (this.client.live) this.say(`This could not be read: ${err instanceof Error ? err.message : err}`, 'bad', true);
    }
    if (view.every) this.timer = setTimeout(() => this.again(), view.every);
  }

  /** @param {string} name @param {any} payload */
  onEvent(name, payload) {
    this.view?.event?.(name, payload);
    if (name === 'chat' && payload.state === 'delta') return; // a text that grows changes nothing that a view reads
    if (this.soon || !this.view?.events?.some((e) => name.startsWith(e))) return;
    this.soon = setTimeout(() => {
      this.soon = 0;
      this.asked = performance.now();
      this.again();
    }, Math.max(SETTLE, this.asked + APART - performance.now()));
  }

  /** The line over the view: what was done, or why not. @param {string} text @param {string} [tone] @param {boolean} [failed] it is about the reading itself */
  say(text, tone = '', failed = false) {
    this.failed = failed;
    if (!this.words) return;
    this.words.textContent = text;
    this.words.dataset.tone = tone;
  }
}

/** @type {Map<string, Promise<void>>} */
const sheets = new Map();

/** Loads a style sheet once. @param {string} name @returns {Promise<void>} */
function sheet(name) {
  let loading = sheets.get(name);
  if (!loading) {
    loading = new Promise((done, fail) => {
      const link = h('link', { rel: 'stylesheet', href: new URL(`./${name}`, import.meta.url).href, onload: () => done() });
      link.onerror = () => { sheets.delete(name); link.remove(); fail(new Error(`no ${name}`)); };
      document.head.append(link);
    });
    sheets.set(name, loading);
  }
  return loading;
}
