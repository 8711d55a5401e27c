// Starts the page: one store, one client, views that are functions of the store.

import { Approvals } from './approvals.js';
import { CanvasPane } from './canvas.js';
import { Chat, fallbackId } from './chat.js';
import { Client } from './client.js';
import { Composer } from './composer.js';
import { Devices } from './devices.js';
import { byId, meta } from './dom.js';
import { firstRun } from './firstrun.js';
import { LinkPhone } from './link.js';
import { Messages } from './messages.js';
import { ModelDialog } from './models.js';
import { Rail, route } from './rail.js';
import { Sessions } from './sessions.js';
import { Stage } from './stage.js';
import { StatusLine, takeToken, themeSwitch, token } from './status.js';
import { Store } from './store.js';
import { activeTurn } from './turns.js';

takeToken();

const store = new Store();
store.state.sessionKey = keyFromAddress();

/** One id per tab, so that a reload is the same client to the gateway. */
function instanceId() {
  let id = sessionStorage.getItem('clawdbot.instance');
  if (!id) sessionStorage.setItem('clawdbot.instance', id = fallbackId());
  return id;
}

function keyFromAddress() {
  return new URLSearchParams(location.hash.slice(1)).get('session') || 'main';
}

const client = new Client({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${meta('clawdbot-base-path')}/`,
  version: meta('clawdbot-version') || 'dev',
  token,
  instanceId: instanceId(),
  onStatus: (status) => store.change((s) => { s.status = status; }),
  onHello: (hello) => {
    store.change((s) => {
      s.hello = { ...hello, at: Date.now() };
      s.presence = hello.snapshot?.presence || [];
      s.health = hello.snapshot?.health || s.health;
      s.notice = null;
    });
    chat.refresh('reconnect');
    phone.look();
    chat.resume();
    devices.look();
    approvals.onHello(hello);
    canvas.onHello(hello);
    stage.again();
    firstRun(client, hello.snapshot?.health?.sessions?.count);
  },
  onGap: () => {
    chat.refresh('gap');
    devices.look();
    approvals.look();
    canvas.refresh();
    stage.again();
  },
  onEvent: (name, payload) => {
    if (name === 'chat') chat.onChat(payload);
    else if (name === 'agent') chat.onAgent(payload);
    else if (name === 'canvas') canvas.onEvent(payload);
    else if (name === 'presence') store.change((s) => { s.presence = payload.presence || []; });
    else if (name === 'health') store.change((s) => { s.health = payload; });
    if (name === 'health') phone.look();
    if (name.startsWith('node.pair.')) devices.look();
    if (name.startsWith('exec.approval.')) approvals.look();
    if (name === 'chat' && payload.state !== 'delta') chat.sessionsChanged();
    stage.onEvent(name, payload);
  },
});

const chat = new Chat(store, client);
const phone = new LinkPhone(store, client);
const messages = new Messages(store, chat, phone);
const sessions = new Sessions(store, openSession, phone);
const composer = new Composer(store, chat, messages);
const status = new StatusLine(store, client);
const devices = new Devices(client);
const approvals = new Approvals(client);
const models = new ModelDialog(store, client, chat);
const canvas = new CanvasPane(store, client, instanceId());
const rail = new Rail(() => store.state.sessionKey);
const stage = new Stage(store, client, phone);
themeSwitch();

/** Shows what the address names. */
function follow() {
  const { entry, args } = route();
  const control = Boolean(entry.load);
  byId('app').classList.toggle('control', control);
  byId('app').dataset.view = entry.id;
  const title = byId('view-title');
  title.hidden = !control;
  title.textContent = entry.label;
  document.title = control ? `${entry.label} · Clawdbot` : 'Clawdbot';
  rail.mark(entry.id);
  sessions.drawer(false);
  if (control) stage.show(entry, args);
  else {
    stage.hide();
    chat.open(keyFromAddress());
    composer.tidy();
  }
}

/** @param {string} key */
function openSession(key) {
  history.replaceState(null, '', key === 'main' ? location.pathname + location.search : `#${new URLSearchParams({ session: key })}`);
  chat.open(key);
}

addEventListener('hashchange', () => {
  if (takeToken()) client.start();
  else follow();
});

byId('skip').addEventListener('click', (/** @type {Event} */ e) => {
  e.preventDefault(); // the address is the view's
  byId(route().entry.load ? 'view' : 'composer').focus();
});

document.addEventListener('keydown', (e) => {
  if (e.key !== 'Escape' || e.isComposing || document.querySelector('dialog[open]')) return;
  if (sessions.isOpen()) sessions.drawer(false);
  else if (!route().entry.load && activeTurn(store.state.turns)) chat.stop();
});

store.subscribe((s) => status.render(s));
store.subscribe((s) => messages.render(s));
store.subscribe((s) => composer.render(s));
store.subscribe((s) => sessions.render(s));
store.subscribe((s) => models.render(s));
store.subscribe((s) => rail.render(s));
store.change(() => {});
follow();
client.start();
if (!route().entry.load && !matchMedia('(pointer: coarse)').matches) byId('composer').focus();
