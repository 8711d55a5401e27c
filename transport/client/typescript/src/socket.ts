/** What the client needs of a WebSocket: the part that browsers, Node and the package "ws" share. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** The WebSocket of the platform: every browser and Node 22 have one. */
export function platformWebSocket(): WebSocketConstructor {
  const found = (globalThis as { WebSocket?: unknown }).WebSocket;
  if (found === undefined) {
    throw new TypeError("this platform has no WebSocket: give one in the option WebSocket");
  }
  return found as WebSocketConstructor;
}
