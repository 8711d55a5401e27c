// The element that holds all surfaces: messages in, user actions out.

import { v0_8 } from '@a2ui/lit';
import * as UI from '@a2ui/lit/ui';
import { ContextProvider } from '@lit/context';
import { LitElement, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

import { given, withOwnIds } from './ids.js';
import { fillIn } from './inputs.js';
import { markdown } from './markdown.js';
import { dress, hostStyles, theme } from './theme.js';

dress(UI);

const noteTime = 4000;

export class Host extends LitElement {
  static styles = hostStyles;
  static properties = { note: { state: true } };

  #processor = v0_8.Data.createSignalA2uiMessageProcessor();
  #timer = 0;
  /** The surfaces of which there was a message: the processor makes one of any id that it is asked for, too. @type {Set<string>} */
  #known = new Set();

  constructor() {
    super();
    /** @type {{text: string, bad: boolean} | null} what became of the last action */
    this.note = null;
    new ContextProvider(this, { context: UI.Context.themeContext, initialValue: theme });
    new ContextProvider(this, { context: UI.Context.markdown, initialValue: markdown });
    this.addEventListener('a2uiaction', (e) => this.#act(/** @type {CustomEvent} */ (e)));
    addEventListener('clawdbot:a2ui-action-status', (e) => this.#onStatus(/** @type {CustomEvent} */ (e).detail));
  }

  surfaceIds() {
    return [...this.#known];
  }

  reset() {
    this.#processor.clearSurfaces();
    this.#known.clear();
    this.requestUpdate();
  }

  /**
   * Messages may come in any order: one that leaves a surface incomplete is no mistake when a later one completes it.
   * @param {any[]} messages
   */
  apply(messages) {
    /** @type {Map<string, unknown>} */
    const broken = new Map();
    for (const m of messages) {
      const id = (m?.beginRendering ?? m?.surfaceUpdate ?? m?.dataModelUpdate ?? m?.deleteSurface)?.surfaceId;
      if (m?.deleteSurface) this.#known.delete(id);
      else if (typeof id === 'string') this.#known.add(id);
      try {
        this.#processor.processMessages([withOwnIds(m)]);
        broken.delete(id);
      } catch (err) {
        broken.set(id, err);
      }
    }
    for (const surface of this.#processor.getSurfaces().values()) fillIn(this.#processor, surface);
    this.requestUpdate();
    for (const [id, err] of broken) throw new Error(`A2UI: surface ${id}: ${given(String(err instanceof Error ? err.message : err))}`);
    return this.surfaceIds();
  }

  render() {
    const all = [...this.#processor.getSurfaces()].filter(([id]) => this.#known.has(id));
    const shown = all.filter(([, s]) => s.rootComponentId);
    if (!shown.length) {
      return html`<p class="empty">${all.length ? 'Waiting for beginRendering.' : 'Nothing here yet. What the agent pushes with A2UI appears here.'}</p>`;
    }
    return html`
      ${repeat(shown, ([id]) => id, ([id, surface]) => html`
        <a2ui-surface .surfaceId=${id} .surface=${surface} .processor=${this.#processor}></a2ui-surface>`)}
      ${this.note ? html`<p class="note ${this.note.bad ? 'bad' : ''}" role="status">${this.note.text}</p>` : nothing}`;
  }

  /** @param {CustomEvent} e a press of a button, from the renderer */
  #act(e) {
    const { action, dataContextPath, sourceComponentId, sourceComponent } = e.detail;
    const surface = e.composedPath().find((n) => n instanceof HTMLElement && n.localName === 'a2ui-surface');
    const surfaceId = /** @type {any} */ (surface)?.surfaceId || 'main';
    /** @type {Record<string, unknown>} */
    const context = {};
    for (const { key, value } of action.context ?? []) {
      if (value?.path === undefined) context[key] = value?.literalString ?? value?.literalNumber ?? value?.literalBoolean;
      else context[key] = plain(this.#processor.getData(sourceComponent, this.#processor.resolvePath(value.path, dataContextPath), surfaceId));
    }
    const userAction = { id: newId(), name: action.name, surfaceId, sourceComponentId: given(sourceComponentId || '-'), timestamp: new Date().toISOString(), context };
    const sent = post({ userAction });
    this.#say(sent ? `Sent: ${action.name}` : 'Nobody takes actions here.', !sent);
  }

  /** @param {{ok?: boolean, error?: string} | undefined} detail */
  #onStatus(detail) {
    if (detail && !detail.ok) this.#say(`Not delivered: ${detail.error || 'unknown'}`, true);
  }

  /** @param {string} text @param {boolean} bad */
  #say(text, bad) {
    this.note = { text, bad };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.note = null; }, noteTime);
  }
}

customElements.define('clawdbot-a2ui-host', Host);

/** Apps of Apple take an object, Android and the page around this one take text. */
function post(payload) {
  const apple = globalThis.webkit?.messageHandlers?.clawdbotCanvasA2UIAction;
  try {
    if (apple) {
      apple.postMessage(payload);
      return true;
    }
    return globalThis.clawdbotPostMessage?.(JSON.stringify(payload)) ?? false;
  } catch {
    return false;
  }
}

/** Turns the maps of a data model into objects. */
function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  if (Array.isArray(value)) return [...value].map(plain);
  return value ?? null;
}

function newId() {
  return crypto.randomUUID?.() ?? String(Date.now()); // only secure contexts have it
}
