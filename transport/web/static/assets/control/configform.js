// The fields of the config form, made from the schema and its hints: one per value, by its type. What has no simple type is
// edited as JSON.

import { h } from '../dom.js';

export const SECRET = '__REDACTED__';

/** @typedef {{ type?: string | string[], enum?: string[], default?: any, minimum?: number, maximum?: number, properties?: Record<string, Schema>, additionalProperties?: any, items?: any, writeOnly?: boolean, description?: string }} Schema */
/** @typedef {{ path: string, el: HTMLElement, wrong: (text: string) => void, mark: () => void }} Drawn */
/** @typedef {{ schema: Schema, hints: Record<string, any>, values: any, edits: Map<string, any>, unread: Map<string, string>, changed: () => void }} Form */

/** Every value below a section: its path and what it may be. @param {Schema} schema @param {string} path @returns {{path: string, schema: Schema}[]} */
export function leaves(schema, path) {
  if (!schema.properties) return [{ path, schema }];
  return Object.entries(schema.properties).flatMap(([key, s]) => leaves(s, path ? `${path}.${key}` : key));
}

/** @param {any} root @param {string} path */
export function valueAt(root, path) {
  let at = root;
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

/** A copy of root with the edits in it; undefined takes a value out, and with it the sections that this empties. @param {any} root @param {Map<string, any>} edits */
export function applied(root, edits) {
  const copy = JSON.parse(JSON.stringify(root || {}));
  for (const [path, value] of edits) put(copy, path.split('.'), value);
  return copy;
}

/** @param {any} at @param {string[]} path @param {any} value */
function put(at, [key, ...rest], value) {
  if (!rest.length) {
    if (value === undefined) delete at[key];
    else Object.defineProperty(at, key, { value, enumerable: true, configurable: true, writable: true });
    return;
  }
  const had = Object.hasOwn(at, key) && typeof at[key] === 'object' && at[key] !== null;
  if (!had && value === undefined) return;
  if (!had) Object.defineProperty(at, key, { value: {}, enumerable: true, configurable: true, writable: true });
  put(at[key], rest, value);
  if (value === undefined && !Object.keys(at[key]).length) delete at[key];
}

/** How a value reads in a list of changes. @param {any} v @param {boolean} secret */
export function shown(v, secret) {
  if (v === undefined) return 'not set';
  if (secret && typeof v === 'string') return v === SECRET ? 'the stored secret' : 'a new secret';
  return typeof v === 'string' ? v || '(empty)' : JSON.stringify(v, (key, x) => (typeof x === 'string' && x !== SECRET && /token|password|secret|api[ _-]?key/i.test(key) ? 'a new secret' : x));
}

/** @param {Form} form @param {{path: string, schema: Schema}} leaf @param {string} below the section that is shown: it need not be said again @returns {Drawn} */
export function field(form, leaf, below) {
  const { path, schema } = leaf;
  const hint = form.hints[path] || {};
  const id = `config-${path}`;
  const now = form.edits.has(path) ? form.edits.get(path) : valueAt(form.values, path);
  const wrong = h('p', { class: 'ask-problem', role: 'alert' });
  const undo = h('button', { class: 'link-button', type: 'button', 'aria-label': `Undo the change of ${path}` }, 'Undo');
  const label = h('label', { for: id, title: path }, words(path, below));
  const was = schema.default === undefined ? '' : `default: ${typeof schema.default === 'boolean' ? (schema.default ? 'on' : 'off') : schema.default}`;
  const control = input(schema, id, now, was || hint.placeholder || '', Boolean(hint.sensitive || schema.writeOnly));
  const help = h('p', { class: 'muted', id: `${id}-help` }, hint.help || schema.description || '');
  control.el.setAttribute('aria-describedby', `${id}-help`);
  const el = h('div', { class: 'config-field', 'data-path': path }, h('div', { class: 'config-label' }, label, undo), control.el, help, wrong);
  const drawn = {
    path, el,
    wrong: (/** @type {string} */ text) => { wrong.textContent = text; control.el.setAttribute('aria-invalid', String(Boolean(text))); },
    mark: () => { const on = form.edits.has(path) || form.unread.has(path); el.classList.toggle('edited', on); undo.hidden = !on; },
  };
  const take = () => {
    try {
      const value = control.read();
      form.unread.delete(path);
      drawn.wrong('');
      if (JSON.stringify(value) === JSON.stringify(valueAt(form.values, path))) form.edits.delete(path);
      else form.edits.set(path, value);
    } catch (err) {
      form.unread.set(path, control.el.value); // nothing of it counts until it can be read
      drawn.wrong(err instanceof Error ? err.message : String(err));
    }
    drawn.mark();
    form.changed();
  };
  control.el.addEventListener('input', take);
  const left = form.unread.get(path);
  undo.addEventListener('click', () => {
    form.edits.delete(path);
    form.unread.delete(path);
    const again = field(form, leaf, below);
    el.replaceWith(again.el);
    Object.assign(drawn, again);
    form.changed();
  });
  drawn.mark();
  if (left !== undefined) {
    control.el.value = left;
    take();
  }
  return drawn;
}

/** The words of a path, without those of its section. @param {string} path @param {string} below */
const words = (path, below) => (path.startsWith(`${below}.`) ? path.slice(below.length + 1) : path).split('.').map((w) => w.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()).join(' › ');

/** @param {Schema} schema @param {string} id @param {any} now @param {string} placeholder @param {boolean} secret */
function input(schema, id, now, placeholder, secret) {
  const choose = (/** @type {[any, string][]} */ options) => {
    const el = h('select', { id }, h('option', { value: '' }, placeholder ? `(${placeholder})` : '(not set)'), ...options.map(([value, text]) => h('option', { value: String(value), selected: value === now }, text)));
    return { el, read: () => { const hit = options.find(([v]) => String(v) === el.value); return hit ? hit[0] : undefined; } };
  };
  if (schema.enum) return choose(schema.enum.map((v) => [v, v]));
  if (schema.type === 'boolean') return choose([[true, 'on'], [false, 'off']]);
  if (schema.type === 'integer' || schema.type === 'number') {
    const el = h('input', { id, type: 'number', min: schema.minimum, max: schema.maximum, step: schema.type === 'integer' ? 1 : 'any', placeholder });
    el.value = now === undefined ? '' : String(now);
    return { el, read: () => { if (el.validity.badInput) throw new Error('This is no number.'); return el.value === '' ? undefined : Number(el.value); } };
  }
  if (schema.type === 'string') {
    const el = h('input', { id, type: secret ? 'password' : 'text', autocomplete: 'off', spellcheck: 'false', placeholder: secret && now === SECRET ? 'stored; type to replace it' : placeholder });
    el.value = now === undefined || now === SECRET ? '' : String(now);
    return { el, read: () => (el.value === '' ? (secret && now === SECRET ? SECRET : undefined) : el.value) };
  }
  const list = schema.type === 'array' && (schema.items?.type === 'string' || Array.isArray(schema.items?.type));
  if (list && (now === undefined || Array.isArray(now) && now.every((v) => typeof v === 'string' || typeof v === 'number'))) {
    const numbers = Array.isArray(schema.items.type);
    const el = h('textarea', { id, rows: Math.min(6, (now?.length || 0) + 1), placeholder: 'one a line', spellcheck: 'false' });
    el.value = (now || []).join('\n');
    return { el, read: () => { const all = el.value.split('\n').map((s) => s.trim()).filter(Boolean); return all.length || now ? all.map((s) => (numbers && /^-?\d{1,15}$/.test(s) && (now || []).includes(Number(s)) ? Number(s) : s)) : undefined; } };
  }
  const text = now === undefined ? '' : JSON.stringify(now, null, 2);
  const el = h('textarea', { id, class: 'mono', rows: Math.min(14, text.split('\n').length + 1), placeholder: 'JSON', spellcheck: 'false' });
  el.value = text;
  return { el, read: () => { if (!el.value.trim()) return undefined; try { return JSON.parse(el.value); } catch (err) { throw new Error(`This is no JSON: ${err instanceof Error ? err.message : err}`); } } };
}
