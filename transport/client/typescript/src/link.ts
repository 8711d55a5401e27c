import { ClosedError, GatewayError, TimeoutError, UnauthorizedError } from "./errors.js";
import { isAccepted, parseFrame, refusal } from "./frame.js";
import type { CallOptions, Settings } from "./options.js";
import type { WebSocketLike } from "./socket.js";
import { PROTOCOL_VERSION, type EventFrame, type HelloOK, type ResponseFrame } from "./types.gen.js";

const CLOSE_NORMAL = 1000;
const CLOSE_TICK_TIMEOUT = 4000;

interface Waiter {
  method: string;
  final: boolean;
  resolve(payload: unknown): void;
  reject(error: unknown): void;
}

/** One socket from connect to its end, and the calls that wait on it. */
export class Link {
  readonly hello: Promise<HelloOK>;
  /** Fulfilled with the reason when the socket is gone. Never rejected. */
  readonly ended: Promise<Error>;

  private readonly socket: WebSocketLike;
  private readonly pending = new Map<string, Waiter>();
  private end!: (reason: Error) => void;
  private over: Error | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private onEvent: ((event: EventFrame) => void) | undefined;
  private early: EventFrame[] = []; // came in one piece with the hello
  private heard = 0;
  private lastId = 0;

  constructor(private readonly settings: Settings) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.socket = new settings.WebSocket(settings.url);
    this.socket.onmessage = (event) => this.receive(event.data);
    this.socket.onclose = (event) => this.lost(new ClosedError(event.code, event.reason));
    this.socket.onerror = () => {}; // a close event follows
    const opened = new Promise<void>((resolve) => (this.socket.onopen = () => resolve()));
    this.hello = this.introduce(opened);
    this.hello.catch(() => {}); // whoever made the link waits for it too
  }

  /** Delivers events from now on, first those that came since the hello. */
  start(onEvent: (event: EventFrame) => void): void {
    this.onEvent = onEvent;
    this.early.splice(0).forEach(onEvent);
  }

  /** Closes the socket. It counts as gone at once, also when the other side never answers. */
  close(code: number = CLOSE_NORMAL, reason = ""): void {
    if (this.over !== undefined) {
      return;
    }
    this.lost(new ClosedError(code, reason));
    this.socket.close(code, reason);
  }

  call(method: string, params: unknown, options: CallOptions, final: boolean): Promise<unknown> {
    if (this.over !== undefined) {
      return Promise.reject(this.over);
    }
    const { signal, timeoutMs } = options;
    if (signal?.aborted) {
      return Promise.reject(signal.reason);
    }
    const id = String(++this.lastId);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let aborted: (() => void) | undefined;
    return new Promise<unknown>((resolve, reject) => {
      this.pending.set(id, { method, final, resolve, reject });
      aborted = () => reject(signal?.reason);
      signal?.addEventListener("abort", aborted);
      if (timeoutMs !== undefined) {
        timer = setTimeout(() => reject(new TimeoutError(method, timeoutMs)), timeoutMs);
      }
      this.socket.send(JSON.stringify({ type: "req", id, method, ...(params === undefined ? {} : { params }) }));
    }).finally(() => {
      this.pending.delete(id);
      clearTimeout(timer);
      if (aborted !== undefined) {
        signal?.removeEventListener("abort", aborted);
      }
    });
  }

  private async introduce(opened: Promise<void>): Promise<HelloOK> {
    const { client, token, password, connectTimeoutMs } = this.settings;
    const timer = setTimeout(() => this.close(CLOSE_NORMAL, "no hello in time"), connectTimeoutMs);
    try {
      const gone = this.ended.then((reason) => Promise.reject(reason));
      await Promise.race([opened, gone]);
      const auth = token === undefined && password === undefined ? {} : { auth: withoutUndefined({ token, password }) };
      const params = { minProtocol: PROTOCOL_VERSION, maxProtocol: PROTOCOL_VERSION, client, ...auth };
      const hello = (await this.call("connect", params, {}, false)) as HelloOK;
      if (hello?.type !== "hello-ok") {
        throw new TypeError("the answer to connect is no hello-ok");
      }
      this.watch(this.settings.tickTimeoutMs ?? 2 * hello.policy.tickIntervalMs);
      return hello;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private watch(limitMs: number): void {
    if (this.over !== undefined || !(limitMs > 0)) {
      return;
    }
    this.heard = Date.now();
    this.watchdog = setInterval(() => {
      if (Date.now() - this.heard > limitMs) {
        this.close(CLOSE_TICK_TIMEOUT, "tick timeout");
      }
    }, Math.ceil(limitMs / 2));
  }

  private receive(data: unknown): void {
    if (this.over !== undefined) {
      return;
    }
    this.heard = Date.now();
    const frame = parseFrame(data);
    if (frame?.type === "event" && this.onEvent === undefined) {
      this.early.push(frame);
    } else if (frame?.type === "event") {
      this.onEvent?.(frame);
    } else if (frame?.type === "res") {
      this.settle(frame);
    }
  }

  private settle(r: ResponseFrame): void {
    const w = this.pending.get(r.id);
    if (w === undefined || (w.final && isAccepted(r))) {
      return;
    }
    if (r.ok) {
      w.resolve(r.payload);
    } else {
      w.reject(failure(w.method, r));
    }
  }

  private lost(reason: ClosedError): void {
    if (this.over !== undefined) {
      return;
    }
    this.over = reason;
    clearInterval(this.watchdog);
    for (const w of this.pending.values()) {
      w.reject(this.over);
    }
    this.pending.clear();
    this.end(this.over);
  }
}

function failure(method: string, r: ResponseFrame): GatewayError {
  const error = refusal(r);
  if (method === "connect" && error.message.startsWith("unauthorized") && error.retryable !== true) {
    return new UnauthorizedError(method, error, r.payload);
  }
  return new GatewayError(method, error, r.payload);
}

function withoutUndefined<T extends object>(o: T): Partial<T> {
  return Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as Partial<T>;
}
