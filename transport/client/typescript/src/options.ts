import { platformWebSocket, type WebSocketConstructor } from "./socket.js";
import type { ConnectClient, HealthSummary, HelloOK, PresenceEntry, StateVersion } from "./types.gen.js";

/** What the client asks for when it may have missed events. */
export interface Refresh {
  health: HealthSummary;
  presence: PresenceEntry[];
}

/** What comes with an event beside its payload. */
export interface EventMeta {
  seq: number | undefined;
  stateVersion: StateVersion | undefined;
}

export interface ClientOptions {
  /** Default ws://127.0.0.1:18789. */
  url?: string;
  token?: string;
  password?: string;
  /** What the gateway is told of this program. */
  client?: Partial<ConnectClient>;
  /** Where the platform has no WebSocket (Node 20): the one of the package "ws", for instance. */
  WebSocket?: WebSocketConstructor;

  /** Dial again when the socket is lost, until the credentials are refused. Default true. */
  reconnect?: boolean;
  /** Bounds of the wait before a reconnect in ms; it doubles, and half of it is random. Default 1000 and 30000. */
  minBackoffMs?: number;
  maxBackoffMs?: number;
  /** Bounds one attempt to connect, hello included. Default 10000. */
  connectTimeoutMs?: number;
  /** How long the gateway may be silent. Default twice its tick interval. */
  tickTimeoutMs?: number;

  /** Called after every connect, the first included. */
  onHello?: (hello: HelloOK) => void;
  /** Called when events are missing before the one with number `got`. */
  onGap?: (expected: number, got: number) => void;
  /** Called with the state that was asked for after a gap or a reconnect: events are not replayed. */
  onRefresh?: (state: Refresh) => void | Promise<void>;
  /** Called when a socket is lost; `final` says that no reconnect follows. */
  onClose?: (reason: Error, final: boolean) => void;
  /** Called with what a callback threw (default: thrown again outside the client), and when a refresh was refused. */
  onError?: (error: unknown) => void;
}

export interface CallOptions {
  /** Rejects with a TimeoutError. Default: as long as the socket lives. */
  timeoutMs?: number;
  /** Rejects with the signal's reason. */
  signal?: AbortSignal;
}

export interface Settings {
  url: string;
  token: string | undefined;
  password: string | undefined;
  client: ConnectClient;
  WebSocket: WebSocketConstructor;
  reconnect: boolean;
  minBackoffMs: number;
  maxBackoffMs: number;
  connectTimeoutMs: number;
  tickTimeoutMs: number | undefined;
}

export function withDefaults(o: ClientOptions): Settings {
  return {
    url: o.url ?? "ws://127.0.0.1:18789",
    token: o.token,
    password: o.password,
    client: { name: "gateway-client", version: "dev", platform: platform(), mode: "backend", ...o.client },
    WebSocket: o.WebSocket ?? platformWebSocket(),
    reconnect: o.reconnect ?? true,
    minBackoffMs: o.minBackoffMs ?? 1_000,
    maxBackoffMs: o.maxBackoffMs ?? 30_000,
    connectTimeoutMs: o.connectTimeoutMs ?? 10_000,
    tickTimeoutMs: o.tickTimeoutMs,
  };
}

function platform(): string {
  const node = (globalThis as { process?: { platform?: string } }).process?.platform;
  return node ?? "browser";
}
