// Nodes: the devices that are paired, those who ask, what each can do, and its camera.

import { h } from '../dom.js';
import { confirm, form, show } from './ask.js';
import { Rows } from './rows.js';
import { count, facts, ident, moment, section } from './ui.js';

const PICTURE_WITHIN = 30_000; // ms a device may take for a picture

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const waiting = new Rows(ctx, { label: 'Devices who wait', nothing: ['Nobody waits. A device asks when its app is given the address of this gateway.'] });
  const nodes = new Rows(ctx, { label: 'Devices', nothing: ['No device is paired. Phones, tablets and computers connect with their app or with “clawdbot node”.'] });
  /** The last picture of each node, until the view is left. @type {Map<string, string>} */
  const pictures = new Map();
  ctx.root.append(section('Who wants to be a device', waiting.box), section('Devices', nodes.box));
  return {
    every: 10_000,
    events: ['node.pair', 'presence'],
    read: async () => {
      const [list, pairs] = await Promise.all([ctx.client.call('node.list'), ctx.client.call('node.pair.list')]);
      return { list, pairs };
    },
    draw: ({ list, pairs }) => {
      const since = new Map((pairs.paired || []).map((/** @type {any} */ p) => [p.nodeId, p.approvedAtMs]));
      waiting.show((pairs.pending || []).map((/** @type {any} */ r) => requestRow(ctx, r)));
      nodes.show((list.nodes || []).map((/** @type {any} */ n) => nodeRow(ctx, n, since.get(n.nodeId), pictures)));
    },
    close: () => { waiting.close(); nodes.close(); },
  };
}

/** @param {import('../stage.js').Context} ctx @param {any} r @returns {import('./rows.js').Row} */
function requestRow(ctx, r) {
  const name = r.displayName || r.nodeId;
  const call = (/** @type {string} */ method, /** @type {string} */ done) => async () => { await ctx.client.call(method, { requestId: r.requestId }); return done; };
  return {
    key: r.requestId, tone: 'warn', state: 'waits', what: name, sub: [r.platform, r.deviceFamily, r.remoteIp, r.isRepair && 'was let in before'].filter(Boolean).join(' · '), since: r.ts, nextWords: 'is forgotten after five minutes',
    actions: [{ label: 'Let in', primary: true, run: call('node.pair.approve', `${name} is paired.`) }, { label: 'Turn away', run: call('node.pair.reject', `${name} was turned away.`) }],
  };
}

/** @param {import('../stage.js').Context} ctx @param {any} n @param {number | undefined} since @param {Map<string, string>} pictures @returns {import('./rows.js').Row} */
function nodeRow(ctx, n, since, pictures) {
  const name = n.displayName || n.nodeId;
  const commands = n.commands || [];
  /** @type {import('./ui.js').Action[]} */
  const actions = [];
  if (n.connected && commands.includes('camera.snap')) actions.push({ label: 'Picture', title: 'Takes one with its camera, now', run: () => picture(ctx, n, name, pictures) });
  if (n.paired) {
    actions.push({ label: 'Rename', run: async () => {
      const sent = await form({ title: `Rename ${name}`, verb: 'Rename', fields: [{ name: 'name', label: 'Name', value: n.displayName, required: true }], submit: (v) => ctx.client.call('node.rename', { nodeId: n.nodeId, displayName: v.name }) });
      return sent ? 'It is renamed.' : '';
    } });
    actions.push({ label: 'Revoke', lose: `${name} is disconnected and has to be paired anew. Commands that wait for it are given up.`, run: async () => { await ctx.client.call('node.pair.revoke', { nodeId: n.nodeId }); return `${name} is no device any more.`; } });
  }
  return {
    key: n.nodeId, tone: n.connected ? 'good' : n.paired ? 'idle' : 'warn', state: n.connected ? 'connected' : n.paired ? 'away' : 'not paired', what: name,
    sub: [n.platform, n.deviceFamily, n.version, n.remoteIp].filter(Boolean).join(' · '), since, facts: [count(commands.length, 'command')],
    nextWords: n.connected ? 'takes commands' : 'commands can wait for it', actions,
    item: [n.permissions, pictures.get(n.nodeId)?.length],
    more: () => {
      const src = pictures.get(n.nodeId);
      return h('div', { class: 'part' }, facts([
        ['Id', ident(n.nodeId, 40)], ['Paired', since && moment(since)], ['Model', n.modelIdentifier], ['Can', (n.caps || []).join(', ')], ['Commands', commands.join(', ')],
        ['Permissions', Object.entries(n.permissions || {}).map(([k, v]) => `${k}: ${v ? 'granted' : 'not granted'}`).join(', ')],
      ]), src ? h('img', { class: 'node-picture', src, alt: `The last picture of ${name}` }) : '');
    },
  };
}

/** @param {import('../stage.js').Context} ctx @param {any} n @param {string} name @param {Map<string, string>} pictures */
async function picture(ctx, n, name, pictures) {
  if (!await confirm({ title: `Take a picture with ${name}?`, text: 'Its camera takes a picture now, whoever is before it. The picture is shown here and kept nowhere.', verb: 'Take it' })) return '';
  const r = await ctx.client.call('node.invoke', { nodeId: n.nodeId, command: 'camera.snap', params: { format: 'jpg', maxWidth: 1280 }, timeoutMs: PICTURE_WITHIN, idempotencyKey: crypto.randomUUID?.() || `${Date.now()}-${Math.random()}` }, PICTURE_WITHIN + 5000);
  const p = r.payload || JSON.parse(r.payloadJSON || '{}');
  const data = String(p.base64 || '').replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/=]+$/.test(data)) throw new Error('the device sent no picture');
  const src = `data:image/${p.format === 'png' ? 'png' : 'jpeg'};base64,${data}`;
  pictures.set(n.nodeId, src);
  await show(`Picture of ${name}`, h('img', { class: 'node-picture', src, alt: `What ${name} sees` }));
  return '';
}
