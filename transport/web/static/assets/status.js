// The connection in words, the notice bar, the token dialog and the colour switch.

import { byId, h, set } from './dom.js';
import { icon } from './icons.js';

/** @typedef {import('./store.js').State} State */

const TOKEN = 'clawdbot.token';

/** Takes a "#token=" out of the address into this tab, before anything else can see it. @returns {boolean} whether there was one */
export function takeToken() {
  const params = new URLSearchParams(location.hash.slice(1));
  const given = params.get('token');
  if (given === null) return false;
  params.delete('token');
  const rest = params.toString();
  history.replaceState(null, '', location.pathname + location.search + (rest ? `#${rest}` : ''));
  if (given) sessionStorage.setItem(TOKEN, given);
  return true;
}

export const token = () => sessionStorage.getItem(TOKEN) || '';

export class StatusLine {
  /** @param {import('./store.js').Store} store @param {import('./client.js').Client} client */
  constructor(store, client) {
    this.store = store;
    this.client = client;
    this.el = byId('status');
    this.notice = byId('notice');
    this.dialog = byId('token-dialog');
    this.words = h('span', {});
    this.count = h('span', { 'aria-hidden': 'true' }); // not read out every second
    this.button = h('button', { type: 'button', onclick: () => this.press() });
    this.el.append(h('span', { class: 'dot', 'aria-hidden': 'true' }), this.words, this.count, this.button);
    this.asked = false;
    setInterval(() => this.render(store.state), 1000);
    byId('token-form').addEventListener('submit', (/** @type {Event} */ e) => { e.preventDefault(); this.submit(); });
    byId('token-later').addEventListener('click', () => this.dialog.close());
  }

  /** @param {State} s */
  render(s) {
    const { status } = s;
    const left = status.retryAt ? Math.max(0, Math.ceil((status.retryAt - Date.now()) / 1000)) : 0;
    const shown = status.state === 'live' && s.refreshing ? 'refreshing' : status.state;
    const [words, button] = wordsFor(shown, s.refreshing, left);
    set(this.el.dataset, 'state', shown);
    set(this.words, 'textContent', words);
    set(this.count, 'textContent', (shown === 'waiting' || shown === 'restarting') && left ? ` in ${left} s` : '');
    set(this.button, 'textContent', button);
    set(this.button, 'hidden', !button);
    this.showNotice(s);
    if (status.state === 'token' && !this.asked) this.ask();
    if (status.state === 'live') {
      this.asked = false;
      if (this.dialog.open) this.dialog.close();
    }
  }

  /** @param {State} s */
  showNotice(s) {
    const { status } = s;
    let text = s.notice?.text || '';
    let tone = s.notice?.tone || '';
    if (status.state === 'refused') [text, tone] = [`The gateway refused this page: ${status.why || 'no reason given'}. Reload it; if that does not help, page and gateway have different versions.`, 'bad'];
    else if (status.state === 'waiting' && (status.attempt || 0) > 2) [text, tone] = [`Not connected: ${status.why}. Is it running? Start it with: clawdbot gateway. What you write is kept and sent later.`, ''];
    else if (status.state === 'token') [text, tone] = ['This gateway asks for a token: gateway.auth.token in its config file, or CLAWDBOT_GATEWAY_TOKEN.', 'bad'];
    set(this.notice, 'hidden', !text);
    set(this.notice, 'textContent', text);
    set(this.notice.dataset, 'tone', tone);
  }

  press() {
    if (this.store.state.status.state === 'token') this.ask();
    else this.client.now();
  }

  ask() {
    this.asked = true;
    byId('token-why').textContent = token() ? 'The gateway refused the token of this tab.' : 'This gateway answers only to those who know its token.';
    byId('token').value = '';
    if (!this.dialog.open) this.dialog.showModal();
  }

  submit() {
    const value = byId('token').value.trim();
    if (!value) return;
    sessionStorage.setItem(TOKEN, value);
    byId('token').value = '';
    this.asked = false;
    this.dialog.close();
    this.client.start();
  }
}

/** @param {string} state @param {string} refreshing @param {number} left seconds @returns {[string, string]} words and button */
function wordsFor(state, refreshing, left) {
  switch (state) {
    case 'live': return ['Live', ''];
    case 'refreshing': return [refreshing === 'gap' ? 'Refreshing after a gap' : 'Refreshing', ''];
    case 'waiting': return ['Reconnecting', left ? 'Now' : ''];
    case 'restarting': return ['Gateway restarting', left > 1 ? 'Now' : ''];
    case 'token': return ['Token needed', 'Enter'];
    case 'refused': return ['Refused', ''];
    default: return ['Connecting', ''];
  }
}

/** The colour switch: as the system has it, light, dark. */
export function themeSwitch() {
  const button = byId('theme');
  const order = /** @type {const} */ (['auto', 'light', 'dark']);
  const names = { auto: 'Colours as the system has them', light: 'Light colours', dark: 'Dark colours' };
  const icons = /** @type {const} */ ({ auto: 'auto', light: 'sun', dark: 'moon' });
  const draw = () => {
    const now = /** @type {'auto'|'light'|'dark'} */ (document.documentElement.dataset.theme || 'auto');
    button.replaceChildren(icon(icons[now]));
    button.title = names[now];
    button.setAttribute('aria-label', `${names[now]}: change`);
  };
  button.addEventListener('click', () => {
    const now = document.documentElement.dataset.theme || 'auto';
    const next = order[(order.indexOf(/** @type {any} */ (now)) + 1) % order.length];
    if (next === 'auto') {
      delete document.documentElement.dataset.theme;
      localStorage.removeItem('clawdbot.theme');
    } else {
      document.documentElement.dataset.theme = next;
      localStorage.setItem('clawdbot.theme', next);
    }
    draw();
  });
  draw();
}
