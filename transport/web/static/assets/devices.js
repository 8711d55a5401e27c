// Devices that ask to be let in: a bar over the messages, with the two answers there are.

import { byId, h, reconcile } from './dom.js';
import { since } from './time.js';

const LOOK_AGAIN = 15_000; // ms; a request that is forgotten is not told

/** @typedef {{ requestId: string, nodeId: string, displayName?: string, platform?: string, remoteIp?: string, isRepair?: boolean, ts: number }} Request */

export class Devices {
  /** @param {import('./client.js').Client} client */
  constructor(client) {
    this.client = client;
    this.bar = h('section', { id: 'devices', 'aria-label': 'Devices that ask to be let in', hidden: true });
    byId('notice').after(this.bar);
    /** @type {Map<string, HTMLElement>} */
    this.rows = new Map();
    this.round = 0; // an answer to an earlier question is not shown
    this.timer = 0;
  }

  /** Asks the gateway who waits. One that does not tell shows nobody. */
  async look() {
    const round = ++this.round;
    clearTimeout(this.timer);
    /** @type {Request[]} */
    let pending = [];
    try {
      pending = (await this.client.call('node.pair.list')).pending || [];
    } catch {
      // The next hello asks again.
    }
    if (round === this.round) this.show(pending);
  }

  /** @param {Request[]} pending */
  show(pending) {
    const rows = pending.map((r) => {
      const row = this.rows.get(r.requestId) || this.row(r);
      this.rows.set(r.requestId, row);
      return row;
    });
    const live = new Set(pending.map((r) => r.requestId));
    for (const id of this.rows.keys()) if (!live.has(id)) this.rows.delete(id);
    reconcile(this.bar, rows);
    this.bar.hidden = !rows.length;
    if (rows.length) this.timer = setTimeout(() => this.look(), LOOK_AGAIN);
  }

  /** @param {Request} r */
  row(r) {
    const words = h('span', { class: 'device-words', role: 'status' });
    const answer = (/** @type {string} */ method) => async () => {
      for (const b of [yes, no]) b.disabled = true;
      try {
        await this.client.call(method, { requestId: r.requestId });
      } catch (/** @type {any} */ e) {
        words.textContent = e.message === 'unknown requestId' ? 'It was answered elsewhere, or has waited too long.' : e.message;
        for (const b of [yes, no]) b.disabled = false;
        return;
      }
      this.look();
    };
    const yes = h('button', { class: 'button primary', type: 'button', onclick: answer('node.pair.approve') }, 'Let in');
    const no = h('button', { class: 'button', type: 'button', onclick: answer('node.pair.reject') }, 'Turn away');
    const what = [r.platform, r.remoteIp, `asked ${since(r.ts)}`, r.isRepair && 'was let in before'].filter(Boolean).join(' · ');
    return h('div', { class: 'device', 'data-request': r.requestId, 'data-node': r.nodeId },
      h('div', { class: 'device-who' },
        h('strong', {}, r.displayName || r.nodeId), h('span', {}, ' wants to be a device of this gateway'),
        h('div', { class: 'muted' }, `${what} · `, h('span', { class: 'mono' }, r.nodeId)), words),
      h('div', { class: 'device-answers' }, yes, no));
  }
}
