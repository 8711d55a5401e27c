export { GatewayClient } from "./client.js";
export { ClosedError, GatewayError, TimeoutError, UnauthorizedError } from "./errors.js";
export type { CallOptions, ClientOptions, EventMeta, Refresh } from "./options.js";
export type { WebSocketConstructor, WebSocketLike } from "./socket.js";
export * from "./types.gen.js";
