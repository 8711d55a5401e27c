// One question of the setup as a form: a kind of field for each type of step.

import { h } from '../dom.js';

/** @typedef {import('./dialogue.js').Step} Step */
/** @typedef {{ el: HTMLElement, read?: () => any, focus: () => void, buttons?: [string, any, boolean][], wait?: boolean }} Asked how a step is asked; `read` = there is something to read, `buttons` = each is an answer: words, value, whether it is the proposed one */

/** @param {Step} step @param {any} last an earlier answer, undefined = none @param {string} problem */
export function ask(step, last, problem) {
  const now = last === undefined ? step.initialValue : last;
  const wrong = h('p', { id: 'setup-problem', class: 'ask-problem', role: 'alert' }, problem);
  const made = fields(step, now, problem);
  if (step.title) made.el.prepend(h('h3', {}, step.title));
  made.el.append(wrong);
  return made;
}

/** @param {Step} step @param {any} now @param {string} problem @returns {Asked} */
function fields(step, now, problem) {
  switch (step.type) {
    case 'text': return text(step, now, problem);
    case 'select': return choices(step, 'radio', (value) => same(value, now), problem);
    case 'multiselect': return choices(step, 'checkbox', (value) => Array.isArray(now) && now.some((v) => same(v, value)), problem);
    case 'confirm': return confirm(step, Boolean(now));
    case 'progress': return { el: h('div', { class: 'setup-step', role: 'status' }, words(step.message || 'Working…')), focus: () => {}, wait: true };
    default: { // a note, or something to do elsewhere
      const el = h('div', { class: 'setup-step' }, words(step.message));
      return { el, focus: () => /** @type {HTMLElement | null} */ (el.closest('form')?.querySelector('.primary'))?.focus(), read: () => true };
    }
  }
}

/** @param {Step} step @param {any} now @param {string} problem @returns {Asked} */
function text(step, now, problem) {
  const input = h('input', {
    id: 'setup-field', type: step.sensitive ? 'password' : 'text', placeholder: step.placeholder, autocomplete: 'off', spellcheck: 'false', autocapitalize: 'off',
    'aria-describedby': 'setup-problem', 'aria-invalid': String(Boolean(problem)),
  });
  input.value = now === undefined || now === null ? '' : String(now);
  return {
    el: h('div', { class: 'setup-step' }, h('label', { for: 'setup-field', class: 'setup-words' }, step.message), input),
    read: () => input.value.trim(),
    focus: () => { input.focus(); input.select(); },
  };
}

/** @param {Step} step @param {'radio' | 'checkbox'} type @param {(value: any) => boolean} chosen @param {string} problem @returns {Asked} */
function choices(step, type, chosen, problem) {
  const inputs = (step.options || []).map((o, i) => {
    const input = h('input', { type, id: `setup-option-${i}`, name: 'setup-option', value: String(i), 'aria-describedby': `setup-hint-${i}` });
    input.checked = chosen(o.value);
    return input;
  });
  const rows = (step.options || []).map((o, i) => h('label', { class: 'setup-option', for: `setup-option-${i}` }, inputs[i],
    h('span', {}, o.label), h('span', { id: `setup-hint-${i}`, class: 'muted' }, o.hint || '')));
  const value = (/** @type {HTMLInputElement} */ input) => step.options?.[Number(input.value)].value;
  return {
    el: h('fieldset', { class: 'setup-step', 'aria-describedby': 'setup-problem', 'aria-invalid': String(Boolean(problem)) }, h('legend', { class: 'setup-words' }, step.message), ...rows),
    read: () => {
      const on = inputs.filter((i) => i.checked).map(value);
      return type === 'checkbox' ? on : on[0] ?? null;
    },
    focus: () => (inputs.find((i) => i.checked) || inputs[0])?.focus(),
  };
}

/** The focus is on the question, not on a button: a key that is held down decides nothing. @param {Step} step @param {boolean} now @returns {Asked} */
function confirm(step, now) {
  const el = h('div', { class: 'setup-step', role: 'group', 'aria-labelledby': 'setup-words', tabindex: '-1' }, words(step.message));
  return { el, focus: () => el.focus(), buttons: [['No', false, !now], ['Yes', true, now]] };
}

/** @param {string} [text] */
const words = (text) => h('p', { id: 'setup-words', class: 'setup-words' }, text || '');

/** @param {any} a @param {any} b */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
