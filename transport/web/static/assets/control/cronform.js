// The form of a job, with the next times of what is typed, as the gateway reads it.

import { exact } from '../time.js';
import { FieldError, form } from './ask.js';
import { reason } from './ui.js';

/** @typedef {{ kind: string, atMs?: number, everyMs?: number, anchorMs?: number, expr?: string, tz?: string }} Schedule */
/** @typedef {{ id: string, name: string, description?: string, enabled: boolean, createdAtMs: number, schedule: Schedule, sessionTarget: string, wakeMode: string, isolation?: any,
 *   payload: { kind: string, text?: string, message?: string, thinking?: string, timeoutSeconds?: number, deliver?: boolean, channel?: string, to?: string, bestEffortDeliver?: boolean },
 *   state: { nextRunAtMs?: number, runningAtMs?: number, lastRunAtMs?: number, lastStatus?: string, lastError?: string, lastDurationMs?: number } }} Job */

const UNITS = /** @type {Record<string, number>} */ ({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 });

/** @param {Schedule} s */
export function scheduleWords(s) {
  if (s.kind === 'at') return `once, ${exact(s.atMs || 0)}`;
  return s.kind === 'every' ? `every ${everyText(s.everyMs || 0)}` : `${s.expr}${s.tz ? ` (${s.tz})` : ''}`;
}

/** "90m" and the like, exactly. @param {number} ms */
export function everyText(ms) {
  for (const unit of ['d', 'h', 'm', 's']) if (ms >= UNITS[unit] && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  return `${ms}ms`;
}

/** Milliseconds of "30m"; 0 = not understood. @param {string} text */
export function everyMs(text) {
  const m = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim());
  return m ? Math.round(Number(m[1]) * (UNITS[m[2]] || 1)) : 0;
}

/** What <input type="datetime-local"> shows. @param {number} ms */
function localTime(ms) {
  const d = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return d.toISOString().slice(0, 16);
}

/** @param {Record<string, any>} v @returns {Schedule} */
function scheduleOf(v) {
  if (v.kind === 'at') {
    const atMs = new Date(v.at).getTime();
    if (!Number.isFinite(atMs)) throw new FieldError('at', 'Choose a day and a time.');
    return { kind: 'at', atMs };
  }
  if (v.kind === 'every') {
    const ms = everyMs(v.every);
    if (!ms) throw new FieldError('every', 'Write a number with s, m, h or d, such as 30m.');
    return { kind: 'every', everyMs: ms };
  }
  if (!v.expr) throw new FieldError('expr', 'Write an expression, such as 0 7 * * 1-5.');
  return { kind: 'cron', expr: v.expr, ...(v.tz ? { tz: v.tz } : {}) };
}

/** @param {Schedule} a @param {Schedule} b */
const sameSchedule = (a, b) => /** @type {(keyof Schedule)[]} */ (['kind', 'atMs', 'everyMs', 'anchorMs', 'expr', 'tz']).every((k) => (a[k] ?? '') === (b[k] ?? ''));

/** Shows the form; null makes a new job. It tells what was done. @param {import('../stage.js').Context} ctx @param {Job | null} j */
export async function changeJob(ctx, j) {
  const s = j?.schedule || { kind: 'cron', expr: '0 7 * * 1-5' };
  const p = j?.payload;
  const agent = (/** @type {any} */ v) => v.does === 'agentTurn';
  let round = 0;
  let asked = '';
  const preview = async (/** @type {any} */ v, /** @type {HTMLElement} */ note) => {
    let schedule;
    try { schedule = scheduleOf(v); } catch { note.textContent = ''; asked = ''; return; }
    if (asked === JSON.stringify(schedule)) return;
    asked = JSON.stringify(schedule);
    const now = ++round;
    await new Promise((done) => { setTimeout(done, 250); });
    if (now !== round) return;
    try {
      const { runs } = await ctx.client.call('cron.preview', { schedule, limit: 3 });
      if (now === round) note.textContent = runs.length ? `Runs next: ${runs.map((/** @type {any} */ r) => exact(r.atMs)).join(' · ')}` : 'It never runs.';
    } catch (err) {
      if (now === round) note.textContent = reason(err);
    }
  };
  const sent = await form({
    title: j ? `Change ${j.name}` : 'New job', verb: j ? 'Save' : 'Make it',
    fields: [
      { name: 'name', label: 'Name', value: j?.name, required: true },
      { name: 'does', label: 'What it does', value: p?.kind || 'agentTurn', options: [['agentTurn', 'Ask the agent, in a session of its own'], ['systemEvent', 'Put a line before the main session']] },
      { name: 'text', label: 'Text', type: 'area', value: p?.message || p?.text, required: true, help: 'What the agent is told.' },
      { name: 'kind', label: 'When', value: s.kind, options: [['cron', 'By an expression'], ['every', 'Every so often'], ['at', 'Once']] },
      { name: 'expr', label: 'Expression', value: s.expr, when: (v) => v.kind === 'cron', help: 'Minute, hour, day, month, weekday: 0 7 * * 1-5 is every weekday at seven.' },
      { name: 'tz', label: 'Time zone', value: s.tz, when: (v) => v.kind === 'cron', help: 'Such as Europe/Amsterdam; empty is the zone of the gateway.' },
      { name: 'every', label: 'Every', value: s.everyMs ? everyText(s.everyMs) : '30m', when: (v) => v.kind === 'every', help: 'A number with s, m, h or d.' },
      { name: 'at', label: 'At', type: 'datetime-local', value: localTime(s.atMs || Date.now() + 3_600_000), when: (v) => v.kind === 'at' },
      { name: 'deliver', label: 'Send the answer to a chat', type: 'check', value: p?.deliver, when: agent },
      { name: 'channel', label: 'Over', value: p?.channel || 'last', when: (v) => agent(v) && v.deliver, help: 'last, or telegram, whatsapp, discord, slack, signal, imessage.' },
      { name: 'to', label: 'To', value: p?.to, when: (v) => agent(v) && v.deliver, help: 'The chat; empty is the one of the last message.' },
      { name: 'wakeMode', label: 'Wakes the main session', value: j?.wakeMode || 'next-heartbeat', options: [['next-heartbeat', 'with the next heartbeat'], ['now', 'at once']] },
    ],
    changed: preview,
    submit: async (v) => {
      const schedule = scheduleOf(v);
      if (s.kind === 'every' && schedule.kind === 'every' && schedule.everyMs === s.everyMs && s.anchorMs !== undefined) schedule.anchorMs = s.anchorMs;
      const payload = agent(v)
        ? { ...(p?.kind === 'agentTurn' ? p : {}), kind: 'agentTurn', message: v.text, deliver: v.deliver, ...(v.deliver ? { channel: v.channel || 'last', to: v.to || undefined } : {}) }
        : { kind: 'systemEvent', text: v.text };
      const all = { name: v.name, schedule, sessionTarget: agent(v) ? 'isolated' : 'main', wakeMode: v.wakeMode, payload };
      if (!j) await ctx.client.call('cron.add', all);
      else {
        // A schedule that is sent begins anew: it is sent only when it is another one.
        const { schedule: when, ...rest } = all;
        await ctx.client.call('cron.update', { id: j.id, patch: sameSchedule(when, j.schedule) ? rest : all });
      }
    },
  });
  if (!sent) return '';
  return j ? 'It is saved.' : 'It is made.';
}
