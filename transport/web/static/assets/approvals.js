// Commands of the agent that wait for a person's word: a bar over the messages, with the exact command and the answers
// there are.

import { byId, h, reconcile } from './dom.js';
import { since } from './time.js';

const LOOK_AGAIN = 15_000; // ms; one that runs out may not be told
const TALL = 400; // characters of a command that are shown at once

/**
 * @typedef {{ id: string, command?: string, argv?: string[], env?: string[], cwd?: string, sessionKey?: string, trigger?: string, surface?: string, sender?: string,
 *   createdAt?: number, expiresAt?: number }} Approval
 */

export class Approvals {
  /** @param {import('./client.js').Client} client */
  constructor(client) {
    this.client = client;
    this.bar = h('section', { id: 'approvals', 'aria-label': 'Commands that wait for your word', role: 'region', hidden: true });
    byId('notice').after(this.bar);
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.round = 0; // an answer to an earlier question is not shown
    this.timer = 0;
    this.known = false;
  }

  /** @param {any} hello */
  onHello(hello) {
    this.known = (hello.features?.methods || []).includes('exec.approvals.list');
    this.look();
  }

  /** Asks the gateway what waits. */
  async look() {
    const round = ++this.round;
    clearTimeout(this.timer);
    /** @type {Approval[]} */
    let pending = [];
    try {
      if (this.known) pending = (await this.client.call('exec.approvals.list')).pending || [];
    } catch {
      return; // the next hello asks again; what is shown may still wait
    }
    if (round === this.round) this.show(pending);
  }

  /** @param {Approval[]} pending */
  show(pending) {
    const rows = pending.map((a) => {
      const row = this.rows.get(a.id) || this.row(a);
      this.rows.set(a.id, row);
      return row;
    });
    const live = new Set(pending.map((a) => a.id));
    for (const id of this.rows.keys()) if (!live.has(id)) this.rows.delete(id);
    const fresh = rows.length > this.bar.childElementCount;
    reconcile(this.bar, rows);
    this.bar.hidden = !rows.length;
    if (fresh) byId('announce').textContent = `A command waits for your word: ${commandOf(pending[pending.length - 1]).slice(0, 200)}`;
    if (rows.length) this.timer = setTimeout(() => this.look(), LOOK_AGAIN);
  }

  /** @param {Approval} a */
  row(a) {
    const words = h('span', { class: 'approval-words', role: 'status' });
    const name = `approval-${a.id.replace(/[^\w-]/g, '')}`;
    const answer = (/** @type {string} */ decision) => async () => {
      for (const b of buttons) b.disabled = true;
      try {
        await this.client.call('exec.approval.resolve', { id: a.id, decision });
      } catch (/** @type {any} */ e) {
        words.textContent = `Not answered: ${e.message}`;
        for (const b of buttons) b.disabled = false;
        return;
      }
      this.look();
    };
    const once = h('button', { class: 'button primary', type: 'button', onclick: answer('allow-once') }, 'Allow once');
    const always = h('button', { class: 'button', type: 'button', title: 'This exact command, from now on without asking', onclick: answer('allow-always') }, 'Always allow');
    const deny = h('button', { class: 'button', type: 'button', onclick: answer('deny') }, 'Deny');
    const buttons = [once, always, deny];
    for (const b of buttons) b.setAttribute('aria-describedby', name);
    const text = commandOf(a);
    const long = text.length > TALL;
    const command = h('pre', { id: name, class: 'approval-command', tabindex: '0' }, long ? `${text.slice(0, TALL)}…` : text);
    const more = long && h('button', { class: 'link-button', type: 'button', onclick: (/** @type {any} */ e) => { command.textContent = text; e.target.remove(); } }, 'Show all of it');
    const from = [a.surface, a.sender].filter(Boolean).join(' ') || (a.trigger !== 'chat' && a.trigger) || '';
    return h('div', { class: 'approval', 'data-approval': a.id },
      h('div', { class: 'approval-what' },
        h('strong', {}, a.argv?.[0]?.startsWith('node:') ? 'May this be run on a device?' : /^(acp|pi)\//.test(a.argv?.[0] || '') ? 'May the coding agent do this?' : 'May this command be run?'),
        command, more,
        h('div', { class: 'muted' }, 'in ', h('span', { class: 'mono' }, a.cwd || 'its workspace'), ' · asked by ', h('span', { class: 'mono' }, a.sessionKey || 'the agent'),
          from ? ` (${from})` : '', a.createdAt ? ` · ${since(a.createdAt)}` : ''),
        words),
      h('div', { class: 'approval-answers' }, once, always, deny));
  }
}

/** The exact words behind the variables; those of a list each in quotes where they need them. @param {Approval} a */
function commandOf(a) {
  const quoted = (/** @type {string[]} */ all) => all.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : JSON.stringify(w)));
  return [...quoted(a.env || []), a.command || quoted(a.argv || []).join(' ')].join('\n');
}
