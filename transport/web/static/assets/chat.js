// The chat of one session at a time: sends, follows runs, keeps history fresh. It changes the store
// and never touches the page.

import { CallError, LinkError } from './client.js';
import { entries, textOf } from './history.js';
import { oneAtATime } from './once.js';
import { activeTurn, applyText, applyTool, isOver, lastSame, loadOutbox, newTurn, saveOutbox } from './turns.js';
import { size } from './time.js';

export const LISTED = 200; // sessions in the list beside the chat
const FIRST_PAGE = 200;
const LAST_PAGE = 1000; // the most that chat.history gives
const KEPT_TURNS = 50;
const FRAME_ROOM = 256; // what a request has around its params
const SETTLE = 500; // ms; runs that end together are one reading of the list

/** @typedef {import('./turns.js').Turn} Turn */

export class Chat {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client */
  constructor(store, client) {
    this.store = store;
    this.client = client;
    /** Turns of the sessions that are not on screen. @type {Map<string, Turn[]>} */
    this.away = new Map();
    this.limit = FIRST_PAGE;
    this.historyNo = 0;
    this.refreshHistory = oneAtATime(() => this.loadOnce());
    this.refreshSessions = oneAtATime(() => this.listOnce());
    /** @type {any} */
    this.soon = 0;
    for (const t of loadOutbox()) {
      if (t.sessionKey === store.state.sessionKey) store.state.turns.push(t);
      else this.away.set(t.sessionKey, [...this.turnsOf(t.sessionKey), t]);
    }
  }

  /** @param {string} key @returns {Turn[]} */
  turnsOf(key) {
    const { state } = this.store;
    return (key === state.sessionKey ? state.turns : this.away.get(key)) || [];
  }

  /** Shows another session. @param {string} key */
  open(key) {
    if (key === this.store.state.sessionKey) return;
    this.store.change((s) => {
      const own = s.turns.filter((t) => t.own);
      if (own.length) this.away.set(s.sessionKey, own);
      s.turns = this.away.get(key) || [];
      this.away.delete(key);
      Object.assign(s, { sessionKey: key, sessionId: '', entries: [], loaded: false, complete: false, loadError: '', shown: FIRST_PAGE });
      s.unread = new Set([...s.unread].filter((k) => k !== key));
    });
    this.limit = FIRST_PAGE;
    this.refreshHistory();
  }

  /** Refreshes all that events would have told. @param {'gap'|'reconnect'} why */
  async refresh(why) {
    this.store.change((s) => { s.refreshing = why; });
    const health = this.client.call('health').then((v) => this.store.change((s) => { s.health = v; }));
    const presence = this.client.call('system-presence').then((v) => this.store.change((s) => { s.presence = Array.isArray(v) ? v : []; }));
    await Promise.allSettled([health, presence, this.refreshHistory(), this.refreshSessions()]);
    this.store.change((s) => { s.refreshing = ''; });
  }

  /** A run has ended: the list tells it soon. */
  sessionsChanged() {
    this.soon ||= setTimeout(() => {
      this.soon = 0;
      this.refreshSessions();
    }, SETTLE);
  }

  async listOnce() {
    try {
      const r = await this.client.call('sessions.list', { limit: LISTED });
      this.store.change((s) => {
        s.sessions = Array.isArray(r.sessions) ? r.sessions : [];
        s.model = r.defaults?.model || '';
        s.modelProvider = r.defaults?.modelProvider || '';
        const keys = new Set(s.sessions.map((o) => o.key));
        s.unread = new Set([...s.unread].filter((k) => keys.has(k)));
      });
    } catch { /* the list stays as it is; the next refresh asks again */ }
  }

  async loadOnce() {
    const key = this.store.state.sessionKey;
    const no = ++this.historyNo;
    const limit = this.limit;
    try {
      const r = await this.client.call('chat.history', { sessionKey: key, limit });
      const list = entries(Array.isArray(r.messages) ? r.messages : []);
      this.store.change((s) => {
        if (s.sessionKey !== key) return;
        Object.assign(s, { entries: list, loaded: true, loadError: '', sessionId: r.sessionId || '', historyNo: no, complete: list.length < limit || limit >= LAST_PAGE });
        s.turns = s.turns.filter((t) => t.own ? !isOver(t) || this.keeps(t, s) : !isOver(t) || t.endNo >= no).slice(-KEPT_TURNS);
        for (const t of s.turns) if (t.own && !t.acked && list.some((e) => e.runId === t.id)) t.acked = true;
      });
    } catch (err) {
      if (err instanceof CallError) this.store.change((s) => { s.loadError = err.message; s.loaded = true; });
    }
  }

  /**
   * Whether an own turn that is over stays: while history is older than its end, and afterwards
   * unless it went well and history tells it in other words.
   * @param {Turn} t @param {import('./store.js').State} s
   */
  keeps(t, s) {
    if (t.endNo >= s.historyNo || t.phase !== 'done') return true;
    return s.entries.some((e) => e.role === 'user' && (e.runId ? e.runId === t.id : e.key !== t.after && e.text.trim() === t.text.trim()));
  }

  /** Makes older messages visible, loading more when all that is loaded is shown. */
  async showEarlier() {
    const { state } = this.store;
    this.store.change((s) => { s.shown += FIRST_PAGE; });
    if (state.shown > state.entries.length && !state.complete) {
      this.limit = LAST_PAGE;
      await this.refreshHistory();
    }
  }

  /** @param {string} text @param {import('./turns.js').Attachment[]} attachments */
  send(text, attachments) {
    const { state } = this.store;
    const t = newTurn({
      id: crypto.randomUUID ? crypto.randomUUID() : fallbackId(), sessionKey: state.sessionKey, own: true, text, attachments,
      phase: 'offline', acked: false, after: lastSame(state.entries, text),
      steer: state.turns.some((o) => o.phase === 'running'), // offered to the run that is going on
    });
    this.store.change((s) => { s.turns.push(t); });
    this.submit(t);
  }

  /** Sends a turn, or sends it again under its key: the gateway answers a repeat with the first one's result. @param {Turn} t */
  async submit(t) {
    const fresh = t.phase !== 'running';
    this.store.change(() => { if (fresh) t.phase = this.client.live ? 'sending' : 'offline'; t.error = ''; });
    this.save();
    if (!this.client.live) return;
    const params = {
      sessionKey: t.sessionKey, message: t.text, idempotencyKey: t.id, steer: t.steer || undefined,
      attachments: t.attachments.length ? t.attachments.map((a) => ({ type: 'image', mimeType: a.mimeType, fileName: a.name, content: a.content })) : undefined,
    };
    const bytes = new TextEncoder().encode(JSON.stringify(params)).length + FRAME_ROOM;
    if (bytes > this.client.maxPayload) {
      this.end(t, 'refused', `it has ${size(bytes)}, and one message may have ${size(this.client.maxPayload)}`);
      return;
    }
    try {
      await this.client.call('chat.send', params, 0);
      this.end(t, 'done');
    } catch (err) {
      if (err instanceof LinkError) this.store.change(() => { if (!isOver(t) && t.phase === 'sending') t.phase = 'offline'; });
      else if (err instanceof CallError && err.payload?.status === 'error') this.end(t, 'error', err.message);
      else this.end(t, 'refused', err instanceof Error ? err.message : String(err));
    }
    this.save();
  }

  /** On a new connection: sends everything again that has no answer yet, and forgets runs of others whose end may have been missed. */
  resume() {
    this.store.change((s) => { s.turns = s.turns.filter((t) => t.own || isOver(t)); });
    const lists = [this.store.state.turns, ...this.away.values()];
    for (const t of lists.flat()) if (t.own && !isOver(t)) this.submit(t);
  }

  /** @param {Turn} t */
  discard(t) {
    this.store.change((s) => { s.turns = s.turns.filter((o) => o !== t); });
    this.save();
  }

  /** Stops the run that is going on. */
  async stop() {
    const t = activeTurn(this.store.state.turns);
    if (!t || t.stopping) return;
    this.store.change(() => { t.stopping = true; });
    try {
      const r = await this.client.call('chat.abort', { sessionKey: t.sessionKey, runId: t.id });
      if (!r?.aborted) this.refreshHistory();
      else this.end(t, 'stopped');
    } catch (err) {
      this.store.change((s) => { s.notice = { tone: 'bad', text: `Could not stop: ${err instanceof Error ? err.message : err}` }; });
    } finally {
      this.store.change(() => { t.stopping = false; });
    }
  }

  /** @param {Turn} t @param {import('./turns.js').Phase} phase @param {string} [error] */
  end(t, phase, error = '') {
    if (isOver(t)) return;
    this.store.change(() => {
      t.phase = phase;
      t.acked = t.acked || phase !== 'refused';
      t.error = error.replace(/^Error: /, '');
      t.endedAt = Date.now();
      t.endNo = this.historyNo;
    });
    this.save();
    if (t.sessionKey === this.store.state.sessionKey && phase !== 'refused') this.refreshHistory();
  }

  save() {
    saveOutbox([this.store.state.turns, ...this.away.values()].flat());
  }

  /** @param {any} p payload of a chat event */
  onChat(p) {
    const { state } = this.store;
    const final = p.state !== 'delta';
    const own = this.turnsOf(p.sessionKey).find((t) => t.id === p.runId);
    if (p.sessionKey !== state.sessionKey && !own) {
      if (final) this.store.change((s) => { s.unread = new Set(s.unread).add(p.sessionKey); });
      return;
    }
    let t = own;
    if (!t) {
      // After an abort the rest of a run goes by the session's id: it belongs to no turn.
      if (p.runId === state.sessionId || final) {
        if (final) this.refreshHistory();
        return;
      }
      t = newTurn({ id: p.runId, sessionKey: p.sessionKey, startedAt: Date.now() });
      const added = t;
      this.store.change((s) => { s.turns.push(added); });
      this.refreshHistory(); // whoever wrote it, their message is there
    }
    if (isOver(t)) return;
    const turn = t;
    this.store.change(() => {
      this.running(turn);
      applyText(turn, textOf(p.message));
    });
    if (p.state === 'final') this.end(t, 'done');
    else if (p.state === 'aborted') this.end(t, 'stopped');
    else if (p.state === 'error') this.end(t, 'error', p.errorMessage || '');
  }

  /** @param {any} p payload of an agent event */
  onAgent(p) {
    const { state } = this.store;
    if (p.sessionKey ? p.sessionKey !== state.sessionKey : p.runId !== state.sessionId) return;
    // Runs of chat.send carry the session's id; the one that runs is the first that is not over.
    const t = state.turns.find((o) => o.id === p.runId && !isOver(o)) || activeTurn(state.turns);
    if (!t) return;
    if (p.stream === 'job' && p.data?.state === 'started') {
      this.store.change(() => this.running(t));
    } else if (p.stream === 'tool' && p.data) {
      this.store.change(() => { this.running(t); applyTool(t, p.data); });
    } else if (p.stream === 'steer') {
      const taken = state.turns.find((o) => o.id === p.data?.runId);
      if (taken) this.store.change(() => { taken.taken = true; taken.acked = true; });
    }
  }

  /** @param {Turn} t */
  running(t) {
    if (isOver(t)) return;
    t.phase = 'running';
    t.acked = true;
    t.startedAt = t.startedAt || Date.now();
  }
}

/** Browsers offer randomUUID only in secure contexts; a page over plain http on a LAN is none. */
export function fallbackId() {
  const b = crypto.getRandomValues(new Uint8Array(16));
  return [...b].map((v) => v.toString(16).padStart(2, '0')).join('');
}
