// What every view is made of: states in words and colour, times that go on, ids to copy, buttons that say how it went.

import { copyText, h } from '../dom.js';
import { icon } from '../icons.js';
import { duration, exact } from '../time.js';
import { confirm } from './ask.js';

/** @typedef {'good' | 'warn' | 'bad' | 'busy' | 'idle'} Tone */
/** One of several choices of what can be done. `lose` = it is asked first, with what will be lost.
 * @typedef {{ label: string, run: () => Promise<string | void> | string | void, lose?: string, title?: string, primary?: boolean, href?: string }} Action */

/** A state, never in colour alone. @param {Tone} tone @param {string} word */
export const badge = (tone, word) => h('span', { class: 'badge', 'data-tone': tone }, h('span', { class: 'dot', 'aria-hidden': 'true' }), h('span', {}, word));

/** A moment, as "4 min ago" or "in 30 s", with the exact one on hover. It goes on by itself. @param {number | null | undefined} ms */
export function moment(ms) {
  if (!ms) return h('span', { class: 'muted' }, '–');
  return h('time', { datetime: new Date(ms).toISOString(), title: exact(ms), 'data-ms': ms }, relative(ms));
}

/** @param {number} ms @param {number} [now] */
export function relative(ms, now = Date.now()) {
  const away = Math.abs(ms - now);
  if (away < 1000) return 'just now';
  const words = away < 60_000 ? `${Math.round(away / 1000)} s` : away < 3_600_000 ? `${Math.round(away / 60_000)} min`
    : away < 86_400_000 ? `${Math.round(away / 3_600_000)} h` : `${Math.round(away / 86_400_000)} d`;
  return ms > now ? `in ${words}` : `${words} ago`;
}

// One clock for all moments on the page.
setInterval(() => {
  if (document.hidden) return;
  const now = Date.now();
  for (const el of document.querySelectorAll('#view time[data-ms]')) {
    const words = relative(Number(/** @type {HTMLElement} */ (el).dataset.ms), now);
    if (el.textContent !== words) el.textContent = words;
  }
}, 1000);

/** How long, or a dash. @param {number | null | undefined} ms */
export const span = (ms) => (typeof ms === 'number' ? duration(Math.max(0, ms)).replace(/^(.* (?:min|h)) 0 (?:s|min)$/, '$1') : '–');

/** An id: short, whole on hover, copied by a press. @param {string} text @param {number} [room] characters */
export function ident(text, room = 18) {
  const button = h('button', { class: 'ident', type: 'button', title: `${text}: copy` }, text.length > room ? `${text.slice(0, room - 1)}…` : text);
  button.addEventListener('click', async () => {
    try {
      await copyText(text);
    } catch {
      button.title = `${text}: it could not be copied`;
      return;
    }
    button.classList.add('copied');
    setTimeout(() => button.classList.remove('copied'), 1200);
  });
  return button;
}

/** Names and values below each other. @param {[string, any][]} pairs those without a value are left out */
export function facts(pairs) {
  const list = h('dl', { class: 'facts' });
  for (const [name, value] of pairs) {
    if (value === '' || value === null || value === undefined || value === false) continue;
    list.append(h('dt', {}, name), h('dd', {}, value));
  }
  return list;
}

/** A part of a view under a heading. @param {string} title @param {...any} children */
export const section = (title, ...children) => h('section', { class: 'part', 'aria-label': title }, h('h3', {}, title), ...children);

/** What stands where nothing is, and what to do about it. @param {...any} words */
export const empty = (...words) => h('p', { class: 'nothing' }, ...words);

/** A figure with its name. @param {string} name @param {any} value @param {string} [under] @param {Tone} [tone] */
export const figure = (name, value, under = '', tone = 'idle') => h('div', { class: 'figure', 'data-tone': tone },
  h('span', { class: 'muted' }, name), h('strong', {}, value), under && h('span', { class: 'muted' }, under));

/** A link to another view. @param {string} href @param {...any} words */
export const link = (href, ...words) => h('a', { class: 'go', href }, ...words, icon('chevron', 'small'));

/**
 * A button for something that the gateway does: busy while it is done, then the view reads again. What can be lost is asked
 * about first.
 * @param {import('../stage.js').Context} ctx @param {Action} a @param {string} what names it for the question and for screen readers
 */
export function button(ctx, a, what) {
  if (a.href) return h('a', { class: 'button', href: a.href, title: a.title, 'aria-label': `${a.label}: ${what}` }, a.label);
  const el = h('button', { class: `button${a.primary ? ' primary' : ''}${a.lose ? ' danger' : ''}`, type: 'button', title: a.title, 'aria-label': `${a.label}: ${what}` }, a.label);
  el.addEventListener('click', async () => {
    if (a.lose && !await confirm({ title: `${a.label}: ${what}`, text: a.lose, verb: a.label })) return;
    el.disabled = true;
    el.classList.add('working');
    try {
      ctx.say(await a.run() || '', 'good');
    } catch (err) {
      ctx.say(`${a.label} did not work: ${reason(err)}`, 'bad');
    } finally {
      el.disabled = false;
      el.classList.remove('working');
    }
    await ctx.again();
  });
  return el;
}

/** @param {unknown} err */
export const reason = (err) => (err instanceof Error ? err.message : String(err));

/** A field to find something with. @param {string} label @param {(text: string) => void} changed gets lower case */
export function finder(label, changed) {
  const field = h('input', { type: 'search', class: 'find', placeholder: label, 'aria-label': label, autocomplete: 'off', spellcheck: 'false', title: `${label} (/)` });
  field.addEventListener('input', () => changed(field.value.trim().toLowerCase()));
  return field;
}

/** One of a few, as buttons that stay pressed. @param {string} label @param {[string, string][]} options value and words @param {string} now @param {(value: string) => void} changed */
export function choice(label, options, now, changed) {
  const group = h('div', { class: 'choice', role: 'group', 'aria-label': label });
  for (const [value, words] of options) {
    group.append(h('button', { type: 'button', 'data-value': value, 'aria-pressed': String(value === now), onclick: (/** @type {any} */ e) => {
      for (const b of group.children) b.setAttribute('aria-pressed', String(b === e.currentTarget));
      changed(value);
    } }, words));
  }
  return group;
}

/** @param {number} n @param {string} one @param {string} [many] */
export const count = (n, one, many = `${one}s`) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
