// Skills: which can be used, what the others lack, and how they get it.

import { h } from '../dom.js';
import { FieldError, form } from './ask.js';
import { Rows } from './rows.js';
import { choice, facts, finder, section } from './ui.js';

const INSTALL_WITHIN = 10 * 60_000; // ms

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const rows = new Rows(ctx, { label: 'Skills', nothing: ['No skill, or none that fits. A skill is a directory with a SKILL.md that says what it is and how to use it.'] });
  const broken = new Rows(ctx, { label: 'Broken files', nothing: [] });
  const brokenPart = section('Files that cannot be read', broken.box);
  const where = h('p', { class: 'muted' });
  /** @type {any[]} */
  let skills = [];
  let text = '';
  let which = 'all';
  const show = () => rows.show(skills.filter((s) => (!text || `${s.name} ${s.description}`.toLowerCase().includes(text)) && (which === 'all' || (which === 'usable') === s.eligible)).map((s) => skillRow(ctx, s)));
  ctx.root.append(brokenPart, section('Skills', h('div', { class: 'bar' }, choice('Which', [['all', 'All'], ['usable', 'Usable'], ['lacking', 'Not usable']], which, (v) => { which = v; show(); }), finder('Find a skill', (t) => { text = t; show(); })), rows.box, where));
  return {
    every: 30_000,
    read: () => ctx.client.call('skills.status'),
    draw: (d) => {
      skills = d.skills || [];
      where.textContent = `Your own are in ${d.workspaceDir}, installed ones in ${d.managedSkillsDir}.`;
      brokenPart.hidden = !d.problems?.length;
      broken.show((d.problems || []).map((/** @type {any} */ p) => ({ key: p.filePath, tone: 'bad', state: 'broken', what: p.filePath, sub: p.problem, nextWords: 'is not used' })));
      show();
    },
    close: () => { rows.close(); broken.close(); },
  };
}

/** What it lacks, in words. @param {any} m */
const lacks = (m) => [m.bins?.length && `the program ${m.bins.join(', ')}`, m.env?.length && `the variable ${m.env.join(', ')}`, m.config?.length && `the setting ${m.config.join(', ')}`, m.os?.length && `another system: ${m.os.join(', ')}`].filter(Boolean).join('; ');

/** @param {import('../stage.js').Context} ctx @param {any} s @returns {import('./rows.js').Row} */
function skillRow(ctx, s) {
  const missing = lacks(s.missing || {});
  /** @type {[import('./ui.js').Tone, string, string]} */
  const [tone, state, next] = s.disabled ? ['idle', 'off', 'is not used'] : s.blockedByAllowlist ? ['idle', 'not allowed', 'skills.allowBundled leaves it out'] : s.eligible ? ['good', 'usable', 'the agent may use it'] : ['warn', 'lacks something', 'is not used until it has it'];
  const update = (/** @type {object} */ p) => ctx.client.call('skills.update', { skillKey: s.skillKey, ...p });
  /** @type {import('./ui.js').Action[]} */
  const actions = s.eligible || s.disabled ? [] : (s.install || []).map((/** @type {any} */ i) => ({
    label: i.label || `Install with ${i.kind}`, title: `Runs ${i.kind} on the gateway's machine; it gives ${(i.bins || []).join(', ')}`, lose: `${i.kind} runs on the gateway’s machine, with the rights of the gateway, and installs ${(i.bins || []).join(', ') || 'what it names'}.`,
    run: async () => { const r = await ctx.client.call('skills.install', { name: s.name, installId: i.id, timeoutMs: INSTALL_WITHIN }, INSTALL_WITHIN + 10_000); return r.message || 'It is installed.'; },
  }));
  if (s.primaryEnv) {
    actions.push({ label: 'Key', title: `Stores ${s.primaryEnv} in the configuration`, run: async () => {
      const sent = await form({ title: `Key of ${s.name}`, verb: 'Store', fields: [{ name: 'key', label: s.primaryEnv, type: 'password', help: 'It is stored in the config file and not shown again.' }],
        submit: (v) => { if (!v.key) throw new FieldError('key', 'Write the key.'); return update({ apiKey: v.key }); } });
      return sent ? 'The key is stored.' : '';
    } });
  }
  actions.push(s.disabled ? { label: 'On', run: async () => { await update({ enabled: true }); return `${s.name} is on.`; } } : { label: 'Off', run: async () => { await update({ enabled: false }); return `${s.name} is off.`; } });
  return {
    key: s.skillKey + s.filePath, tone, state, what: s.name, sub: missing && !s.disabled ? `Lacks ${missing}` : s.description, facts: [s.source], nextWords: next, actions,
    more: () => facts([['What it is', s.description], ['File', s.filePath], ['Home page', s.homepage], ['Lacks', missing], ['Needs', lacks(s.requirements || {})], ['Always in the prompt', s.always && 'yes']]),
  };
}
