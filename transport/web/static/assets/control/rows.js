// The list that every view uses. A row answers: what is it, is it well, since when, what happens next, what can I do. Long
// lists are windowed: only what is on screen is in the page.

import { h, reconcile } from '../dom.js';
import { icon } from '../icons.js';
import { show } from './ask.js';
import { badge, button, moment } from './ui.js';

const WINDOWED_FROM = 150; // rows
const EXTRA = 8; // rows drawn above and below what is seen

/**
 * `since` and `next` are moments in ms, or words, or both. `more` = the row opens; its node is made when it does, and
 * again when `item` differs. `depth` indents.
 * @typedef {{
 *   key: string, tone: import('./ui.js').Tone, state: string, what: string, href?: string, sub?: string, mono?: boolean, depth?: number,
 *   since?: number | null, sinceWords?: string, next?: number | null, nextWords?: string, actions?: import('./ui.js').Action[],
 *   more?: () => Node, item?: any, facts?: string[],
 * }} Row
 */

export class Rows {
  /** @param {import('../stage.js').Context} ctx @param {{label: string, nothing: any[]}} o */
  constructor(ctx, o) {
    this.ctx = ctx;
    this.o = o;
    this.el = h('ul', { class: 'rows', 'aria-label': o.label });
    this.none = h('p', { class: 'nothing' }, ...o.nothing);
    this.none.hidden = true;
    this.box = h('div', { class: 'rows-box' }, this.none, this.el);
    /** @type {Map<string, HTMLElement>} */
    this.drawn = new Map();
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {any[]} */
    this.list = [];
    /** @type {(thing: any) => Row} */
    this.make = (row) => row;
    this.scroller = ctx.root.closest('#view') || ctx.root;
    this.scroll = () => { if (this.el.classList.contains('windowed')) this.draw(); };
    this.scroller.addEventListener('scroll', this.scroll, { passive: true });
    addEventListener('resize', this.scroll);
  }

  /** Call it when the view is left. */
  close() {
    this.scroller.removeEventListener('scroll', this.scroll);
    removeEventListener('resize', this.scroll);
  }

  /**
   * Shows a list of rows, or of things with what makes a row of one: that is asked for those on screen only, so that ten thousand
   * cost what twenty do.
   * @param {any[]} list @param {(thing: any) => Row} [make]
   */
  show(list, make = (row) => row) {
    this.list = list;
    this.make = make;
    this.none.hidden = list.length > 0;
    this.el.hidden = !list.length;
    const windowed = list.length > WINDOWED_FROM;
    this.el.classList.toggle('windowed', windowed);
    if (!windowed) this.el.style.height = '';
    this.draw();
  }

  draw() {
    const windowed = this.el.classList.contains('windowed');
    let first = 0;
    let last = this.list.length;
    let height = 0;
    if (windowed) {
      height = parseFloat(getComputedStyle(this.el).getPropertyValue('--row')) || 56;
      this.el.style.height = `${height * this.list.length}px`;
      const above = this.scroller.getBoundingClientRect().top - this.el.getBoundingClientRect().top;
      first = Math.max(0, Math.floor(above / height) - EXTRA);
      last = Math.min(this.list.length, Math.ceil((above + this.scroller.clientHeight) / height) + EXTRA);
    }
    const nodes = [];
    const live = new Set();
    for (let i = first; i < last; i++) {
      const row = this.make(this.list[i]);
      const el = this.row(row);
      el.style.top = windowed ? `${i * height}px` : '';
      if (windowed) {
        el.setAttribute('aria-setsize', String(this.list.length));
        el.setAttribute('aria-posinset', String(i + 1));
      }
      nodes.push(el);
      live.add(row.key);
    }
    for (const key of this.drawn.keys()) if (!live.has(key)) this.drawn.delete(key);
    reconcile(this.el, nodes);
  }

  /** Draws a row only when it differs, so that focus, hover and a press under way are left alone. @param {Row} row */
  row(row) {
    let el = this.drawn.get(row.key);
    if (!el) this.drawn.set(row.key, el = h('li', { class: 'row', 'data-row': row.key }));
    const open = this.open.has(row.key);
    const version = JSON.stringify([row, open]);
    if (el.dataset.version === version) return el;
    const focused = el.contains(document.activeElement) ? document.activeElement?.getAttribute('aria-label') : null;
    el.dataset.version = version;
    el.dataset.tone = row.tone;
    const detail = open && row.more ? h('div', { class: 'row-more' }, row.more()) : null;
    el.replaceChildren(...[
      badge(row.tone, row.state), this.what(row, open),
      h('div', { class: 'row-times' },
        h('div', { class: 'row-when' }, row.since ? moment(row.since) : null, row.sinceWords ? h('span', {}, row.sinceWords) : null),
        h('div', { class: 'row-next' }, row.nextWords ? h('span', {}, row.nextWords) : null, row.next ? moment(row.next) : null)),
      h('div', { class: 'row-actions' }, ...(row.actions || []).map((a) => button(this.ctx, a, row.what))), detail,
    ].filter((n) => n !== null));
    if (focused) /** @type {any} */ ([...el.querySelectorAll('[aria-label]')].find((b) => b.getAttribute('aria-label') === focused))?.focus();
    return el;
  }

  /** @param {Row} row @param {boolean} open */
  what(row, open) {
    const name = row.href ? h('a', { class: 'row-name', href: row.href }, row.what) : h('span', { class: `row-name${row.mono ? ' mono' : ''}`, title: row.what }, row.what);
    const cell = h('div', { class: 'row-what', 'data-depth': Math.min(row.depth || 0, 6) });
    if (row.more) {
      const toggle = h('button', { class: 'row-toggle', type: 'button', 'aria-expanded': String(open), 'aria-label': `Details: ${row.what}` }, icon('chevron', 'small'));
      toggle.addEventListener('click', () => this.toggle(row.key));
      cell.append(toggle);
    }
    cell.append(h('div', { class: 'row-words' }, name, row.sub ? h('span', { class: 'row-sub', title: row.sub }, row.sub) : null,
      ...(row.facts || []).map((f) => h('span', { class: 'row-fact' }, f))));
    return cell;
  }

  /** @param {string} key */
  toggle(key) {
    const row = this.list.map(this.make).find((r) => r.key === key);
    if (row?.more && this.el.classList.contains('windowed')) { // its rows are all of one height
      show(row.what, row.more());
      return;
    }
    if (!this.open.delete(key)) this.open.add(key);
    this.draw();
  }
}
