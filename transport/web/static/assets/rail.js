// The rail of views, and which of them the address names: "#/cron/ID" is a view, everything else the chat.

import { byId, h, set } from './dom.js';
import { icon } from './icons.js';

const FIRST = 4; // entries that a phone's bar has room for; the others are behind "More"

/**
 * One entry. `needs` is a method without which there is nothing to show. The module behind `load` has `open(ctx)`, see stage.js.
 * @typedef {{ id: string, label: string, icon: any, key: string, load?: () => Promise<any>, needs?: string }} Entry
 */

/** In the order of the rail. A key is pressed after "g". @type {Entry[]} */
export const entries = [
  { id: 'chat', label: 'Chat', icon: 'chat', key: 'c' },
  { id: 'overview', label: 'Overview', icon: 'overview', key: 'o', load: () => import('./control/overview.js') },
  { id: 'surfaces', label: 'Surfaces', icon: 'surfaces', key: 's', load: () => import('./control/surfaces.js') },
  { id: 'outbox', label: 'Outbox', icon: 'outbox', key: 'u', load: () => import('./control/outbox.js') },
  { id: 'actors', label: 'Actors', icon: 'actors', key: 'a', load: () => import('./control/actors.js') },
  { id: 'cron', label: 'Cron', icon: 'clock', key: 'r', load: () => import('./control/cron.js') },
  { id: 'config', label: 'Config', icon: 'config', key: 'f', load: () => import('./control/config.js') },
  { id: 'log', label: 'Log', icon: 'log', key: 'l', needs: 'logs.tail', load: () => import('./control/log.js') },
  { id: 'nodes', label: 'Nodes', icon: 'phone', key: 'n', load: () => import('./control/nodes.js') },
  { id: 'sessions', label: 'Sessions', icon: 'sessions', key: 'e', load: () => import('./control/sessions.js') },
  { id: 'skills', label: 'Skills', icon: 'skills', key: 'k', load: () => import('./control/skills.js') },
  { id: 'models', label: 'Models', icon: 'models', key: 'm', load: () => import('./control/models.js') },
  { id: 'setup', label: 'Setup', icon: 'setup', key: 'p', needs: 'wizard.start', load: () => import('./control/setup.js') },
];

/** What the address names. @returns {{ entry: Entry, args: string[] }} */
export function route() {
  const parts = location.hash.startsWith('#/') ? location.hash.slice(2).split('/').map(decode) : [];
  const entry = entries.find((e) => e.id === parts[0] && e.load);
  return entry ? { entry, args: parts.slice(1).filter(Boolean) } : { entry: entries[0], args: [] };
}

/** The address of a view. @param {...string} parts */
export const address = (...parts) => `#/${parts.map(encodeURIComponent).join('/')}`;

/** What percent signs stand for; a text in which they stand for nothing is as it is. @param {string} s */
export function decode(s) {
  try { return decodeURIComponent(s); } catch { return s; }
}

export class Rail {
  /** @param {() => string} session the key of the chat's session */
  constructor(session) {
    this.session = session;
    this.el = byId('rail');
    /** @type {Map<string, HTMLAnchorElement>} */
    this.links = new Map();
    for (const e of entries) {
      this.links.set(e.id, h('a', { class: 'rail-item', href: address(e.id), 'data-view': e.id, title: `${e.label} (g ${e.key})` }, icon(e.icon), h('span', {}, e.label)));
    }
    const all = [...this.links.values()];
    this.rest = h('div', { id: 'rail-rest' }, ...all.slice(FIRST));
    this.more = h('button', { id: 'rail-more', class: 'rail-item', type: 'button', 'aria-expanded': 'false', 'aria-controls': 'rail-rest' }, icon('more'), h('span', {}, 'More'));
    this.more.hidden = all.length <= FIRST;
    this.el.append(...all.slice(0, FIRST), this.more, this.rest);
    this.more.addEventListener('click', () => this.open(!this.el.classList.contains('open')));
    this.el.addEventListener('click', (/** @type {any} */ e) => { if (/** @type {Element} */ (e.target).closest('a')) this.open(false); });
    this.prefix = 0; // when "g" was pressed
    document.addEventListener('keydown', (e) => this.press(e));
  }

  /** @param {boolean} on */
  open(on) {
    this.el.classList.toggle('open', on);
    this.more.setAttribute('aria-expanded', String(on));
  }

  /** "g" and a letter go to a view, unless somebody writes. @param {KeyboardEvent} e */
  press(e) {
    if (e.key === 'Escape') this.open(false);
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || writing(e.target) || document.querySelector('dialog[open]')) return;
    if (e.key === '/') {
      const find = document.querySelector('#view [type=search]');
      if (find instanceof HTMLElement && find.checkVisibility()) {
        e.preventDefault();
        find.focus();
      }
    }
    const entry = Date.now() - this.prefix < 1500 && entries.find((v) => v.key === e.key);
    this.prefix = e.key === 'g' ? Date.now() : 0;
    if (entry) {
      e.preventDefault();
      this.links.get(entry.id)?.click();
    }
  }

  /** Marks where the page is. @param {string} id */
  mark(id) {
    for (const [name, link] of this.links) {
      if (name === id) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    this.more.classList.toggle('current', Boolean(this.links.get(id)?.closest('#rail-rest')));
  }

  /** @param {import('./store.js').State} s */
  render(s) {
    const chat = `#${new URLSearchParams({ session: this.session() })}`;
    if (this.links.get('chat')?.getAttribute('href') !== chat) this.links.get('chat')?.setAttribute('href', chat);
    const known = s.hello?.features?.methods || [];
    for (const e of entries) if (e.needs) set(this.links.get(e.id), 'hidden', known.length > 0 && !known.includes(e.needs));
    const lost = s.health?.undelivered;
    this.alert('surfaces', s.health?.deaf?.length ? 'a surface hears nothing' : '');
    this.alert('outbox', lost ? 'messages did not arrive' : '');
  }

  /** A dot, and the same in words. @param {string} id @param {string} words */
  alert(id, words) {
    const link = this.links.get(id);
    if (!link || (link.dataset.alert || '') === words) return;
    const name = entries.find((e) => e.id === id)?.label || id;
    if (words) link.dataset.alert = words;
    else delete link.dataset.alert;
    if (words) link.setAttribute('aria-label', `${name}: ${words}`);
    else link.removeAttribute('aria-label');
  }
}

/** @param {any} el */
const writing = (el) => el instanceof HTMLElement && (el.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(el.tagName));
