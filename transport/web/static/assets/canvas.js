// The canvas beside the chat: the gateway's own canvas in a sandboxed frame. A2UI messages go into it, what a person does
// there comes out as an agent run. The frame has no origin of its own: it is known by its window.

import { byId } from './dom.js';
import { icon } from './icons.js';
import { oneAtATime } from './once.js';
import { decode } from './rail.js';

const A2UI = '/__clawdbot__/a2ui/';
const KEPT_FOR = 24 * 3600; // s, that an address of the canvas is good for
const MAX_ACTION = 64 * 1024; // characters
const ACTIONS = 10; // within ACTIONS_IN ms
const ACTIONS_IN = 10_000;
const SEEN = 'clawdbot.canvas.seen';

export class CanvasPane {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client @param {string} instanceId */
  constructor(store, client, instanceId) {
    this.store = store;
    this.client = client;
    this.instanceId = instanceId;
    this.pane = byId('canvas');
    this.toggle = byId('canvas-toggle');
    this.note = byId('canvas-note');
    /** @type {HTMLIFrameElement | null} */
    this.frame = null;
    this.wide = matchMedia('(min-width: 901px)');
    this.isOpen = false;
    /** What the gateway says is shown. @type {{epoch: number, seq: number, visible: boolean, shown: number, path: string} | null} */
    this.state = null;
    this.framePath = '';
    this.applied = { epoch: 0, after: 0 };
    /** Gives the A2UI page what it has not got yet. */
    this.feed = oneAtATime(() => this.feedOnce());
    /** @type {number[]} */
    this.actions = [];

    this.toggle.append(icon('canvas'));
    byId('canvas-close').append(icon('close'));
    byId('canvas-reload').append(icon('reload'));
    this.toggle.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    byId('canvas-close').addEventListener('click', () => this.close());
    byId('canvas-reload').addEventListener('click', () => this.load());
    this.pane.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      this.close();
    });
    addEventListener('message', (e) => this.onMessage(e));
  }

  /** A connection is there, perhaps to another gateway: the frame's address and its socket are not good any more. @param {any} hello */
  onHello(hello) {
    const known = Boolean(hello.canvasHostUrl) && (hello.features?.methods || []).includes('canvas.state');
    this.toggle.hidden = !known;
    this.framePath = '';
    if (known) this.refresh();
    else this.close();
  }

  /** Asks what is shown; after a gap the events cannot be trusted. */
  async refresh() {
    try {
      this.onEvent(await this.client.call('canvas.state', { epoch: this.state?.epoch || 0, after: this.state?.seq || 0 }));
    } catch { /* the next event or connection tells */ }
  }

  /** @param {any} s the state that an event or canvas.state tells */
  onEvent(s) {
    const before = this.state;
    this.state = { epoch: s.epoch, seq: s.seq, visible: s.visible, shown: s.shown, path: s.path };
    const fresh = s.visible && String(s.shown) !== sessionStorage.getItem(SEEN);
    if (fresh && this.wide.matches) this.open(false);
    if (before?.visible && !s.visible) this.close(false);
    this.toggle.classList.toggle('has-news', fresh && !this.isOpen);
    this.toggle.title = this.toggle.classList.contains('has-news') ? 'Canvas: there is something new' : 'Canvas';
    if (this.isOpen) this.show();
  }

  /** @param {boolean} [focus] */
  open(focus = true) {
    this.isOpen = true;
    this.mark();
    if (focus) byId('canvas-close').focus();
    this.show();
  }

  /** @param {boolean} [focus] */
  close(focus = true) {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.mark();
    this.frame?.remove();
    this.frame = null;
    this.framePath = '';
    if (focus) this.toggle.focus();
  }

  mark() {
    this.pane.hidden = !this.isOpen;
    byId('app').classList.toggle('with-canvas', this.isOpen);
    this.toggle.setAttribute('aria-expanded', String(this.isOpen));
    this.toggle.classList.remove('has-news');
    if (this.state) sessionStorage.setItem(SEEN, String(this.state.shown));
  }

  /** Brings the frame to what is shown. */
  show() {
    const path = this.state?.path;
    if (!path) this.say('The canvas is not known yet.');
    else if (path !== this.framePath) this.load();
    else this.feed();
  }

  /** Loads the page anew, at a fresh address. */
  async load() {
    const path = this.state?.path;
    if (!this.isOpen || !path) return;
    this.framePath = path;
    byId('canvas-title').textContent = path.startsWith(A2UI) ? 'Canvas' : decode(path.replace('/__clawdbot__/canvas/', '')) || 'Canvas';
    let address;
    try {
      address = await this.client.call('canvas.url', { path, ttlSeconds: KEPT_FOR });
    } catch (err) {
      this.framePath = '';
      this.say(`The canvas cannot be shown: ${err instanceof Error ? err.message : err}`);
      return;
    }
    if (!this.isOpen || this.framePath !== path) return;
    this.say('');
    const frame = document.createElement('iframe');
    frame.id = 'canvas-frame';
    frame.title = 'Canvas';
    frame.setAttribute('sandbox', 'allow-scripts allow-forms');
    frame.referrerPolicy = 'no-referrer';
    frame.src = address.path;
    if (this.frame) this.frame.replaceWith(frame);
    else byId('canvas-body').append(frame);
    this.frame = frame;
  }

  /** @param {string} text */
  say(text) {
    this.note.hidden = !text;
    this.note.textContent = text;
  }

  /** @param {MessageEvent} e */
  onMessage(e) {
    if (!this.frame || e.source !== this.frame.contentWindow || e.origin !== 'null' || typeof e.data !== 'object' || !e.data) return;
    switch (e.data.type) {
      case 'clawdbot:ready':
        this.post({ type: 'clawdbot:host' });
        this.applied = { epoch: 0, after: 0 };
        this.feed();
        break;
      case 'clawdbot:user-action':
        this.act(e.data.payload);
        break;
      case 'clawdbot:a2ui-result':
        this.say(e.data.ok ? '' : `The page refused what was pushed: ${String(e.data.error).slice(0, 300)}`);
        break;
    }
  }

  /** @param {object} data */
  post(data) {
    this.frame?.contentWindow?.postMessage(data, '*'); // a sandboxed page has no origin that could be named
  }

  async feedOnce() {
    const { frame } = this;
    if (!frame || !this.framePath.startsWith(A2UI)) return;
    try {
      const s = await this.client.call('canvas.state', this.applied);
      if (frame !== this.frame) return;
      const reset = s.epoch !== this.applied.epoch;
      this.applied = { epoch: s.epoch, after: s.seq };
      if (reset || s.messages.length) this.post({ type: 'clawdbot:a2ui', reset, messages: s.messages.map((/** @type {any} */ m) => m.message) });
    } catch { /* a new connection loads the frame anew */ }
  }

  /** Sends what a person did on the canvas to the agent, in the words in which devices do. @param {unknown} payload */
  async act(payload) {
    const action = userAction(payload);
    if (!action) return;
    const now = Date.now();
    this.actions = this.actions.filter((t) => t > now - ACTIONS_IN);
    if (this.actions.length >= ACTIONS) {
      this.answer(action.id, 'too many actions');
      return;
    }
    this.actions.push(now);
    const { sessionKey } = this.store.state;
    try {
      await this.client.call('agent', { message: messageOf(action, sessionKey, this.instanceId), sessionKey, thinking: 'low', idempotencyKey: action.id });
      this.answer(action.id, '');
    } catch (err) {
      this.answer(action.id, err instanceof Error ? err.message : String(err));
    }
  }

  /** @param {string} id @param {string} error */
  answer(id, error) {
    this.post({ type: 'clawdbot:a2ui-action-status', detail: { id, ok: !error, error } });
    if (error) this.say(`Not delivered: ${error}`);
  }
}

/**
 * @typedef {{id: string, name: string, surfaceId: string, sourceComponentId: string, context: object | null}} Action
 * @param {unknown} payload what the frame sent: nothing in it is to be trusted
 * @returns {Action | null}
 */
export function userAction(payload) {
  if (typeof payload !== 'string' || payload.length > MAX_ACTION) return null;
  let given;
  try { given = JSON.parse(payload); } catch { return null; }
  given = given?.userAction ?? given;
  if (typeof given !== 'object' || !given) return null;
  const text = (/** @type {unknown} */ v) => (typeof v === 'string' ? v.trim() : '');
  const name = text(given.name) || text(given.action);
  if (!name) return null;
  const context = typeof given.context === 'object' && !Array.isArray(given.context) ? given.context : null;
  return {
    id: text(given.id).slice(0, 200) || `${Date.now()}-${Math.random()}`, name, context,
    surfaceId: text(given.surfaceId) || 'main', sourceComponentId: text(given.sourceComponentId) || '-',
  };
}

/** @param {Action} a @param {string} session @param {string} instance */
export function messageOf(a, session, instance) {
  const tag = (/** @type {string} */ v) => (v.trim().replace(/ /g, '_').replace(/[^A-Za-z0-9_\-.:]/g, '_') || '-').slice(0, 200);
  return [
    'CANVAS_A2UI', `action=${tag(a.name)}`, `session=${tag(session)}`, `surface=${tag(a.surfaceId)}`, `component=${tag(a.sourceComponentId)}`,
    'host=WebChat', `instance=${tag(instance.toLowerCase())}`, ...(a.context ? [`ctx=${JSON.stringify(a.context)}`] : []), 'default=update_canvas',
  ].join(' ');
}
