// Cron: the jobs, when they run next, what their last runs said; made, changed, run and removed here.

import { h, reconcile } from '../dom.js';
import { day, dayKey, exact, hhmm } from '../time.js';
import { Rows } from './rows.js';
import { changeJob, scheduleWords } from './cronform.js';
import { badge, button, empty, facts, moment, reason, section, span } from './ui.js';

/** @typedef {import('./cronform.js').Job} Job */

const AHEAD = 100; // runs in the agenda

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const rows = new Rows(ctx, { label: 'Jobs', nothing: ['No jobs yet. A job has the agent do something at its time, also when nobody is connected.'] });
  const agenda = h('div', { class: 'agenda' });
  const state = h('p', { class: 'muted' });
  const log = h('div', {});
  const add = button(ctx, { label: 'New job', primary: true, run: () => changeJob(ctx, null) }, 'cron');
  const part = section('Jobs', state, rows.box);
  part.firstElementChild?.replaceWith(h('div', { class: 'part-head' }, h('h3', {}, 'Jobs'), add));
  ctx.root.append(part, section('What comes', agenda), log);
  /** @type {Map<string, Job>} */
  let jobs = new Map();
  let shown = ctx.args[0] || '';
  const runs = async () => {
    if (!shown) {
      log.replaceChildren();
      return;
    }
    await showRuns(ctx, log, shown, jobs.get(shown)?.name || shown);
  };
  return {
    every: 30_000,
    events: ['cron'],
    args: (args) => { shown = args[0] || ''; runs().then(() => log.scrollIntoView({ block: 'nearest' })); },
    read: async () => {
      const [list, status, ahead] = await Promise.all([
        ctx.client.call('cron.list', { includeDisabled: true }), ctx.client.call('cron.status'), ctx.client.call('cron.preview', { limit: AHEAD }).catch(() => ({ runs: [] })),
      ]);
      return { list, status, ahead };
    },
    draw: ({ list, status, ahead }) => {
      jobs = new Map((list.jobs || []).map((/** @type {Job} */ j) => [j.id, j]));
      state.textContent = status.enabled ? '' : 'The scheduler is off (cron.enabled): no job runs by itself.';
      state.hidden = status.enabled;
      rows.show((list.jobs || []).map((/** @type {Job} */ j) => jobRow(ctx, j)));
      showAgenda(agenda, status.enabled ? ahead.runs || [] : [], jobs);
      runs();
    },
    close: () => rows.close(),
  };
}

/** @param {import('../stage.js').Context} ctx @param {Job} j @returns {import('./rows.js').Row} */
function jobRow(ctx, j) {
  const s = j.state;
  /** @type {[import('./ui.js').Tone, string]} */
  const [tone, state] = s.runningAtMs ? ['busy', 'running'] : !j.enabled ? ['idle', 'off'] : s.lastStatus === 'error' ? ['bad', 'failed'] : s.lastStatus === 'skipped' ? ['warn', 'skipped'] : ['good', s.lastStatus ? 'well' : 'new'];
  const patch = (/** @type {object} */ p, /** @type {string} */ done) => async () => { await ctx.client.call('cron.update', { id: j.id, patch: p }); return done; };
  return {
    key: j.id, tone, state, what: j.name, href: `#/cron/${encodeURIComponent(j.id)}`, sub: s.lastError || j.description || words(j), since: s.runningAtMs || s.lastRunAtMs,
    facts: [scheduleWords(j.schedule)], next: j.enabled ? s.nextRunAtMs : null, nextWords: j.enabled ? (s.nextRunAtMs ? 'runs' : 'does not run again') : 'does not run',
    item: [j.payload, s],
    more: () => facts([
      ['Does', j.payload.kind === 'agentTurn' ? 'asks the agent, in a session of its own' : 'puts a line before the main session'], ['Text', h('pre', { class: 'block', tabindex: '0' }, words(j))],
      ['When', scheduleWords(j.schedule)], ['Delivers', j.payload.deliver && `to ${j.payload.to || 'the last chat'} over ${j.payload.channel || 'the last channel'}`],
      ['Last run', s.lastRunAtMs && h('span', {}, moment(s.lastRunAtMs), ` · ${s.lastStatus || ''} · ${span(s.lastDurationMs)}`)], ['Last error', s.lastError], ['Made', exact(j.createdAtMs)], ['Id', j.id],
    ]),
    actions: [
      { label: 'Run', title: 'Runs it now, whatever its time', run: () => { ctx.client.call('cron.run', { id: j.id, mode: 'force' }, 0).catch((err) => ctx.say(`${j.name} did not run: ${reason(err)}`, 'bad')); return `${j.name} runs.`; } },
      { label: 'Edit', run: () => changeJob(ctx, j) },
      j.enabled ? { label: 'Off', run: patch({ enabled: false }, `${j.name} does not run any more.`) } : { label: 'On', run: patch({ enabled: true }, `${j.name} runs at its time.`) },
      { label: 'Delete', lose: 'The job and its text are gone. The log of its runs stays on disk.', run: async () => { await ctx.client.call('cron.remove', { id: j.id }); return `${j.name} is deleted.`; } },
    ],
  };
}

/** @param {Job} j */
const words = (j) => j.payload.message || j.payload.text || '';

/** The next runs, by day. @param {HTMLElement} el @param {{atMs: number, jobId: string}[]} runs @param {Map<string, Job>} jobs */
function showAgenda(el, runs, jobs) {
  if (!runs.length) {
    reconcile(el, [empty('Nothing comes.')]);
    return;
  }
  /** @type {Map<string, {atMs: number, jobId: string}[]>} */
  const days = new Map();
  for (const r of runs) days.set(dayKey(r.atMs), [...(days.get(dayKey(r.atMs)) || []), r]);
  reconcile(el, [...days.values()].slice(0, 14).map((list) => {
    // A job that runs often is one line a day.
    /** @type {Map<string, number[]>} */
    const byJob = new Map();
    for (const r of list) byJob.set(r.jobId, [...(byJob.get(r.jobId) || []), r.atMs]);
    return h('div', { class: 'agenda-day' }, h('h4', {}, upcoming(list[0].atMs)), h('ul', {}, ...[...byJob].map(([id, times]) => h('li', {},
      h('span', { class: 'agenda-times' }, times.slice(0, 4).map(hhmm).join(', ') + (times.length > 4 ? ` and ${times.length - 4} more` : '')), ' ', jobs.get(id)?.name || id))));
  }));
}

/** @param {number} ms */
const upcoming = (ms) => (dayKey(ms) === dayKey(Date.now() + 86_400_000) ? 'Tomorrow' : day(ms));

/** @param {import('../stage.js').Context} ctx @param {HTMLElement} el @param {string} id @param {string} name */
async function showRuns(ctx, el, id, name) {
  let entries = [];
  try {
    entries = (await ctx.client.call('cron.runs', { id, limit: 50 })).entries || [];
  } catch (err) {
    reconcile(el, [empty(`The runs of ${name} could not be read: ${reason(err)}`)]);
    return;
  }
  const rows = entries.reverse().map((/** @type {any} */ e) => h('tr', {},
    h('td', {}, badge(e.status === 'ok' ? 'good' : e.status === 'error' ? 'bad' : 'warn', e.status || 'ended')), h('td', {}, moment(e.runAtMs || e.ts)), h('td', {}, span(e.durationMs)), h('td', {}, e.error || e.summary || '')));
  reconcile(el, [section(`Runs of ${name}`, rows.length ? h('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': `Runs of ${name}` },
    h('table', {}, h('thead', {}, h('tr', {}, ...['How', 'When', 'Took', 'What it said'].map((t) => h('th', { scope: 'col' }, t)))), h('tbody', {}, ...rows))) : empty('It has not run yet.'))]);
}
