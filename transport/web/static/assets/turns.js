// A turn is one run as this page sees it live: what was sent, what streams back, how it ended.
// History is the truth; a turn fills in what history does not have yet.

/**
 * @typedef {{kind: 'text', text: string, said: number} | {kind: 'tool', id: string, name: string, args: any, result: any,
 *   gist: string, phase: 'running'|'done'|'error'}} LivePart
 * @typedef {'sending'|'offline'|'running'|'done'|'stopped'|'error'|'refused'} Phase
 * @typedef {{name: string, mimeType: string, content: string, size: number}} Attachment
 * @typedef {{
 *   id: string, sessionKey: string, own: boolean, text: string, attachments: Attachment[], at: number,
 *   after: string, phase: Phase, acked: boolean, parts: LivePart[], startedAt: number, endedAt: number,
 *   error: string, endNo: number, stopping: boolean, fresh: boolean, steer: boolean, taken: boolean,
 * }} Turn
 */

/** @param {Partial<Turn> & {id: string, sessionKey: string}} t @returns {Turn} */
export function newTurn(t) {
  return {
    own: false, text: '', attachments: [], at: Date.now(), after: '', phase: 'running', acked: true, parts: [],
    startedAt: 0, endedAt: 0, error: '', endNo: 0, stopping: false, fresh: true, steer: false, taken: false, ...t,
  };
}

/** @param {Turn} t */
export const isOver = (t) => t.phase === 'done' || t.phase === 'stopped' || t.phase === 'error' || t.phase === 'refused';

/** The turn that runs now, if any. @param {Turn[]} turns */
export function activeTurn(turns) {
  return turns.find((t) => t.phase === 'running') || turns.find((t) => t.phase === 'sending' && !t.taken);
}

/**
 * Applies the text of a chat event. It is cumulative and replaces what was there; a text that does
 * not continue the last one begins the next message of the run.
 * @param {Turn} t @param {string} text
 */
export function applyText(t, text) {
  if (!text) return;
  let last;
  for (const p of t.parts) if (p.kind === 'text') last = p;
  const trimmed = text.trim();
  if (last && (text.startsWith(last.text) || trimmed.startsWith(last.text.trim()))) {
    last.text = text;
  } else {
    t.parts.push({ kind: 'text', text, said: 0 });
  }
}

/**
 * Applies an agent event of stream "tool". Copies that lack args or result keep the earlier ones.
 * @param {Turn} t @param {any} data
 */
export function applyTool(t, data) {
  const id = String(data.toolCallId || data.name || 'tool');
  let tool = t.parts.find((p) => p.kind === 'tool' && p.id === id);
  if (!tool) {
    tool = { kind: 'tool', id, name: String(data.name || 'tool'), args: undefined, result: undefined, gist: '', phase: 'running' };
    t.parts.push(tool);
  }
  if (tool.kind !== 'tool') return;
  if (data.args !== undefined) tool.args = data.args;
  if (data.partialResult !== undefined) tool.result = data.partialResult;
  if (data.result !== undefined) tool.result = data.result;
  if (typeof data.meta === 'string') tool.gist = data.meta;
  if (data.phase === 'result') tool.phase = data.isError ? 'error' : 'done';
}

/**
 * Finds each own turn's message in history: by run id where history carries one, else the same
 * text behind the last equal message that was there when it was sent. Newest first.
 * @param {Turn[]} turns @param {import('./history.js').Entry[]} entries
 * @returns {Map<number, Turn>} by index of the history entry
 */
export function matchTurns(turns, entries) {
  /** @type {Map<number, Turn>} */
  const found = new Map();
  const lowest = Math.max(0, entries.length - 1500);
  for (let k = turns.length - 1; k >= 0; k--) {
    const t = turns[k];
    if (!t.own || t.phase === 'refused') continue;
    for (let i = entries.length - 1; i >= lowest; i--) {
      const e = entries[i];
      if (e.role !== 'user' || found.has(i)) continue;
      if (e.runId) {
        if (e.runId === t.id) { found.set(i, t); break; }
        continue;
      }
      if (e.key === t.after) break;
      if (e.text.trim() === t.text.trim()) { found.set(i, t); break; }
    }
  }
  return found;
}

/** The key of the newest history message with this text, for Turn.after. @param {import('./history.js').Entry[]} entries @param {string} text */
export function lastSame(entries, text) {
  const want = text.trim();
  for (let i = entries.length - 1; i >= 0; i--) {
    if (entries[i].role === 'user' && entries[i].text.trim() === want) return entries[i].key;
  }
  return '';
}

const OUTBOX = 'clawdbot.outbox';

/** Keeps what is not answered yet over a reload of this tab. @param {Turn[]} turns */
export function saveOutbox(turns) {
  const open = turns.filter((t) => t.own && !isOver(t))
    .map(({ id, sessionKey, text, attachments, at, after, steer, taken }) => ({ id, sessionKey, text, attachments, at, after, steer, taken }));
  try {
    sessionStorage.setItem(OUTBOX, JSON.stringify(open));
  } catch {
    // Too large with its images: the text alone must not be sent in their place, so nothing is kept.
    sessionStorage.removeItem(OUTBOX);
  }
}

/** @returns {Turn[]} */
export function loadOutbox() {
  try {
    const saved = JSON.parse(sessionStorage.getItem(OUTBOX) || '[]');
    return saved.map((/** @type {any} */ t) => newTurn({ ...t, own: true, phase: 'offline', acked: false, fresh: false }));
  } catch {
    return [];
  }
}
