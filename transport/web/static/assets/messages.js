// The message list: keeps one node per item, follows the end only while it is in view.

import { byId, h, reconcile, set } from './dom.js';
import { icon } from './icons.js';
import { build } from './message.js';
import { timeline } from './timeline.js';
import { isOver } from './turns.js';

const AT_END = 48; // px from the end that still count as the end

export class Messages {
  /** @param {import('./store.js').Store} store @param {import('./chat.js').Chat} chat @param {import('./link.js').LinkPhone} phone */
  constructor(store, chat, phone) {
    this.offer = phone.offer();
    this.store = store;
    this.chat = chat;
    this.list = byId('messages');
    this.scroller = byId('scroller');
    this.pill = byId('pill');
    this.announcer = byId('announce');
    /** @type {Map<string, {view: import('./message.js').View, item: any}>} */
    this.nodes = new Map();
    this.push = h('div', { class: 'push' });
    this.void = { version: '', node: this.push };
    this.sessionKey = '';
    this.pinned = true;
    this.tail = '';
    /** @type {{node: Element, top: number} | null} */
    this.anchor = null;
    this.actions = {
      earlier: () => this.earlier(),
      fold: (/** @type {string} */ key, /** @type {boolean} */ open) => this.toggle('expanded', key, open),
      tool: (/** @type {string} */ id, /** @type {boolean} */ open) => this.toggle('open', id, open),
      turn: (/** @type {string} */ action, /** @type {string} */ id) => this.turn(action, id),
    };
    this.pill.append(icon('down', 'small'));
    this.pill.addEventListener('click', () => { this.follow(); byId('composer').focus({ preventScroll: true }); });
    this.scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    const keepEnd = new ResizeObserver(() => { if (this.pinned) this.toEnd(); });
    keepEnd.observe(this.scroller);
    keepEnd.observe(this.list);
  }

  /** @param {import('./store.js').State} s */
  render(s) {
    if (s.sessionKey !== this.sessionKey) {
      this.sessionKey = s.sessionKey;
      this.nodes.clear();
      this.pinned = true;
    }
    const items = timeline(s);
    const nodes = items.map((item) => this.node(item));
    const keys = new Set(items.map((i) => i.key));
    for (const key of this.nodes.keys()) if (!keys.has(key)) this.nodes.delete(key);
    if (!items.length) nodes.push(this.nothing(s));
    else if (s.loadError) nodes.push(h('p', { class: 'note', 'data-tone': 'bad' }, icon('alert'), `History could not be loaded: ${s.loadError}`));
    reconcile(this.list, items.length ? [this.push, ...nodes] : nodes);
    this.place(items);
    this.announce(s);
  }

  /** @param {import('./timeline.js').Item} item */
  node(item) {
    let known = this.nodes.get(item.key);
    if (!known) {
      known = { view: build(item, this.actions), item: null };
      this.nodes.set(item.key, known);
    }
    if (!known.item || !same(known.item, item)) known.view.update(item);
    known.item = item;
    return known.view.node;
  }

  /** Scroll position after a change of the list. @param {import('./timeline.js').Item[]} items */
  place(items) {
    const last = items[items.length - 1];
    const texts = items.filter((i) => i.type === 'message').slice(-1)[0];
    const tail = `${last?.key}|${texts?.type === 'message' ? texts.text.length : 0}`;
    if (this.anchor && this.anchor.node.isConnected) {
      const moved = this.anchor.node.getBoundingClientRect().top - this.anchor.top;
      if (Math.abs(moved) > 1) {
        this.scroller.scrollTop += moved;
        this.anchor = null;
      }
    }
    if (this.pinned) this.toEnd();
    else if (this.tail && tail !== this.tail) set(this.pill, 'hidden', false);
    this.tail = tail;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    set(this.pill, 'hidden', true);
  }

  /** Goes to the end and stays there. */
  follow() {
    this.pinned = true;
    this.toEnd();
  }

  scrolled() {
    const el = this.scroller;
    this.pinned = el.scrollHeight - el.scrollTop - el.clientHeight < AT_END;
    if (this.pinned) set(this.pill, 'hidden', true);
  }

  earlier() {
    const first = this.list.querySelector('.msg');
    this.anchor = first && { node: first, top: first.getBoundingClientRect().top };
    this.pinned = false;
    this.chat.showEarlier();
  }

  /** @param {'expanded'|'open'} set @param {string} key @param {boolean} on */
  toggle(set, key, on) {
    this.pinned = false;
    this.store.change((s) => { if (on) s[set].add(key); else s[set].delete(key); });
  }

  /** @param {string} action @param {string} id */
  turn(action, id) {
    const t = this.store.state.turns.find((o) => o.id === id);
    if (!t) return;
    if (action === 'retry') {
      if (this.chat.client.live) this.chat.submit(t);
      else this.chat.client.now();
    } else if (action === 'again') {
      this.follow();
      this.chat.send(t.text, t.attachments);
    } else {
      this.chat.discard(t);
    }
  }

  /** Says finished sentences of running texts to screen readers. @param {import('./store.js').State} s */
  announce(s) {
    for (const t of s.turns) {
      for (const p of t.parts) {
        if (p.kind !== 'text') continue;
        const fresh = p.text.slice(p.said);
        const stop = isOver(t) ? fresh.length : fresh.search(/[.!?…][^.!?…]*$/) + 1;
        if (stop <= 0) continue;
        this.announcer.textContent = fresh.slice(0, Math.min(stop, 2000));
        p.said += stop;
      }
    }
  }

  /** What stands where no message is: the same node while it says the same, or a press on its button is lost. @param {import('./store.js').State} s */
  nothing(s) {
    const surfaces = surfaceNames(s.health);
    const version = JSON.stringify([s.loaded, s.loadError, s.status.state === 'live', s.model, surfaces, s.wantsPhone]);
    if (version !== this.void.version) {
      this.void = { version, node: s.loaded ? this.empty(s, surfaces) : h('p', { class: 'muted' }, s.status.state === 'live' ? 'Loading messages' : '') };
    }
    return this.void.node;
  }

  /** What a session without messages shows. @param {import('./store.js').State} s @param {string[]} surfaces */
  empty(s, surfaces) {
    const example = 'What can you do from here?';
    return h('div', { class: 'empty' },
      h('h3', {}, s.loadError ? 'History could not be loaded' : 'Talk to your agent'),
      h('p', { class: 'muted' }, s.loadError || 'What you write here runs in this session, and every client of the gateway sees it.'),
      h('button', { class: 'example', type: 'button', onclick: () => { this.follow(); this.chat.send(example, []); } }, icon('chat'), h('span', {}, example), icon('send')),
      h('dl', {},
        h('dt', {}, 'Answered by'), h('dd', { class: 'mono' }, s.model || 'the built-in runner'),
        h('dt', {}, 'Surfaces'), h('dd', {}, surfaces.length ? `WebChat, ${surfaces.join(', ')}` : 'WebChat only'),
        h('dt', {}, 'Next step'), surfaces.length && !s.wantsPhone ? h('dd', {}, 'Write from one of them: it is answered there.')
          : h('dd', {}, h('a', { href: '#/setup' }, 'Set up a model, and WhatsApp, Telegram, Slack or another surface'), s.wantsPhone ? h('p', { class: 'empty-offer' }, this.offer) : null)));
  }
}

/** The platforms that the health summary calls configured. @param {any} health */
export function surfaceNames(health) {
  const out = [];
  if (health?.web?.linked) out.push('WhatsApp');
  for (const [key, name] of [['telegram', 'Telegram'], ['discord', 'Discord'], ['slack', 'Slack'], ['signal', 'Signal'], ['imessage', 'iMessage']]) {
    if (health?.[key]?.configured) out.push(name);
  }
  return out;
}

/** @param {any} a @param {any} b */
function same(a, b) {
  for (const k of Object.keys(b)) {
    if (a[k] === b[k]) continue;
    if (!Array.isArray(a[k]) || !Array.isArray(b[k]) || a[k].length !== b[k].length || a[k].some((/** @type {any} */ v, /** @type {number} */ i) => v !== b[k][i])) return false;
  }
  return true;
}
