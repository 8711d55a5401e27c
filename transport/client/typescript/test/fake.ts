import type { WebSocketConstructor, WebSocketLike } from "../src/index.js";

/** A gateway in memory: every socket that the client opens is a FakeSocket. */
export class FakeGateway {
  readonly sockets: FakeSocket[] = [];
  readonly WebSocket: WebSocketConstructor;
  /** Answers a request; undefined leaves it waiting. */
  answer: (request: any, socket: FakeSocket) => object | undefined = (r) =>
    r.method === "connect" ? { ok: true, payload: hello } : { ok: true, payload: { echo: r.params ?? null } };

  constructor() {
    const gateway = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string) {
        super(url, gateway);
        gateway.sockets.push(this);
      }
    };
  }

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }
}

export class FakeSocket implements WebSocketLike {
  onopen: ((event: any) => void) | null = null;
  onmessage: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  readonly requests: any[] = [];
  closedWith: { code: number | undefined; reason: string | undefined } | undefined;

  constructor(
    readonly url: string,
    private readonly gateway: FakeGateway,
  ) {
    queueMicrotask(() => this.onopen?.({}));
  }

  send(data: string): void {
    const request = JSON.parse(data);
    this.requests.push(request);
    queueMicrotask(() => {
      const answer = this.gateway.answer(request, this);
      if (answer !== undefined) {
        this.say({ type: "res", id: request.id, ...answer });
      }
    });
  }

  /** The client closes; nobody ever answers. */
  close(code?: number, reason?: string): void {
    this.closedWith = { code, reason };
  }

  say(frame: unknown): void {
    this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
  }

  event(event: string, payload: unknown, seq?: number): void {
    this.say({ type: "event", event, payload, ...(seq === undefined ? {} : { seq }) });
  }

  breakOff(code: number, reason: string): void {
    this.onclose?.({ code, reason });
  }
}

export const hello = {
  type: "hello-ok",
  protocol: 2,
  server: { version: "test", connId: "c1" },
  features: { methods: [], events: [] },
  snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 1 },
  policy: { maxPayload: 524288, maxBufferedBytes: 1572864, tickIntervalMs: 30000 },
};

/** Lets everything that waits on microtasks run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
