(() => {
  'use strict';
  // Where the page came from, also when a sandbox gives it no origin; a capability in the path belongs to it.
  const site = location.protocol + '//' + location.host;
  const capability = (/^\/__clawdbot__\/cap\/[^/]+/.exec(location.pathname) || [''])[0];
  const name = 'clawdbotCanvasA2UIAction';
  let framed = false; // the gateway's page is around this one and has said so

  const tell = (data) => { try { parent.postMessage(data, site); } catch { /* nobody there */ } };

  const postToNode = (payload) => {
    try {
      const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const ios = globalThis.webkit && globalThis.webkit.messageHandlers && globalThis.webkit.messageHandlers[name];
      if (ios && typeof ios.postMessage === 'function') {
        ios.postMessage(text);
        return true;
      }
      const android = globalThis[name];
      if (android && typeof android.postMessage === 'function') {
        android.postMessage(text);
        return true;
      }
      if (framed) {
        tell({ type: 'clawdbot:user-action', payload: text });
        return true;
      }
    } catch { /* as if there were nobody */ }
    return false;
  };

  const newId = () => {
    try {
      return crypto.randomUUID();
    } catch {
      return String(Date.now());
    }
  };

  const sendUserAction = (action) => {
    const given = typeof action?.id === 'string' ? action.id.trim() : '';
    return postToNode({ userAction: { ...action, id: given || newId() } });
  };

  globalThis.Clawdbot = { ...globalThis.Clawdbot, postMessage: postToNode, sendUserAction };
  globalThis.clawdbotPostMessage = postToNode;
  globalThis.clawdbotSendUserAction = sendUserAction;

  if (parent !== globalThis) {
    addEventListener('message', (e) => {
      if (e.source !== parent || e.origin !== site || typeof e.data !== 'object' || !e.data) return;
      if (e.data.type === 'clawdbot:host') framed = true;
      if (e.data.type === 'clawdbot:a2ui-action-status') dispatchEvent(new CustomEvent(e.data.type, { detail: e.data.detail }));
    });
    tell({ type: 'clawdbot:ready' });
  }

  try {
    const socket = new WebSocket(site.replace(/^http/, 'ws') + capability + '/__clawdbot/ws');
    socket.onmessage = (e) => { if (e.data === 'reload') location.reload(); };
  } catch { /* the page stays as it is */ }
})();
