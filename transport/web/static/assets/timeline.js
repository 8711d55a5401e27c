// From state to the list of things on screen. Pure: no nodes, no clock but the state's.

import { isOver, matchTurns } from './turns.js';
import { dayKey, day, duration } from './time.js';

/**
 * @typedef {{key: string, type: 'day', label: string}} DayItem
 * @typedef {{key: string, type: 'earlier', label: string, action: boolean}} EarlierItem
 * @typedef {{key: string, type: 'message', role: string, runId: string, at: number, head: boolean, by: string,
 *   text: string, images: string[], streaming: boolean, folded: boolean, foldable: boolean, state: string, fresh: boolean}} MessageItem
 * @typedef {{key: string, type: 'tool', runId: string, id: string, name: string, gist: string, args: any, result: any,
 *   phase: string, thought: boolean, open: boolean, head: boolean, by: string, at: number}} ToolItem
 * @typedef {{key: string, type: 'note', role: string, runId: string, tone: string, icon: string, text: string, actions: ('retry'|'again'|'discard')[]}} NoteItem
 * @typedef {DayItem|EarlierItem|MessageItem|ToolItem|NoteItem} Item
 * @typedef {import('./store.js').State} State
 * @typedef {import('./history.js').Entry} Entry
 * @typedef {import('./turns.js').Turn} Turn
 */

const FOLD_CHARS = 6000;
const FOLD_LINES = 80;
const FOLD_ALWAYS = 100_000;
const AGENT = 'Agent';

/** @param {State} s @returns {Item[]} */
export function timeline(s) {
  const from = Math.max(0, s.entries.length - s.shown);
  const b = new Builder(s);
  if (from > 0) b.items.push({ key: 'earlier', type: 'earlier', action: true, label: `Show earlier messages (${from} more loaded)` });
  else if (s.entries.length && !s.complete) b.items.push({ key: 'earlier', type: 'earlier', action: true, label: 'Show earlier messages' });
  else if (s.entries.length >= 1000) b.items.push({ key: 'earlier', type: 'earlier', action: false, label: 'Older messages stay in the transcript' });
  b.history(from);
  for (const t of s.turns) if (!b.placed.has(t)) b.loose(t);
  return b.items;
}

class Builder {
  /** @param {State} s */
  constructor(s) {
    this.s = s;
    /** @type {Item[]} */
    this.items = [];
    this.found = matchTurns(s.turns, s.entries);
    /** @type {Set<Turn>} */
    this.placed = new Set();
    this.day = '';
    this.speaker = '';
    this.minute = 0;
    const row = s.sessions.find((r) => r.key === s.sessionKey);
    this.person = row?.surface && row.surface !== 'webchat' ? row.displayName || row.surface : 'You';
    /** What history has from the agent after each turn's message. @type {Map<Turn, ReturnType<typeof after>>} */
    this.known = new Map();
  }

  /** @param {number} from */
  history(from) {
    const { entries } = this.s;
    const results = new Map(entries.slice(from).filter((e) => e.role === 'toolResult').map((e) => [e.toolCallId, e]));
    const calls = new Set();
    /** @type {Turn | null} */
    let turn = null;
    for (let i = from; i < entries.length; i++) {
      const e = entries[i];
      if (e.role === 'user') {
        this.closing(turn);
        turn = this.found.get(i) || null;
        if (turn) {
          this.placed.add(turn);
          this.known.set(turn, after(entries, i));
        }
      }
      this.entry(e, e.runId || turn?.id || '', turn, results, calls);
    }
    this.closing(turn);
  }

  /** @param {Entry} e @param {string} runId @param {Turn | null} turn @param {Map<string, Entry>} results @param {Set<string>} calls */
  entry(e, runId, turn, results, calls) {
    if (e.role === 'toolResult') {
      if (!calls.has(e.toolCallId)) this.tool(`h:${e.key}`, runId, e.at, { id: e.toolCallId, name: e.toolName, result: e.result, phase: e.isError ? 'error' : 'done' });
      return;
    }
    if (e.role === 'user') {
      this.message({ key: `h:${e.key}`, role: 'user', runId, at: e.at, by: this.person, text: e.text, images: images(e) });
      return;
    }
    const role = e.role === 'assistant' ? 'assistant' : 'system';
    e.parts.forEach((p, k) => {
      const key = `h:${e.key}:${k}`;
      if (p.type === 'thinking' && p.text.trim()) this.tool(key, runId, e.at, { id: key, name: 'Thought', gist: p.text.trim().slice(0, 120), result: p.text, phase: 'done', thought: true });
      else if (p.type === 'text' && p.text.trim()) this.message({ key, role, runId, at: e.at, by: role === 'system' ? 'System' : AGENT, text: p.text, fresh: turn?.fresh });
      else if (p.type === 'image') this.message({ key, role, runId, at: e.at, by: AGENT, text: '', images: [p.src] });
      else if (p.type === 'tool') {
        calls.add(p.id);
        const r = results.get(p.id);
        this.tool(key, runId, e.at, { id: p.id, name: p.name, args: p.args, result: r?.result, phase: r ? (r.isError ? 'error' : 'done') : 'done' });
      }
    });
    if (e.error && !turn) this.note({ key: `h:${e.key}:note`, role: 'assistant', runId, tone: 'bad', icon: 'alert', text: `Failed: ${e.error}` });
    else if (e.stopReason === 'aborted' && !turn) this.note({ key: `h:${e.key}:note`, role: 'assistant', runId, tone: '', icon: 'stop', text: 'Stopped' });
  }

  /** Adds what history does not have of the turn whose messages end here. @param {Turn | null} t */
  closing(t) {
    if (t) this.live(t);
  }

  /** A turn that history does not know yet. @param {Turn} t */
  loose(t) {
    if (t.own) {
      this.message({
        key: `t:${t.id}`, role: 'user', runId: t.id, at: t.at, by: 'You', text: t.text, fresh: t.fresh,
        images: t.attachments.map((a) => `data:${a.mimeType};base64,${a.content}`),
        state: t.phase === 'offline' ? 'offline' : t.phase === 'refused' ? 'failed' : t.acked ? '' : 'sending',
      });
    } else if (this.s.entries.length) {
      const last = this.s.entries.findLastIndex((e) => e.role === 'user');
      if (last >= 0) this.known.set(t, after(this.s.entries, last));
    }
    this.live(t);
  }

  /** @param {Turn} t */
  live(t) {
    const known = this.known.get(t);
    const over = isOver(t);
    // A stopped or failed run may have left no text in history, so only its own group counts for it.
    const told = t.phase === 'done' ? known?.texts.size : known?.group;
    const settled = over && this.s.historyNo > t.endNo && !!told;
    const at = t.startedAt || t.at;
    t.parts.forEach((p, k) => {
      if (p.kind === 'tool') {
        if (!settled && !known?.tools.has(p.id)) this.tool(`t:${t.id}:tool:${p.id}`, t.id, at, p.phase === 'running' && over ? { ...p, phase: 'done' } : p);
      } else if (!settled && !known?.texts.has(p.text.trim())) {
        this.message({ key: `t:${t.id}:${k}`, role: 'assistant', runId: t.id, at, by: AGENT, text: p.text, streaming: !over && k === t.parts.length - 1, fresh: true });
      }
    });
    this.state(t);
  }

  /** The line under a run that says how it goes or went. @param {Turn} t */
  state(t) {
    const base = { key: `t:${t.id}:note`, runId: t.id };
    const took = t.endedAt && t.startedAt ? ` in ${duration(t.endedAt - t.startedAt)}` : '';
    const last = t.parts[t.parts.length - 1];
    const ahead = this.s.turns.some((o) => o !== t && o.phase === 'running');
    const phase = t.phase === 'sending' && this.placed.has(t) && !t.taken ? 'running' : t.phase; // history has it: it was accepted
    switch (phase) {
      case 'offline': return this.note({ ...base, role: 'user', tone: '', icon: 'clock', text: 'Not sent yet: waits for the connection', actions: ['retry', 'discard'] });
      case 'sending': if (t.taken) return this.note({ ...base, role: 'user', tone: '', icon: 'check', text: 'Taken into the answer in progress' });
        if (t.steer && ahead) return this.note({ ...base, role: 'user', tone: 'busy', icon: '', text: 'Offered to the answer in progress' });
        return this.note({ ...base, role: 'user', tone: '', icon: 'clock', text: ahead ? 'Sent, waits for the run before it' : 'Sending' });
      case 'refused': return this.note({ ...base, role: 'user', tone: 'bad', icon: 'alert', text: `Not sent: ${t.error}`, actions: ['retry', 'discard'] });
      case 'error': return this.note({ ...base, role: 'assistant', tone: 'bad', icon: 'alert', text: `Failed: ${t.error || 'the run ended with an error'}`, actions: t.own ? ['again'] : [] });
      case 'stopped': return this.note({ ...base, role: 'assistant', tone: '', icon: 'stop', text: `Stopped${took && ` after${took.slice(3)}`}` });
      case 'done': if (t.taken) return this.note({ ...base, role: 'user', tone: '', icon: 'check', text: 'Answered together with the message before it' });
        return t.own && took ? this.note({ ...base, role: 'assistant', tone: '', icon: 'check', text: `Done${took}` }) : undefined;
      default: return this.note({ ...base, role: 'assistant', tone: 'busy', icon: '', text: t.stopping ? 'Stopping' : running(last) });
    }
  }

  /** @param {Partial<MessageItem> & {key: string, role: string, runId: string, at: number, by: string, text: string}} m */
  message(m) {
    const head = this.begin(m.by, m.at);
    const long = m.text.length > FOLD_CHARS || lines(m.text) > FOLD_LINES;
    const foldable = long && !m.streaming && (!m.fresh || m.text.length > FOLD_ALWAYS);
    this.items.push({
      images: [], streaming: false, state: '', fresh: false, ...m, type: 'message', head, foldable, folded: foldable && !this.s.expanded.has(m.key),
    });
  }

  /** @param {string} key @param {string} runId @param {number} at @param {any} t */
  tool(key, runId, at, t) {
    const head = this.begin(AGENT, at);
    this.items.push({
      key, type: 'tool', runId, id: t.id, name: t.name, gist: t.gist || gist(t.args), args: t.args, result: t.result,
      phase: t.phase, thought: !!t.thought, open: this.s.open.has(t.id), head, by: AGENT, at,
    });
  }

  /** @param {Omit<NoteItem, 'type'|'actions'> & {actions?: NoteItem['actions']}} n */
  note(n) {
    this.items.push({ actions: [], ...n, type: 'note' });
  }

  /** Day separator and speaker change. @param {string} by @param {number} at @returns {boolean} whether a head is due */
  begin(by, at) {
    const key = at ? dayKey(at) : this.day;
    if (key !== this.day) {
      this.day = key;
      this.speaker = '';
      this.items.push({ key: `day:${key}`, type: 'day', label: day(at) });
    }
    const minute = Math.floor(at / 60_000);
    const head = by !== this.speaker || minute !== this.minute;
    this.speaker = by;
    this.minute = minute;
    return head;
  }
}

/** @param {any} last */
function running(last) {
  if (last?.kind === 'tool' && last.phase === 'running') return `Calling ${last.name}`;
  return last?.kind === 'text' ? 'Writing' : 'Thinking';
}

/** What the agent said and which tools it used behind entry i. @param {Entry[]} entries @param {number} i */
function after(entries, i) {
  /** @type {Set<string>} */
  const texts = new Set();
  /** @type {Set<string>} */
  const tools = new Set();
  let group = 0; // texts before the next user message
  let inGroup = true;
  for (let k = i + 1; k < entries.length; k++) {
    const e = entries[k];
    if (e.role === 'user') inGroup = false;
    if (e.role === 'toolResult') tools.add(e.toolCallId);
    if (e.role !== 'assistant') continue;
    for (const p of e.parts) {
      if (p.type === 'tool') tools.add(p.id);
      if (p.type !== 'text' || !p.text.trim()) continue;
      texts.add(p.text.trim());
      if (inGroup) group++;
    }
  }
  return { texts, tools, group };
}

/** @param {Entry} e */
const images = (e) => e.parts.flatMap((p) => (p.type === 'image' ? [p.src] : []));

/** One line that says what a call is about. @param {any} args */
function gist(args) {
  if (args === undefined || args === null) return '';
  if (typeof args !== 'object') return String(args).slice(0, 120);
  if (Array.isArray(args.argv)) return args.argv.join(' ').slice(0, 120);
  const first = ['command', 'path', 'url', 'query', 'pattern', 'action'].filter((k) => typeof args[k] === 'string');
  if (first.length === 1 || first[0] === 'command') return String(args[first[0]]).split('\n')[0].slice(0, 120);
  return Object.entries(args).sort(([a], [b]) => Number(first.includes(b)) - Number(first.includes(a))).slice(0, 4).map(([k, v]) => `${k}: ${typeof v === 'object' ? '…' : String(v).slice(0, 60)}`).join(', ');
}

/** Lines up to the fold limit. @param {string} text */
function lines(text) {
  let n = 1;
  for (let i = text.indexOf('\n'); i >= 0 && n <= FOLD_LINES; i = text.indexOf('\n', i + 1)) n++;
  return n;
}
