// The side list: sessions, and a few lines about the gateway. Below 900 px it is a drawer.

import { LISTED } from './chat.js';
import { byId, h, reconcile, set } from './dom.js';
import { icon } from './icons.js';
import { ago, duration, exact } from './time.js';
import { surfaceNames } from './messages.js';
import { address } from './rail.js';

const MINUTE_MOVES = 30_000; // ms

export class Sessions {
  /** @param {import('./store.js').Store} store @param {(key: string) => void} open @param {import('./link.js').LinkPhone} phone */
  constructor(store, open, phone) {
    this.phone = phone.offer();
    this.all = h('a', { class: 'session session-all', href: address('sessions') }, icon('sessions'), h('span', { class: 'name' }, 'All sessions'));
    this.store = store;
    this.open = open;
    this.side = byId('side');
    this.scrim = byId('scrim');
    this.opener = byId('open-side');
    /** What the list stands on. @type {any[]} */
    this.drawn = [];
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.opener.append(icon('menu'));
    byId('close-side').append(icon('close'));
    byId('new-session').append(icon('plus'));
    document.querySelector('.mark')?.append(icon('claw', 'small'));
    this.opener.addEventListener('click', () => this.drawer(true));
    byId('close-side').addEventListener('click', () => this.drawer(false));
    this.scrim.addEventListener('click', () => this.drawer(false));
    byId('new-session').addEventListener('click', () => this.pick(`webchat-${Math.random().toString(36).slice(2, 8)}`));
    setInterval(() => this.render(store.state), MINUTE_MOVES);
  }

  /** @param {boolean} open */
  drawer(open) {
    if (open === this.isOpen()) return;
    this.side.classList.toggle('open', open);
    this.scrim.hidden = !open;
    this.opener.setAttribute('aria-expanded', String(open));
    byId('main').inert = open;
    if (open) byId('close-side').focus();
    else this.opener.focus();
  }

  isOpen() {
    return this.side.classList.contains('open');
  }

  /** @param {string} key */
  pick(key) {
    this.drawer(false);
    this.open(key);
    byId('composer').focus();
  }

  /** @param {import('./store.js').State} s */
  render(s) {
    const now = [s.sessions, s.unread, s.sessionKey, s.hello, s.presence, s.health, s.wantsPhone, Math.floor(Date.now() / MINUTE_MOVES)];
    if (now.every((v, i) => v === this.drawn[i])) return; // an answer that grows changes nothing here
    this.drawn = now;
    const list = [...s.sessions];
    for (const key of new Set([s.sessionKey, 'main'])) if (!list.some((r) => r.key === key)) list.unshift({ key, kind: 'direct', updatedAt: 0 });
    const nodes = list.map((r) => this.row(r, s));
    reconcile(byId('sessions'), s.sessions.length < LISTED ? nodes : [...nodes, this.all]);
    const live = new Set(list.map((r) => r.key));
    for (const key of this.rows.keys()) if (!live.has(key)) this.rows.delete(key);
    set(byId('title'), 'textContent', nameOf(list.find((r) => r.key === s.sessionKey)));
    const lines = about(s);
    reconcile(byId('about'), s.wantsPhone && lines.length ? [...lines, this.phone] : lines);
  }

  /** @param {any} r @param {import('./store.js').State} s */
  row(r, s) {
    let row = this.rows.get(r.key);
    if (!row) {
      row = h('button', { class: 'session', type: 'button', 'data-key': r.key, onclick: () => this.pick(r.key) });
      this.rows.set(r.key, row);
    }
    const current = r.key === s.sessionKey;
    const fresh = s.unread.has(r.key);
    const when = r.updatedAt ? ago(r.updatedAt) : '';
    const sub = r.surface && r.surface !== 'webchat' ? `${surfaceName(r.surface)}${r.kind === 'group' ? ' group' : ''}` : '';
    const version = `${nameOf(r)}|${when}|${sub}|${current}|${fresh}|${r.kind}`;
    if (row.dataset.version === version) return row;
    row.dataset.version = version;
    if (current) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
    row.title = r.updatedAt ? `${r.key}, last used ${exact(r.updatedAt)}` : r.key;
    row.replaceChildren(icon(r.kind === 'group' ? 'group' : 'chat'), h('span', { class: 'name' }, nameOf(r)),
      fresh ? h('span', { class: 'fresh' }, 'new') : h('span', { class: 'when' }, when), sub ? h('span', { class: 'sub' }, sub) : '');
    return row;
  }
}

/** @param {string} s */
const surfaceName = (s) => (s === 'whatsapp' ? 'WhatsApp' : s === 'imessage' ? 'iMessage' : '') || s[0].toUpperCase() + s.slice(1);

/** @param {any} r */
function nameOf(r) {
  return r?.displayName || r?.key || '';
}

/** @param {import('./store.js').State} s @returns {any[]} */
function about(s) {
  const server = s.hello?.server;
  if (!server) return [];
  const clients = s.presence.filter((p) => p.mode !== 'gateway' && p.reason !== 'disconnect' && p.reason !== 'node-disconnected').length;
  const up = s.hello.snapshot?.uptimeMs;
  const surfaces = surfaceNames(s.health);
  const line = (/** @type {string} */ a, /** @type {string} */ b) => h('div', { class: 'row' }, h('span', {}, a), h('span', { title: b }, b));
  return [
    line('Gateway', [server.host, server.version].filter(Boolean).join(' · ')),
    typeof up === 'number' ? line('Started', started(up + Date.now() - s.hello.at)) : '',
    line('Connected', clients === 1 ? '1 client' : `${clients} clients`),
    line('Surfaces', ['WebChat', ...surfaces].join(', ')),
  ].filter((n) => n !== '');
}

/** @param {number} ms */
const started = (ms) => (ms < 60_000 ? 'just now' : `${duration(Math.floor(ms / 60_000) * 60_000).replace(/ 0 s$/, '')} ago`);
