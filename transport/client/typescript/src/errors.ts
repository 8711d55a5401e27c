import type { ErrorShape } from "./types.gen.js";

/** The gateway answered a call with an error. Some methods answer with a payload too. */
export class GatewayError extends Error {
  override name = "GatewayError";
  readonly code: string;
  readonly details: unknown;
  readonly retryable: boolean;
  /** How long to wait before a retry, in ms. */
  readonly retryAfterMs: number | undefined;
  readonly method: string;
  readonly payload: unknown;

  constructor(method: string, error: ErrorShape, payload?: unknown) {
    super(error.message);
    this.code = error.code;
    this.details = error.details;
    this.retryable = error.retryable ?? false;
    this.retryAfterMs = error.retryAfterMs;
    this.method = method;
    this.payload = payload;
  }
}

/** The gateway refused the credentials. Trying again with the same ones is useless. */
export class UnauthorizedError extends GatewayError {
  override name = "UnauthorizedError";
}

/** The socket is gone: the code and reason of the close frame; 1006 when there was no frame, 1005 when it had no code. */
export class ClosedError extends Error {
  override name = "ClosedError";
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string) {
    super(`gateway closed (${code}): ${reason}`);
    this.code = code;
    this.reason = reason;
  }
}

/** No answer within the time that the caller gave. The gateway may still act on the call. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
  readonly method: string;
  readonly timeoutMs: number;

  constructor(method: string, timeoutMs: number) {
    super(`no answer to ${method} within ${timeoutMs} ms`);
    this.method = method;
    this.timeoutMs = timeoutMs;
  }
}
