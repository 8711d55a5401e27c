// The protocol 2 client: one WebSocket, calls, events, gap detection, reconnect.
//
// It reports what happens through the handlers it is given and keeps no view of sessions. A
// connection state is always one of the words in State; the page shows exactly that.

/** @typedef {'connecting'|'live'|'waiting'|'restarting'|'token'|'refused'} State */
/** @typedef {{state: State, retryAt?: number, why?: string, attempt?: number}} Status */
/** @typedef {{code: string, message: string, details?: any}} WireError */

const FIRST_RETRY = 800;
const RETRY_FACTOR = 1.7;
const LAST_RETRY = 15_000;
const HELLO_WITHIN = 10_000;
const WATCH_EVERY = 5_000;
const RESTART_TRIES = 6; // after that many it is not a restart any more

/** The gateway answered with an error. */
export class CallError extends Error {
  /** @param {WireError} error @param {any} payload */
  constructor(error, payload) {
    super(error.message || error.code);
    this.code = error.code;
    this.details = error.details;
    this.payload = payload;
  }
}

/** The call got no answer: the connection went away, or there was none. */
export class LinkError extends Error {}

export class Client {
  /**
   * @param {{
   *   url: string, version: string, token: () => string, instanceId: string,
   *   onStatus: (s: Status) => void, onHello: (hello: any) => void,
   *   onEvent: (name: string, payload: any) => void, onGap: () => void,
   * }} options
   */
  constructor(options) {
    this.o = options;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.live = false;
    this.maxPayload = 524_288;
    /** @type {Map<string, {resolve: (v: any) => void, reject: (e: Error) => void, timer: any}>} */
    this.calls = new Map();
    this.nextId = 1;
    this.attempt = 0;
    this.seq = 0;
    this.restarting = false;
    /** @type {any} */
    this.retryTimer = 0;
    addEventListener('online', () => this.now());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.now(); });
    setInterval(() => this.watch(), WATCH_EVERY);
  }

  /** Opens the connection, dropping the present one if there is one. */
  start() {
    clearTimeout(this.retryTimer);
    this.retryTimer = 0;
    this.drop();
    this.seq = 0;
    this.o.onStatus({ state: this.restarting ? 'restarting' : 'connecting', attempt: this.attempt });
    const socket = new WebSocket(this.o.url);
    this.socket = socket;
    this.heard = performance.now();
    const deadline = setTimeout(() => { if (this.socket === socket && !this.live) this.lost(socket, 4000, 'no answer'); }, HELLO_WITHIN);
    socket.onopen = () => this.connect(socket);
    socket.onmessage = (e) => { if (this.socket === socket) this.frame(e.data); };
    socket.onclose = (e) => { clearTimeout(deadline); this.lost(socket, e.code, e.reason); };
  }

  /** Skips the wait before the next attempt, if one is running. */
  now() {
    if (this.retryTimer) this.start();
  }

  /**
   * Calls a method. The promise fails with CallError or LinkError.
   * @param {string} method @param {object} [params] @param {number} [timeout] ms; 0 waits for ever
   * @returns {Promise<any>}
   */
  call(method, params = {}, timeout = 30_000) {
    if (!this.live) return Promise.reject(new LinkError('not connected'));
    return this.request(method, params, timeout);
  }

  /** @param {string} method @param {object} params @param {number} timeout @returns {Promise<any>} */
  request(method, params, timeout) {
    const id = `w${this.nextId++}`;
    return new Promise((resolve, reject) => {
      const timer = timeout && setTimeout(() => {
        this.calls.delete(id);
        reject(new LinkError(`${method}: no answer in ${Math.round(timeout / 1000)} s`));
      }, timeout);
      this.calls.set(id, { resolve, reject, timer });
      this.socket?.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }

  /** @param {WebSocket} socket */
  connect(socket) {
    const secret = this.o.token();
    this.request('connect', {
      minProtocol: 2,
      maxProtocol: 2,
      client: { name: 'clawdbot-control-ui', version: this.o.version, platform: 'web', mode: 'webchat', instanceId: this.o.instanceId },
      caps: [],
      // The page cannot know which of the two the gateway wants; it ignores the other.
      auth: secret ? { token: secret, password: secret } : undefined,
      locale: navigator.language || undefined,
      userAgent: navigator.userAgent,
    }, 0).then((hello) => {
      if (this.socket !== socket) return;
      this.live = true;
      this.attempt = 0;
      this.restarting = false;
      this.tick = hello.policy?.tickIntervalMs || 30_000;
      this.maxPayload = hello.policy?.maxPayload || this.maxPayload;
      this.o.onStatus({ state: 'live' });
      this.o.onHello(hello);
    }, (err) => {
      if (this.socket !== socket || !(err instanceof CallError)) return;
      this.refusal = err;
    });
  }

  /** @param {string} data */
  frame(data) {
    this.heard = performance.now();
    let f;
    try { f = JSON.parse(data); } catch { return; }
    if (f.type === 'res') {
      const call = this.calls.get(f.id);
      if (!call) return;
      this.calls.delete(f.id);
      clearTimeout(call.timer);
      if (f.ok) call.resolve(f.payload);
      else call.reject(new CallError(f.error || { code: 'UNAVAILABLE', message: 'refused' }, f.payload));
    } else if (f.type === 'event') {
      if (typeof f.seq === 'number') {
        if (this.seq && f.seq > this.seq + 1) this.o.onGap();
        this.seq = f.seq;
      }
      if (f.event === 'shutdown') this.restarting = true;
      this.o.onEvent(f.event, f.payload || {});
    }
  }

  /** Closes a connection on which nothing, not even a tick, came for two tick intervals. */
  watch() {
    if (this.live && this.socket && performance.now() - (this.heard || 0) > 2 * (this.tick || 30_000)) {
      this.lost(this.socket, 4000, 'tick timeout');
    }
  }

  /** @param {WebSocket} socket @param {number} code @param {string} reason */
  lost(socket, code, reason) {
    if (this.socket !== socket) return;
    const refusal = this.refusal;
    this.refusal = undefined;
    this.drop(code, reason);
    if (code === 1012) this.restarting = true;
    else if (this.attempt >= RESTART_TRIES) this.restarting = false;
    if (refusal?.message === 'unauthorized' || reason === 'unauthorized') {
      this.o.onStatus({ state: 'token' });
      return;
    }
    if (code === 1002 || refusal?.code === 'INVALID_REQUEST') {
      this.o.onStatus({ state: 'refused', why: refusal?.message || reason });
      return;
    }
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * RETRY_FACTOR ** this.attempt) * (0.75 + Math.random() / 2);
    this.attempt++;
    this.retryTimer = setTimeout(() => this.start(), wait);
    this.o.onStatus({
      state: this.restarting ? 'restarting' : 'waiting', retryAt: Date.now() + wait, attempt: this.attempt, why: closeReason(code, reason),
    });
  }

  /** @param {number} [code] @param {string} [reason] */
  drop(code = 4001, reason = 'reconnecting') {
    const socket = this.socket;
    this.socket = null;
    this.live = false;
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(new LinkError(closeReason(code, reason)));
    }
    this.calls.clear();
    if (socket && socket.readyState <= WebSocket.OPEN) {
      socket.onclose = null;
      socket.close(4000, reason);
    }
  }
}

/** Says why a socket closed. @param {number} code @param {string} reason */
export function closeReason(code, reason) {
  switch (code) {
    case 1006: return 'the gateway cannot be reached';
    case 1008: return reason === 'slow consumer' ? 'this page was too slow for the event stream' : reason || 'refused';
    case 1009: return 'a message was larger than the gateway accepts';
    case 1012: return 'the gateway is restarting';
    case 4000: return reason === 'tick timeout' ? 'the connection went silent' : 'no answer from the gateway';
    default: return reason || `closed with code ${code}`;
  }
}
