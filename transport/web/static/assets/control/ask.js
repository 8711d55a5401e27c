// The second step of what cannot be undone, and small forms. Both are one dialog with the same behaviour: Esc closes it, what
// went wrong stands in it, and what was written stays.

import { h } from '../dom.js';

/**
 * A field of a form. `options` makes it a choice; `when` shows it only for some values of the others.
 * @typedef {{
 *   name: string, label: string, type?: 'text' | 'area' | 'number' | 'check' | 'password' | 'datetime-local' | 'select', value?: any,
 *   options?: [string, string][], help?: string, required?: boolean, min?: number, when?: (values: Record<string, any>) => boolean,
 * }} Field
 */

/** Asks once more. @param {{title: string, text: string, verb: string}} q @returns {Promise<boolean>} */
export function confirm(q) {
  return form({ ...q, fields: [], danger: true, submit: async () => {} });
}

/** Shows something until it is closed. @param {string} title @param {Node} what */
export const show = (title, what) => form({ title, text: what, verb: 'Close', only: true, fields: [], submit: async () => {} });

/**
 * Shows a form until it was sent or closed. `submit` throws what is wrong; an error whose `field` is a field's name is shown
 * there.
 * @param {{title: string, text?: any, verb: string, danger?: boolean, only?: boolean, fields: Field[], changed?: (values: Record<string, any>, note: HTMLElement) => void, submit: (values: Record<string, any>) => Promise<any>}} q
 * @returns {Promise<boolean>} whether it was sent
 */
export function form(q) {
  const problem = h('p', { class: 'ask-problem', role: 'alert' });
  const note = h('div', { class: 'ask-note muted', role: 'status', hidden: !q.changed });
  const rows = q.fields.map((f) => row(f));
  const values = () => Object.fromEntries(rows.map((r) => [r.field.name, r.value()]));
  const verb = h('button', { class: `button ${q.danger ? 'danger' : 'primary'}`, type: 'submit' }, q.verb);
  const cancel = h('button', { class: 'button', type: 'button', onclick: () => dialog.close() }, 'Cancel');
  const body = h('form', { method: 'dialog' }, h('h2', { id: 'ask-title' }, q.title), q.text ? h('div', { class: 'ask-text' }, q.text) : null,
    ...rows.map((r) => r.el), note, problem, h('div', { class: 'dialog-row' }, q.only ? null : cancel, verb));
  const dialog = h('dialog', { class: 'ask', 'aria-labelledby': 'ask-title' }, body);
  const settle = () => {
    const now = values();
    for (const r of rows) r.el.hidden = Boolean(r.field.when && !r.field.when(now));
    q.changed?.(now, note);
  };
  body.addEventListener('input', settle);
  document.body.append(dialog);
  settle();
  dialog.showModal();
  (rows[0]?.input || (q.only ? verb : cancel)).focus(); // what is dangerous is not what Enter does
  return new Promise((done) => {
    let sent = false;
    dialog.addEventListener('close', () => { dialog.remove(); done(sent); });
    body.addEventListener('submit', async (e) => {
      e.preventDefault();
      verb.disabled = true;
      problem.textContent = '';
      for (const r of rows) r.wrong('');
      try {
        await q.submit(values());
        sent = true;
        dialog.close();
      } catch (/** @type {any} */ err) {
        const at = rows.find((r) => r.field.name === err?.field);
        if (at) at.wrong(err.message);
        else problem.textContent = err instanceof Error ? err.message : String(err);
      } finally {
        verb.disabled = false;
      }
    });
  });
}

let fieldNo = 0;

/** @param {Field} f */
function row(f) {
  const id = `ask-${++fieldNo}`;
  const common = { id, name: f.name, required: f.required, autocomplete: 'off', 'aria-describedby': `${id}-help` };
  const input = f.options ? h('select', common, ...f.options.map(([value, words]) => h('option', { value, selected: value === f.value }, words)))
    : f.type === 'area' ? h('textarea', { ...common, rows: 4 })
      : h('input', { ...common, type: f.type === 'check' ? 'checkbox' : f.type || 'text', min: f.min, spellcheck: 'false' });
  if (input instanceof HTMLInputElement && f.type === 'check') input.checked = Boolean(f.value);
  else if (!f.options) input.value = f.value === undefined || f.value === null ? '' : String(f.value);
  const help = h('p', { id: `${id}-help`, class: 'muted' }, f.help || '');
  const wrong = h('p', { class: 'ask-problem', role: 'alert' });
  const label = h('label', { for: id }, f.label);
  return {
    field: f, input,
    el: f.type === 'check' ? h('div', { class: 'ask-row check' }, input, label, help, wrong) : h('div', { class: 'ask-row' }, label, input, help, wrong),
    value: () => (input instanceof HTMLInputElement && f.type === 'check' ? input.checked : f.type === 'number' ? (input.value === '' ? undefined : Number(input.value)) : input.value.trim()),
    wrong: (/** @type {string} */ text) => {
      wrong.textContent = text;
      input.setAttribute('aria-invalid', String(Boolean(text)));
      if (text) input.focus();
    },
  };
}

/** What is wrong with one field of a form. */
export class FieldError extends Error {
  /** @param {string} field @param {string} message */
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}
