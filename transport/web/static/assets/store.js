// One state object; changes are applied at once and drawn once per animation frame.

/**
 * @typedef {import('./turns.js').Turn} Turn
 * @typedef {import('./history.js').Entry} Entry
 * @typedef {{
 *   status: import('./client.js').Status,
 *   refreshing: '' | 'gap' | 'reconnect',
 *   sessionKey: string, sessionId: string, sessions: any[], model: string, modelProvider: string, unread: Set<string>,
 *   entries: Entry[], loaded: boolean, historyNo: number, complete: boolean, loadError: string,
 *   turns: Turn[], shown: number, expanded: Set<string>, open: Set<string>,
 *   health: any, presence: any[], hello: any, wantsPhone: boolean, notice: {text: string, tone: string} | null,
 * }} State
 */

/** @returns {State} */
export function initialState() {
  return {
    status: { state: 'connecting' }, refreshing: '',
    sessionKey: 'main', sessionId: '', sessions: [], model: '', modelProvider: '', unread: new Set(),
    entries: [], loaded: false, historyNo: 0, complete: false, loadError: '',
    turns: [], shown: 200, expanded: new Set(), open: new Set(),
    health: null, presence: [], hello: null, wantsPhone: false, notice: null,
  };
}

export class Store {
  constructor() {
    this.state = initialState();
    /** @type {((s: State) => void)[]} */
    this.views = [];
    this.scheduled = false;
    // A hidden tab gets no animation frames; draw before it is looked at again.
    document.addEventListener('visibilitychange', () => { if (this.scheduled) this.draw(); });
  }

  /** @param {(s: State) => void} view called after changes, at most once per frame */
  subscribe(view) {
    this.views.push(view);
  }

  /** @param {(s: State) => void} change */
  change(change) {
    change(this.state);
    if (this.scheduled) return;
    this.scheduled = true;
    if (document.hidden) setTimeout(() => this.draw(), 500);
    else requestAnimationFrame(() => this.draw());
  }

  draw() {
    if (!this.scheduled) return;
    this.scheduled = false;
    for (const view of this.views) view(this.state);
  }
}
