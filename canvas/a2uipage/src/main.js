// The page that renders A2UI 0.8: it defines clawdbotA2UI, which devices call, and takes messages from the page around it.

import { Host } from './host.js';
import { debugStatus } from './status.js';

const query = new URLSearchParams(location.search);
const platform = query.get('platform');
if (platform) document.documentElement.dataset.platform = platform;

const drawing = /** @type {HTMLCanvasElement} */ (document.getElementById('clawdbot-canvas'));
window.__clawdbot = {
  ...window.__clawdbot,
  canvas: drawing,
  ctx: drawing.getContext('2d'),
  ...debugStatus(['1', 'true', 'yes'].includes(query.get('debugStatus') ?? query.get('debug') ?? '')),
};

const host = /** @type {Host} */ (document.querySelector('clawdbot-a2ui-host'));

globalThis.clawdbotA2UI = {
  applyMessages(messages) {
    if (!Array.isArray(messages)) throw new Error('A2UI: expected messages array');
    return { ok: true, surfaces: host.apply(messages) };
  },
  reset() {
    host.reset();
    return { ok: true };
  },
  getSurfaces: () => host.surfaceIds(),
};

// Beside the chat: the gateway's page is around this one. It alone is listened to.
const site = location.protocol + '//' + location.host;
if (parent !== window) {
  addEventListener('message', (e) => {
    if (e.source !== parent || e.origin !== site || e.data?.type !== 'clawdbot:a2ui') return;
    const answer = { type: 'clawdbot:a2ui-result', ok: true, error: '' };
    try {
      if (e.data.reset) globalThis.clawdbotA2UI.reset();
      globalThis.clawdbotA2UI.applyMessages(e.data.messages);
    } catch (err) {
      answer.ok = false;
      answer.error = String(err?.message ?? err);
    }
    parent.postMessage(answer, site);
  });
}
