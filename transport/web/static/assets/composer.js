// The message box: keys, drafts, attachments, Send and Stop.

import { byId, h, set } from './dom.js';
import { icon } from './icons.js';
import { prepare } from './images.js';
import { size } from './time.js';
import { activeTurn } from './turns.js';

const DRAFT = 'clawdbot.draft.';
const KEEP_AFTER = 300; // ms without a key after which a draft is kept
const TALLEST = 220; // px
const SURELY_TALL = 20_000; // characters that need no measuring

/** @typedef {import('./turns.js').Attachment} Attachment */

export class Composer {
  /** @param {import('./store.js').Store} store @param {import('./chat.js').Chat} chat @param {import('./messages.js').Messages} messages */
  constructor(store, chat, messages) {
    this.store = store;
    this.chat = chat;
    this.messages = messages;
    /** @type {Attachment[]} */
    this.attachments = [];
    this.sessionKey = '';
    this.running = false;
    /** @type {any} */
    this.keeping = 0;
    this.box = byId('composer');
    this.sendButton = byId('send');
    this.stopButton = byId('stop');
    this.form = byId('compose');
    this.noteLine = byId('compose-note');
    this.tray = byId('attachments');
    this.file = byId('file');
    this.sendButton.append(icon('send'));
    this.stopButton.append(icon('stop'));
    byId('attach').append(icon('image'));
    this.listen();
  }

  listen() {
    const { box, form, file } = this;
    box.addEventListener('input', () => this.changed());
    addEventListener('resize', () => this.tidy());
    addEventListener('pagehide', () => this.keep());
    box.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.key(e));
    // Automation sends the character apart from the key, so that it is not covered by the keydown.
    box.addEventListener('keypress', (/** @type {KeyboardEvent} */ e) => { if (e.key === 'Enter' && !e.shiftKey && !e.altKey) e.preventDefault(); });
    form.addEventListener('submit', (/** @type {Event} */ e) => { e.preventDefault(); this.send(); });
    this.stopButton.addEventListener('click', () => { this.chat.stop(); box.focus(); });
    byId('attach').addEventListener('click', () => file.click());
    file.addEventListener('change', () => { this.attach([...file.files]); file.value = ''; });
    box.addEventListener('paste', (/** @type {ClipboardEvent} */ e) => {
      const files = [...(e.clipboardData?.files || [])];
      if (!files.length) return;
      e.preventDefault();
      this.attach(files);
    });
    const main = byId('main');
    main.addEventListener('dragover', (/** @type {DragEvent} */ e) => {
      if (!e.dataTransfer?.types.includes('Files')) return;
      e.preventDefault();
      form.classList.add('drop');
    });
    main.addEventListener('dragleave', (/** @type {DragEvent} */ e) => { if (!main.contains(/** @type {Node} */ (e.relatedTarget))) form.classList.remove('drop'); });
    main.addEventListener('drop', (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      form.classList.remove('drop');
      this.attach([...(e.dataTransfer?.files || [])]);
    });
  }

  /** @param {import('./store.js').State} s */
  render(s) {
    if (s.sessionKey !== this.sessionKey) {
      this.keep();
      this.sessionKey = s.sessionKey;
      this.box.value = sessionStorage.getItem(DRAFT + s.sessionKey) || '';
      this.hold([]);
      this.say('');
      this.tidy();
    }
    const running = activeTurn(s.turns);
    // A hidden element cannot keep the focus; the box takes it, or the keyboard path would end here.
    if (document.activeElement === (running ? this.sendButton : this.stopButton)) this.box.focus();
    set(this.stopButton, 'hidden', !running);
    set(this.stopButton, 'disabled', !!running?.stopping);
    this.running = !!running;
    this.offerSend();
    set(this.sendButton, 'title', running ? 'Add it to the answer in progress (Enter)' : 'Send (Enter)');
    set(this.box, 'placeholder', running ? 'Add to this answer' : 'Message');
  }

  /** Send stands where Stop does as soon as there is something to send. */
  offerSend() {
    const empty = this.isEmpty();
    set(this.sendButton, 'hidden', this.running && empty);
    set(this.sendButton, 'disabled', empty);
  }

  isEmpty() {
    return !this.box.value.trim() && !this.attachments.length;
  }

  /** Makes the box as tall as its text. */
  tidy() {
    if (this.box.value.length > SURELY_TALL) {
      this.box.style.height = `${TALLEST}px`;
    } else {
      this.box.style.height = 'auto';
      const tall = this.box.scrollHeight; // 0 while a view is in the chat's place
      if (tall) this.box.style.height = `${Math.min(tall, TALLEST)}px`;
    }
    this.offerSend();
  }

  /** Changes what goes with the message. @param {Attachment[]} attachments */
  hold(attachments) {
    this.attachments = attachments;
    this.tray.hidden = !attachments.length;
    this.tray.replaceChildren(...attachments.map((a) => this.preview(a)));
    this.offerSend();
  }

  changed() {
    this.tidy();
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.keep(), KEEP_AFTER);
  }

  /** Keeps what is written over a reload of this tab. Where there is no room for it, it stands in the box only. */
  keep() {
    clearTimeout(this.keeping);
    sessionStorage.removeItem(DRAFT + this.sessionKey);
    try {
      if (this.box.value) sessionStorage.setItem(DRAFT + this.sessionKey, this.box.value);
    } catch { /* the tab's storage is full */ }
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    if (e.isComposing) return;
    if (e.key === 'Enter' && !e.shiftKey && !e.altKey) {
      e.preventDefault();
      this.send();
    } else if (e.key === 'ArrowUp' && !this.box.value && !e.shiftKey) {
      const text = this.lastText();
      if (!text) return;
      e.preventDefault();
      this.box.value = text;
      this.box.setSelectionRange(text.length, text.length);
      this.changed();
    }
  }

  /** The newest message of the person, from this page or from history. */
  lastText() {
    const { turns, entries } = this.store.state;
    const turn = turns.findLast((t) => t.own && t.text);
    const entry = entries.findLast((e) => e.role === 'user' && e.text);
    if (turn && (!entry || turn.at >= entry.at - 60_000)) return turn.text;
    return entry?.text || '';
  }

  send() {
    if (this.isEmpty()) return;
    const text = this.box.value.trim() || 'See the attached image.'; // a message may not be empty
    const { attachments } = this;
    this.hold([]);
    this.box.value = '';
    this.say('');
    this.tidy();
    this.keep();
    this.messages.follow();
    this.chat.send(text, attachments);
  }

  /** @param {string} text what to tell about the message being written */
  say(text) {
    this.noteLine.textContent = text;
    this.noteLine.hidden = !text;
  }

  /** @param {File[]} files */
  async attach(files) {
    const said = [];
    for (const f of files) {
      const used = this.attachments.reduce((n, a) => n + a.content.length, 0);
      try {
        const { attachment, note } = await prepare(f, this.chat.client.maxPayload, used);
        this.hold([...this.attachments, attachment]);
        if (note) said.push(note);
      } catch (err) {
        said.push(err instanceof Error ? err.message : String(err));
      }
    }
    this.say(said.join(' '));
    this.box.focus();
  }

  /** @param {Attachment} a */
  preview(a) {
    const remove = h('button', { class: 'icon-button', type: 'button', 'aria-label': `Remove ${a.name}`, onclick: () => {
      this.hold(this.attachments.filter((o) => o !== a));
      this.say('');
      this.box.focus();
    } }, icon('close', 'small'));
    return h('div', { class: 'attachment' }, h('img', { src: `data:${a.mimeType};base64,${a.content}`, alt: '' }),
      h('div', { class: 'what' }, h('span', {}, a.name), h('span', { class: 'muted mono' }, size(a.size))), remove);
  }
}
