// Nodes of the message list, one builder per kind of item. Each returns its node and a function that
// brings the node up to a newer version of the same item.

import { h, append, set } from './dom.js';
import { icon } from './icons.js';
import { actionCard, canvasAction } from './canvasaction.js';
import { renderMarkdown } from './markdown.js';
import { plain } from './inline.js';
import { exact, hhmm, size } from './time.js';

const STREAM_TAIL = 65_536; // longer texts show their end only while they grow
const FOLDED_CHARS = 6000;
const RESULT_CHARS = 4000; // of an argument or a result that are shown at once

/**
 * @typedef {{
 *   earlier: () => void, fold: (key: string, open: boolean) => void, tool: (id: string, open: boolean) => void,
 *   turn: (action: string, runId: string) => void,
 * }} Actions
 * @typedef {{node: HTMLElement, update: (item: any) => void}} View
 */

/** @param {import('./timeline.js').Item} item @param {Actions} actions @returns {View} */
export function build(item, actions) {
  switch (item.type) {
    case 'day': return { node: h('div', { class: 'day', role: 'separator' }, item.label), update() {} };
    case 'earlier': return earlier(actions);
    case 'tool': return tool(actions);
    case 'note': return note(actions);
    default: return message(item, actions);
  }
}

/** @param {Actions} actions @returns {View} */
function earlier(actions) {
  const node = h('div', { class: 'earlier' });
  return {
    node,
    update(item) {
      node.replaceChildren(item.action ? h('button', { class: 'link-button', type: 'button', onclick: actions.earlier }, item.label) : item.label);
    },
  };
}

/** @param {string} by @param {number} at @param {boolean} quiet the name is for screen readers only */
function byLine(by, at, quiet) {
  const name = quiet ? h('span', { class: 'visually-hidden' }, by) : h('b', {}, by);
  return h('div', { class: 'by' }, name, at ? h('time', { datetime: new Date(at).toISOString(), title: exact(at) }, hhmm(at)) : null);
}

/** @param {import('./timeline.js').MessageItem} first @param {Actions} actions @returns {View} */
function message(first, actions) {
  const user = first.role === 'user';
  const body = h('div', { class: user ? 'body' : 'body md' });
  const pictures = h('div', {});
  const bubble = h('div', { class: 'bubble' }, body, pictures);
  const top = h('div', {});
  const fold = h('button', { class: 'link-button', type: 'button' });
  // The log announces additions; texts that grow are announced sentence by sentence elsewhere.
  const node = h('article', { class: 'msg', 'data-role': first.role, 'aria-live': first.role === 'assistant' ? 'off' : null }, top, bubble, fold);
  if (first.streaming || first.state) node.classList.add('enter');
  let text = '';
  let drawn = '';
  return {
    node,
    /** @param {import('./timeline.js').MessageItem} item */
    update(item) {
      node.classList.toggle('head', item.head);
      set(node.dataset, 'runId', item.runId);
      set(node.dataset, 'state', item.state);
      set(node, 'ariaBusy', item.streaming ? 'true' : null);
      const line = `${item.head}${item.by}${item.at}`;
      if (line !== drawn) {
        drawn = line;
        top.replaceChildren(item.head ? byLine(item.by, item.at, user) : item.at ? h('time', { class: 'hover-time', datetime: new Date(item.at).toISOString(), title: exact(item.at) }, hhmm(item.at)) : '');
      }
      const show = item.folded ? item.text.slice(0, FOLDED_CHARS) : item.text;
      const version = `${item.streaming && show.length > STREAM_TAIL}|${show}`;
      if (version !== text) {
        text = version;
        const action = user ? canvasAction(item.text) : null;
        if (action) body.replaceChildren(actionCard(action));
        else if (user || item.role === 'system') body.replaceChildren(...plain(show));
        else if (item.streaming && show.length > STREAM_TAIL) body.replaceChildren(h('p', { class: 'muted' }, `The first ${size(show.length - STREAM_TAIL)} are shown when it is done.`), show.slice(-STREAM_TAIL));
        else renderMarkdown(body, show);
      }
      body.classList.toggle('folded', item.folded);
      set(body, 'hidden', !item.text);
      if (pictures.childNodes.length !== item.images.length) pictures.replaceChildren(...item.images.map((src, k) => h('img', { src, alt: `attached image ${k + 1}` })));
      set(fold, 'hidden', !item.foldable);
      if (item.foldable) set(fold, 'textContent', item.folded ? `Show all (${size(item.text.length)})` : 'Fold');
      fold.onclick = () => actions.fold(item.key, item.folded);
    },
  };
}

/** @param {Actions} actions @returns {View} */
function tool(actions) {
  const name = h('span', { class: 'name' });
  const gist = h('span', { class: 'gist' });
  const state = h('span', { class: 'state' });
  const mark = h('span', {});
  const detail = h('div', {});
  const top = h('div', {});
  const summary = h('summary', {}, icon('chevron', 'turn'), mark, name, gist, state);
  const card = h('details', { class: 'tool' }, summary, detail);
  const node = h('article', { class: 'msg', 'data-role': 'tool' }, top, card);
  /** @type {import('./timeline.js').ToolItem | null} */
  let shown = null;
  let drawn = '';
  // Only what differs is drawn: somebody may be reading, or have asked for all of it.
  const draw = () => {
    if (!shown) return;
    const version = card.open ? JSON.stringify([shown.args, shown.result, shown.phase]) : '';
    if (version === drawn) return;
    drawn = version;
    detail.replaceChildren(...(card.open ? parts(shown) : []));
  };
  // What is drawn between a click and the browser's word of it would close the card again: the state is changed first.
  summary.addEventListener('click', (/** @type {Event} */ e) => {
    e.preventDefault();
    if (shown) actions.tool(shown.id, !shown.open);
  });
  card.addEventListener('toggle', () => { // by the browser itself: it has found a text in it
    draw();
    if (shown && card.open !== shown.open) actions.tool(shown.id, card.open);
  });
  return {
    node,
    /** @param {import('./timeline.js').ToolItem} item */
    update(item) {
      if (!shown) mark.append(icon(item.thought ? 'thought' : 'tool'));
      if (!shown || shown.head !== item.head || shown.at !== item.at) top.replaceChildren(item.head ? byLine(item.by, item.at, false) : '');
      shown = item;
      set(node.dataset, 'runId', item.runId);
      node.classList.toggle('head', item.head);
      set(name, 'textContent', item.name);
      set(gist, 'textContent', item.gist);
      set(state, 'textContent', item.thought ? '' : item.phase === 'running' ? 'running' : item.phase === 'error' ? 'failed' : 'done');
      set(state.dataset, 'tone', item.phase === 'running' ? 'busy' : item.phase === 'error' ? 'bad' : '');
      card.open = item.open;
      draw();
    },
  };
}

/** @param {import('./timeline.js').ToolItem} item */
function parts(item) {
  const out = [];
  if (item.args !== undefined) out.push(part('Arguments', item.args));
  if (item.thought) out.push(h('div', { class: 'part' }, ...plain(String(item.result))));
  else if (item.result !== undefined) out.push(part(item.phase === 'running' ? 'Result so far' : 'Result', item.result));
  else out.push(h('div', { class: 'part muted' }, item.phase === 'running' ? 'No result yet' : 'No result was kept'));
  return out;
}

/** @param {string} title @param {any} value */
function part(title, value) {
  const el = h('div', { class: 'part' }, h('h4', {}, title));
  const list = Array.isArray(value?.content) ? value.content : null;
  if (!list && value && typeof value === 'object' && !Array.isArray(value)) {
    append(el, fields(value));
    return el;
  }
  if (!list) {
    append(el, [pre(typeof value === 'string' ? value : JSON.stringify(value, null, 2) ?? '')]);
    return el;
  }
  for (const p of list) {
    if (p?.type === 'image' && typeof p.src === 'string') append(el, [h('img', { src: p.src, alt: 'image from the tool' })]);
    else if (p?.type === 'image') append(el, [h('p', { class: 'muted' }, `Image, ${size(p.bytes || 0)}, not kept`)]);
    else append(el, [pre(typeof p?.text === 'string' ? p.text : JSON.stringify(p, null, 2))]);
  }
  return el;
}

/** An object, its longer texts as they are and not as JSON. @param {any} value */
function fields(value) {
  /** @type {[string, string][]} */
  const texts = [];
  /** @type {Record<string, any>} */
  const rest = {};
  for (const [key, v] of Object.entries(value)) {
    if (typeof v === 'string' && (v.length > 60 || v.includes('\n'))) texts.push([key, v]);
    else rest[key] = v;
  }
  const short = Object.keys(rest).length > 0 || !texts.length;
  return [short && pre(JSON.stringify(rest, null, 2)), ...texts.flatMap(([key, v]) => [h('h5', {}, key), pre(v)])];
}

/** Text of a tool; a long one is cut until somebody wants all of it. @param {string} text */
function pre(text) {
  const el = h('pre', { tabindex: '0' }, text.length > RESULT_CHARS ? `${text.slice(0, RESULT_CHARS)}…` : text);
  if (text.length <= RESULT_CHARS) return el;
  const all = h('button', { class: 'link-button', type: 'button' }, `Show all (${size(text.length)})`);
  all.addEventListener('click', () => {
    el.textContent = text;
    el.focus();
    all.remove();
  });
  return h('div', { class: 'cut' }, el, all);
}

const labels = { retry: 'Retry', again: 'Send again', discard: 'Discard' };

/** @param {Actions} actions @returns {View} */
function note(actions) {
  const node = h('div', { class: 'note' });
  let drawn = '';
  return {
    node,
    /** @param {import('./timeline.js').NoteItem} item */
    update(item) {
      set(node.dataset, 'tone', item.tone);
      set(node.dataset, 'for', item.role);
      set(node.dataset, 'runId', item.runId);
      const version = `${item.icon}|${item.text}|${item.actions.join()}`;
      if (version === drawn) return;
      drawn = version;
      node.replaceChildren(
        item.icon ? icon(/** @type {any} */ (item.icon)) : h('span', { class: 'pulse', 'aria-hidden': 'true' }),
        h('span', {}, item.text),
        ...item.actions.map((a) => h('button', { class: 'link-button', type: 'button', onclick: () => actions.turn(a, item.runId) }, labels[a])),
      );
    },
  };
}

