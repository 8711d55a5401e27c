// Config: a form made from the schema, the file itself beside it, what a change does before it is saved, and the way back.

import { h, reconcile } from '../dom.js';
import { address } from '../rail.js';
import { confirm, form as ask } from './ask.js';
import { applied, field, leaves, shown, valueAt } from './configform.js';
import { Rows } from './rows.js';
import { surfaceName } from './states.js';
import { badge, choice, count, finder, reason, section } from './ui.js';

/** @typedef {{ path: string, message: string }} Issue */
/** @typedef {{ path: string, effect: string, part?: string }} Change */

const FOUND = 60; // fields that a search shows

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const view = new ConfigView(ctx);
  return {
    every: 10_000, events: ['health'], args: (args) => view.go(args[0] || ''),
    read: async () => {
      const [now, schema, history] = await Promise.all([ctx.client.call('config.get'), view.form.hints ? null : ctx.client.call('config.schema'), ctx.client.call('config.history').catch(() => ({}))]);
      return { now, schema, history };
    },
    draw: (d) => view.show(d), close: () => view.history.close(),
  };
}

class ConfigView {
  /** @param {import('../stage.js').Context} ctx */
  constructor(ctx) {
    this.ctx = ctx;
    /** @type {any} */
    this.now = null; // the answer of config.get that the form stands on
    /** @type {any} */
    this.form = { schema: {}, hints: null, values: {}, edits: new Map(), unread: new Map(), changed: () => this.count() };
    this.group = ctx.args[0] || '';
    this.text = '';
    this.mode = 'form';
    /** @type {import('./configform.js').Drawn[]} */
    this.drawn = [];
    this.groups = h('nav', { class: 'config-groups', 'aria-label': 'Sections' });
    this.fields = h('div', { class: 'config-fields' });
    this.raw = h('textarea', { class: 'config-raw mono', 'aria-label': 'The file', spellcheck: 'false', hidden: true });
    this.raw.addEventListener('input', () => this.count());
    this.state = h('div', { class: 'config-state' });
    this.issues = h('ul', { class: 'config-issues', role: 'alert' });
    this.review = h('button', { class: 'button primary', type: 'button', onclick: () => this.save() }, 'Review');
    this.discard = h('button', { class: 'button', type: 'button', onclick: () => this.drop() }, 'Discard');
    this.history = new Rows(ctx, { label: 'History', nothing: ['Nothing was kept yet.'] });
    this.find = finder('Find a setting', (t) => { this.text = t; this.draw(); });
    const bar = h('div', { class: 'bar config-bar' }, choice('How to edit', [['form', 'Form'], ['raw', 'File']], 'form', (v) => this.switch(v)), this.find, h('span', { class: 'spacer' }), this.discard, this.review);
    ctx.root.append(this.state, h('div', { class: 'part' }, bar, this.issues, h('div', { class: 'config-body' }, this.groups, this.fields, this.raw)), section('What it was before', this.history.box));
  }

  /** @param {any} d */
  show({ now, schema, history }) {
    if (schema) [this.form.schema, this.form.hints] = [schema.schema, schema.uiHints || {}];
    const moved = this.now && this.now.hash !== now.hash;
    const first = !this.now;
    if (moved && this.dirty()) {
      this.ctx.say(this.mode === 'form' ? `The file was changed elsewhere. What you changed stands on the newer one now (${count(this.form.edits.size, 'change')}); review it again.`
        : 'The file was changed elsewhere. Your text was made from the older one: saving it is refused. Copy what you need, and discard.', 'bad');
    }
    if (first || moved && (this.mode === 'form' || !this.dirty())) {
      this.now = now;
      this.form.values = now.parsed || {};
      for (const [path, value] of this.form.edits) if (JSON.stringify(value) === JSON.stringify(valueAt(this.form.values, path))) this.form.edits.delete(path);
      this.raw.value = now.raw ?? '{}\n';
      this.draw();
    }
    reconcile(this.state, [h('p', { class: 'muted' }, badge(now.valid ? 'good' : 'bad', now.valid ? 'valid' : 'not valid'), ` ${now.path}${now.exists ? '' : ', which is not there yet: everything has its default'}`),
      ...(now.valid ? [] : [h('ul', { class: 'config-issues' }, ...now.issues.map((/** @type {Issue} */ i) => h('li', {}, `${i.path || 'the file'}: ${i.message}`)))])]);
    this.history.show((history.generations || []).map((/** @type {any} */ g) => this.generation(g)));
    this.count();
  }

  dirty() {
    return this.form.edits.size + this.form.unread.size > 0 || this.raw.value !== (this.now?.raw ?? '{}\n');
  }

  /** @param {string} group */
  go(group) {
    this.group = group;
    this.text = this.find.value = '';
    this.draw();
  }

  /** From the form to the file or back; what was edited in the one must be saved or discarded first. @param {string} mode */
  async switch(mode) {
    if (this.dirty() && !await confirm({ title: 'Discard what was edited?', text: 'The form and the file are edited one at a time. What you changed and have not saved is lost.', verb: 'Discard' })) {
      for (const b of this.ctx.root.querySelectorAll('.config-bar .choice button')) b.setAttribute('aria-pressed', String(/** @type {HTMLElement} */ (b).dataset.value === this.mode));
      return;
    }
    this.mode = mode;
    this.drop();
  }

  drop() {
    this.form.edits.clear();
    this.form.unread.clear();
    this.now = null; // what is read next is what counts
    this.ctx.say('');
    this.ctx.again();
  }

  draw() {
    if (!this.form.hints) return;
    const raw = this.mode === 'raw';
    this.raw.hidden = !raw;
    this.fields.hidden = this.groups.hidden = this.find.hidden = raw;
    const sections = Object.keys(this.form.schema.properties || {}).sort((a, b) => (this.form.hints[a]?.order ?? 999) - (this.form.hints[b]?.order ?? 999) || a.localeCompare(b));
    if (!sections.includes(this.group)) this.group = sections[0] || '';
    reconcile(this.groups, sections.map((s) => h('a', { class: 'config-group', href: address('config', s), 'aria-current': !this.text && s === this.group ? 'true' : null },
      this.form.hints[s]?.label || s, [...this.form.edits.keys()].some((p) => p === s || p.startsWith(`${s}.`)) ? h('span', { class: 'fresh' }, ' changed') : null)));
    const words = this.text.split(/\s+/).filter(Boolean);
    const all = leaves(this.form.schema, '');
    const fits = (/** @type {string} */ p) => { const t = `${p} ${this.form.hints[p]?.help || ''}`.toLowerCase(); return words.every((w) => t.includes(w)); };
    const chosen = words.length ? all.filter((l) => fits(l.path)).slice(0, FOUND) : all.filter((l) => l.path === this.group || l.path.startsWith(`${this.group}.`));
    const often = chosen.filter((l) => words.length || !this.form.hints[l.path]?.advanced);
    const rare = chosen.filter((l) => !often.includes(l));
    const make = (/** @type {any} */ l) => field(this.form, l, words.length ? '' : this.group);
    const [a, b] = [often.map(make), rare.map(make)];
    this.drawn = [...a, ...b];
    reconcile(this.fields, [h('h3', {}, words.length ? 'Found' : this.form.hints[this.group]?.label || this.group), ...a.map((d) => d.el),
      ...(b.length ? [h('details', { open: !a.length }, h('summary', {}, `Seldom needed: ${count(b.length, 'setting')}`), h('div', { class: 'config-fields' }, ...b.map((d) => d.el)))] : []),
      ...(chosen.length ? [] : [h('p', { class: 'nothing' }, 'No setting fits.')])]);
  }

  count() {
    const n = this.form.edits.size;
    const dirty = Boolean(this.now) && this.dirty();
    this.review.disabled = this.discard.disabled = !dirty;
    this.review.textContent = n ? `Review ${count(n, 'change')}` : 'Review';
  }

  /** Shows what the changes do, and writes them when that is confirmed. */
  async save() {
    for (const path of this.form.unread.keys()) {
      if (!this.drawn.some((d) => d.path === path)) location.hash = address('config', path.split('.')[0]);
      this.ctx.say(`${path} cannot be read: mend it, or undo it.`, 'bad');
      return;
    }
    const raw = this.mode === 'raw' ? this.raw.value : JSON.stringify(applied(this.form.values, this.form.edits));
    const base = this.now?.hash;
    /** @type {{issues: Issue[], changes: Change[], restart: boolean, refused?: string}} */
    let checked;
    try {
      checked = await this.ctx.client.call('config.check', { raw });
    } catch (err) {
      this.ctx.say(`It could not be checked: ${reason(err)}`, 'bad');
      return;
    }
    this.tell(checked.issues);
    if (checked.issues.length) return;
    const sent = await ask({
      title: 'Save these changes?', text: this.changes(checked), verb: checked.restart ? 'Save and restart' : 'Save', danger: checked.restart, fields: [],
      submit: () => this.ctx.client.call('config.set', { raw, ...(base ? { baseHash: base } : {}) }).catch(async (err) => {
        this.tell(err?.details?.issues || []);
        if (!/changed since last load/.test(err.message)) throw err;
        await this.ctx.again();
        throw new Error('The file was changed elsewhere while you edited. It was read again; close this and review your changes once more.');
      }),
    });
    if (!sent) return;
    this.drop();
    this.ctx.say(checked.restart ? 'It is saved. The gateway restarts.' : checked.refused ? `It is saved, but not in force: ${checked.refused}` : 'It is saved and in force.', 'good');
  }

  /** Puts each problem at its field, and the others above. @param {Issue[]} issues */
  tell(issues) {
    for (const d of this.drawn) d.wrong('');
    const rest = [];
    for (const i of issues) {
      const at = this.mode === 'form' && this.drawn.find((d) => d.path === i.path || i.path.startsWith(`${d.path}.`) || i.path.startsWith(`${d.path}[`));
      if (at) at.wrong(i.message);
      else rest.push(i);
    }
    reconcile(this.issues, rest.map((i) => h('li', {}, i.path ? h('a', { class: 'go', href: address('config', i.path.split('.')[0]) }, i.path) : 'The file', `: ${i.message}`)));
    this.drawn.find((d) => d.el.querySelector('[aria-invalid="true"]'))?.el.scrollIntoView({ block: 'center' });
  }

  /** What differs, and what starts anew for it. @param {{changes: Change[], restart: boolean, refused?: string}} checked */
  changes(checked) {
    const effect = (/** @type {string} */ path) => {
      const hit = checked.changes.filter((c) => c.path === path || c.path.startsWith(`${path}.`) || path.startsWith(`${c.path}.`));
      if (hit.some((c) => c.effect === 'restart')) return 'the gateway restarts';
      const parts = [...new Set(hit.map((c) => c.part).filter(Boolean))].map((p) => surfaceName(/** @type {string} */ (p)));
      return parts.length ? `${parts.join(', ')} starts anew` : 'takes effect at once';
    };
    const secret = (/** @type {string} */ p) => Boolean(this.form.hints[p]?.sensitive);
    const paths = this.mode === 'form' ? [...this.form.edits.keys()] : checked.changes.map((c) => c.path);
    const list = h('div', { class: 'config-diff' }, ...paths.map((p) => h('div', { class: 'config-change' }, h('strong', { class: 'mono' }, p), h('span', { class: 'muted' }, effect(p)),
      this.mode === 'form' ? h('del', {}, shown(valueAt(this.form.values, p), secret(p))) : null, this.mode === 'form' ? h('ins', {}, shown(this.form.edits.get(p), secret(p))) : null)),
    this.mode === 'raw' ? h('pre', { class: 'block', tabindex: '0' }, ...lineDiff(this.now?.raw ?? '', this.raw.value)) : null,
    checked.refused ? h('p', { class: 'ask-problem' }, checked.refused) : null,
    checked.restart ? h('p', {}, 'Runs in progress are stopped and told as interrupted; everything that waits is kept. It takes a few seconds.') : null);
    return list;
  }

  /** @param {any} g @returns {import('./rows.js').Row} */
  generation(g) {
    return { key: String(g.generation), tone: g.current ? 'good' : 'idle', state: g.current ? 'in the file' : 'kept', what: `Version ${g.generation}`, sub: `${g.bytes.toLocaleString('en')} bytes`, since: g.at,
      actions: g.current ? [] : [{ label: 'Go back to it', lose: 'The file gets this older text. What was changed since is in the newer versions of this list.', run: async () => { await this.ctx.client.call('config.rollback', { generation: g.generation }); this.form.edits.clear(); this.form.unread.clear(); this.now = null; return 'The older text is in the file.'; } }] };
  }
}

/** The lines that differ, without what is the same before and after them. @param {string} a @param {string} b */
function lineDiff(a, b) {
  const [x, y] = [a.split('\n'), b.split('\n')];
  let from = 0;
  while (from < x.length && from < y.length && x[from] === y[from]) from++;
  let same = 0;
  while (same < x.length - from && same < y.length - from && x[x.length - 1 - same] === y[y.length - 1 - same]) same++;
  return [...x.slice(from, x.length - same).map((l) => h('del', {}, `- ${l}\n`)), ...y.slice(from, y.length - same).map((l) => h('ins', {}, `+ ${l}\n`))];
}
