import { ClosedError, UnauthorizedError } from "./errors.js";
import { Link } from "./link.js";
import { withDefaults, type CallOptions, type ClientOptions, type EventMeta, type Refresh, type Settings } from "./options.js";
import type { EventFrame, Events, HelloOK, Methods } from "./types.gen.js";

type Params<M extends keyof Methods> = Methods[M]["params"];
type Result<M extends keyof Methods> = Methods[M]["result"];
/** Params may be left out where all of them are optional. */
type CallArgs<M extends keyof Methods> =
  Record<string, never> extends Params<M>
    ? [params?: Params<M>, options?: CallOptions]
    : [params: Params<M>, options?: CallOptions];
type Listener<E extends keyof Events> = (payload: Events[E], meta: EventMeta) => void;

/** A connection to a gateway that comes back by itself. A call never survives its socket: it rejects with ClosedError. */
export class GatewayClient {
  /** Fulfilled with the reason when the client has ended for good. Never rejected. */
  readonly ended: Promise<Error>;

  private readonly listeners = new Map<string, Set<Listener<any>>>();
  private link: Link | undefined;
  private lastHello: HelloOK | undefined;
  private lostBy: Error = new ClosedError(1006, "not connected");
  private lastSeq: number | undefined;
  private refreshing = false;
  private refreshAgain = false;
  private closed = false;
  private wake: (() => void) | undefined; // ends the wait before a reconnect
  private end!: (reason: Error) => void;

  private constructor(
    private readonly options: ClientOptions,
    private readonly settings: Settings,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  /** Connects and waits for the hello. Refused credentials reject with UnauthorizedError. */
  static async connect(options: ClientOptions = {}): Promise<GatewayClient> {
    const client = new GatewayClient(options, withDefaults(options));
    const link = new Link(client.settings);
    client.attach(link, await link.hello);
    void client.run(link);
    return client;
  }

  /** The gateway's answer to the last connect. */
  get hello(): HelloOK {
    return this.lastHello!;
  }

  get connected(): boolean {
    return this.link !== undefined;
  }

  /** Calls a method and waits for its first answer. Refusals reject with GatewayError. */
  call<M extends keyof Methods>(method: M, ...[params, options]: CallArgs<M>): Promise<Result<M>> {
    return this.send(method, params, options, false) as Promise<Result<M>>;
  }

  /** Like call, for methods that answer twice ("agent"): passes over the answer "accepted". */
  callFinal<M extends keyof Methods>(method: M, ...[params, options]: CallArgs<M>): Promise<Result<M>> {
    return this.send(method, params, options, true) as Promise<Result<M>>;
  }

  /** Listens to an event, in order, across reconnects. The returned function ends that. */
  on<E extends keyof Events>(event: E, listener: Listener<E>): () => void {
    const set = this.listeners.get(event) ?? new Set();
    this.listeners.set(event, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  /** Ends the connection for good. */
  async close(): Promise<void> {
    this.closed = true;
    this.link?.close();
    this.wake?.();
    await this.ended;
  }

  private send(method: string, params: unknown, options: CallOptions = {}, final: boolean): Promise<unknown> {
    if (this.link === undefined) {
      return Promise.reject(this.lostBy);
    }
    return this.link.call(method, params, options, final);
  }

  /** Serves one socket after the other until the client ends. */
  private async run(first: Link): Promise<void> {
    let link: Link | undefined = first;
    let reason: Error = this.lostBy;
    while (link !== undefined) {
      reason = await link.ended;
      this.link = undefined;
      this.lostBy = reason;
      const again = this.settings.reconnect && !this.closed;
      this.guard(() => this.options.onClose?.(reason, !again));
      link = again ? await this.redial() : undefined;
      if (again && link === undefined && !this.closed) {
        reason = this.lostBy;
        this.guard(() => this.options.onClose?.(reason, true));
      }
    }
    this.end(reason);
  }

  /** Tries until connected; undefined when the client was closed or the credentials were refused. */
  private async redial(): Promise<Link | undefined> {
    for (let attempt = 0; !this.closed; attempt++) {
      await this.pause(backoff(attempt, this.settings.minBackoffMs, this.settings.maxBackoffMs));
      if (this.closed) {
        return undefined;
      }
      let link: Link | undefined;
      try {
        link = new Link(this.settings);
        this.wake = () => link?.close();
        this.attach(link, await link.hello);
        this.refresh(); // whatever happened in between was missed
        return link;
      } catch (error) {
        this.lostBy = error as Error;
        if (error instanceof UnauthorizedError) {
          return undefined;
        }
      } finally {
        this.wake = undefined;
      }
    }
    return undefined;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private attach(link: Link, hello: HelloOK): void {
    this.link = link;
    this.lastHello = hello;
    this.lastSeq = undefined;
    this.guard(() => this.options.onHello?.(hello));
    link.start((event) => this.dispatch(event));
  }

  private dispatch(event: EventFrame): void {
    const { seq } = event;
    if (seq !== undefined) {
      const expected = this.lastSeq === undefined ? seq : this.lastSeq + 1;
      this.lastSeq = seq;
      if (seq > expected) {
        this.guard(() => this.options.onGap?.(expected, seq));
        this.refresh();
      }
    }
    const meta: EventMeta = { seq, stateVersion: event.stateVersion };
    for (const listener of [...(this.listeners.get(event.event) ?? [])]) {
      this.guard(() => listener(event.payload, meta));
    }
  }

  /** Asks for the state again. Requests that come meanwhile are served by one more round. */
  private refresh(): void {
    if (this.options.onRefresh === undefined) {
      return;
    }
    this.refreshAgain = this.refreshing;
    if (!this.refreshing) {
      this.refreshing = true;
      void this.refreshLoop();
    }
  }

  private async refreshLoop(): Promise<void> {
    do {
      this.refreshAgain = false;
      const state = await this.fetchState();
      if (state !== undefined) {
        await Promise.resolve(state).then(this.options.onRefresh).catch((error) => this.report(error));
      }
    } while (this.refreshAgain);
    this.refreshing = false;
  }

  private async fetchState(): Promise<Refresh | undefined> {
    try {
      const [health, presence] = await Promise.all([this.call("health"), this.call("system-presence")]);
      return { health, presence };
    } catch (error) {
      if (!(error instanceof ClosedError)) {
        this.options.onError?.(error);
      }
      return undefined; // a lost socket is followed by a reconnect, and that by the next refresh
    }
  }

  private guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.report(error);
    }
  }

  /** One callback's failure must not keep the others from being called. */
  private report(error: unknown): void {
    if (this.options.onError !== undefined) {
      this.options.onError(error);
    } else {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** Doubles from min to max; half of it is random, so that the clients of a restarted gateway do not all come at once. */
export function backoff(attempt: number, minMs: number, maxMs: number): number {
  const ms = Math.min(maxMs, minMs * 2 ** attempt);
  return ms / 2 + (Math.random() * ms) / 2;
}
