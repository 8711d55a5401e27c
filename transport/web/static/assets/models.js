// Which model answers in this session, how much it thinks, and what the session has taken. A dialog behind the button in
// the head.

import { byId, h, reconcile, set } from './dom.js';
import { icon } from './icons.js';

const LEVELS = ['', 'off', 'minimal', 'low', 'medium', 'high'];
const MOST = 200; // models in the list at one time; the rest is found by typing

/** @typedef {{ id: string, name: string, provider: string, contextWindow?: number, reasoning?: boolean }} Model */
/** @typedef {{ input: number, output: number, cacheRead: number, cacheWrite: number, costUsd: number, unpriced?: boolean }} Spent */

export class ModelDialog {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client @param {import('./chat.js').Chat} chat */
  constructor(store, client, chat) {
    this.store = store;
    this.client = client;
    this.chat = chat;
    this.dialog = byId('model-dialog');
    this.button = byId('model');
    this.usage = byId('usage');
    this.count = h('span', { class: 'count' });
    this.cost = h('span', {});
    this.usage.append(this.count, this.cost);
    this.find = byId('model-find');
    this.list = byId('model-list');
    this.words = byId('model-words');
    this.levels = byId('model-levels');
    this.figures = byId('model-figures');
    /** @type {Model[]} */
    this.models = [];
    this.problem = '';
    this.drawn = '';
    this.button.append(icon('chevron', 'small'));
    this.button.addEventListener('click', () => this.open());
    this.usage.addEventListener('click', () => this.open());
    byId('model-close').addEventListener('click', () => this.dialog.close());
    byId('model-form').addEventListener('submit', (/** @type {Event} */ e) => {
      e.preventDefault();
      this.typed();
    });
    this.find.addEventListener('input', () => this.draw());
    this.find.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => { if (e.key === 'ArrowDown') this.move(e, -1); });
    this.list.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
      const at = [...this.list.children].indexOf(/** @type {Element} */ (document.activeElement));
      if (e.key === 'ArrowDown') this.move(e, at);
      if (e.key === 'ArrowUp') this.move(e, at - 2);
    });
    for (const level of LEVELS) {
      this.levels.append(h('label', { class: 'level' },
        h('input', { type: 'radio', name: 'thinking', value: level, onchange: () => this.patch({ thinkingLevel: level || null }) }), h('span', {}, level || 'default')));
    }
  }

  /** Moves the focus through the list. @param {KeyboardEvent} e @param {number} at */
  move(e, at) {
    e.preventDefault();
    const next = this.list.children[at + 1];
    if (next instanceof HTMLElement) next.focus();
    else if (at < -1) this.find.focus();
  }

  async open() {
    this.find.value = '';
    this.say('');
    this.dialog.showModal();
    this.draw();
    this.problem = '';
    try {
      this.models = (await this.client.call('models.list')).models || [];
    } catch (err) {
      this.problem = `The models could not be listed: ${err instanceof Error ? err.message : err}`;
    }
    this.draw();
  }

  /** @param {import('./store.js').State} s */
  render(s) {
    const row = rowOf(s);
    const name = modelOf(s, row);
    set(this.button.firstElementChild, 'textContent', name);
    set(this.button, 'title', `${name}: choose the model of this session`);
    set(this.button, 'ariaLabel', `Model ${name}: change`);
    const [count, cost] = spentWords(row?.spent);
    set(this.usage, 'hidden', !count);
    set(this.count, 'textContent', count && `${count} · `);
    set(this.cost, 'textContent', cost);
    set(this.usage, 'ariaLabel', `Taken by this session: ${count}, ${cost}. Details`);
    if (this.dialog.open) this.draw();
  }

  draw() {
    const s = this.store.state;
    const row = rowOf(s);
    const now = row?.modelOverride || '';
    // Only what differs is drawn: a button that is replaced between press and release is never clicked.
    const version = JSON.stringify([s.sessionKey, now, this.find.value, this.models, this.problem, defaultOf(s), row?.thinkingLevel, row?.spent, row?.totalTokens]);
    if (version === this.drawn) return;
    this.drawn = version;
    const words = this.find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (/** @type {Model} */ m) => words.every((/** @type {string} */ w) => `${m.provider}/${m.id} ${m.name}`.toLowerCase().includes(w));
    const found = this.models.filter(fits);
    const items = [];
    if (!words.length) items.push(this.item('', 'Default', s.model ? defaultOf(s) : 'the built-in runner', !now));
    for (const m of found.slice(0, MOST)) {
      const full = `${m.provider}/${m.id}`;
      const facts = [m.name !== m.id && m.name, m.contextWindow && `${tokens(m.contextWindow)} context`, m.reasoning && 'thinks'].filter(Boolean).join(' · ');
      items.push(this.item(full, full, facts, full === now));
    }
    if (found.length > MOST) items.push(h('p', { class: 'muted' }, `${found.length - MOST} more: type a part of the name`));
    if (this.problem) items.push(h('p', { class: 'muted' }, this.problem));
    else if (!found.length) items.push(h('p', { class: 'muted' }, words.length ? 'No listed model has that name. Enter takes it as it is, as provider/model or an alias.' : 'No models are known. They need a key or a model server: see clawdbot models status.'));
    const focus = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.model;
    reconcile(this.list, items);
    if (focus !== undefined) this.list.querySelector(`[data-model="${CSS.escape(focus)}"]`)?.focus();
    const level = row?.thinkingLevel || '';
    for (const input of this.levels.querySelectorAll('input')) input.checked = input.value === level;
    this.drawFigures(row);
  }

  /** @param {string} value @param {string} label @param {string} facts @param {boolean} current */
  item(value, label, facts, current) {
    return h('button', { class: 'model-item', type: 'button', 'data-model': value, 'aria-pressed': String(current), onclick: () => this.patch({ model: value || null }) },
      h('span', { class: 'model-name' }, label), facts ? h('span', { class: 'muted' }, facts) : null, current ? icon('check', 'small') : null);
  }

  /** What was typed is taken: the one model that is left, or the words themselves. */
  typed() {
    const text = this.find.value.trim();
    const left = this.list.querySelectorAll('.model-item');
    if (left.length === 1) this.patch({ model: left[0].dataset.model || null });
    else if (text) this.patch({ model: text });
  }

  /** Changes the session. @param {object} change */
  async patch(change) {
    this.say('Changing');
    try {
      await this.client.call('sessions.patch', { key: this.store.state.sessionKey, ...change });
      this.say('Changed: it counts from the next message on.');
      await this.chat.refreshSessions();
    } catch (err) {
      this.say(`Not changed: ${err instanceof Error ? err.message : err}`);
    }
    this.draw();
  }

  /** @param {string} text */
  say(text) {
    set(this.words, 'textContent', text);
  }

  /** @param {any} row */
  drawFigures(row) {
    /** @type {Spent | undefined} */
    const spent = row?.spent;
    const line = (/** @type {string} */ name, /** @type {string} */ value) => [h('dt', {}, name), h('dd', { class: 'mono' }, value)];
    const all = [];
    if (spent) {
      all.push(...line('Read', whole(spent.input)), ...line('Written', whole(spent.output)));
      if (spent.cacheRead || spent.cacheWrite) all.push(...line('From cache', whole(spent.cacheRead)), ...line('Into cache', whole(spent.cacheWrite)));
      all.push(...line('Cost', costWords(spent)));
    }
    if (row?.totalTokens) {
      const of = row.contextTokens ? ` of ${whole(row.contextTokens)} (${Math.round((100 * row.totalTokens) / row.contextTokens)} %)` : '';
      all.push(...line('In the context now', `${whole(row.totalTokens)}${of}`));
    }
    reconcile(this.figures, all.length ? all : [h('dd', { class: 'muted' }, 'Nothing was counted yet.')]);
  }
}

/** @param {import('./store.js').State} s @returns {any} */
const rowOf = (s) => s.sessions.find((r) => r.key === s.sessionKey);

/** @param {import('./store.js').State} s */
const defaultOf = (s) => (s.modelProvider ? `${s.modelProvider}/${s.model}` : s.model);

/** Who answers the next message. @param {import('./store.js').State} s @param {any} row */
function modelOf(s, row) {
  return row?.modelOverride || defaultOf(s) || 'built-in runner';
}

/** @param {number} n */
const whole = (n) => (n || 0).toLocaleString('en');

/** @param {number} n */
function tokens(n) {
  if (n < 1000) return String(n);
  return n < 1_000_000 ? `${(n / 1000).toFixed(n < 10_000 ? 1 : 0)}k` : `${(n / 1e6).toFixed(1)}M`;
}

/** What it cost, never 0 where that is not known. @param {Spent} s */
function costWords(s) {
  const sum = `$${s.costUsd.toFixed(s.costUsd < 1 ? 4 : 2)}`;
  if (!s.unpriced) return sum;
  return s.costUsd > 0 ? `at least ${sum}; a model has no price` : 'unknown: the model has no price';
}

/** What was taken, and what it cost. @param {Spent | undefined} s @returns {[string, string]} */
function spentWords(s) {
  const n = s ? (s.input || 0) + (s.output || 0) + (s.cacheRead || 0) + (s.cacheWrite || 0) : 0;
  if (!s || !n) return ['', ''];
  return [`${tokens(n)} tokens`, s.unpriced ? (s.costUsd > 0 ? `≥ $${s.costUsd.toFixed(4)}` : 'cost unknown') : costWords(s)];
}
