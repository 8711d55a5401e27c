import type { ErrorShape, EventFrame, ResponseFrame } from "./types.gen.js";

/**
 * Reads a frame from the gateway. Undefined for what is none: the protocol has clients ignore it.
 */
export function parseFrame(data: unknown): ResponseFrame | EventFrame | undefined {
  if (typeof data !== "string") {
    return undefined;
  }
  let f: unknown;
  try {
    f = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (!isObject(f)) {
    return undefined;
  }
  if (f.type === "event" && typeof f.event === "string" && f.event !== "" && optionalInteger(f.seq)) {
    return f as unknown as EventFrame;
  }
  if (f.type === "res" && typeof f.id === "string" && typeof f.ok === "boolean" && optionalError(f.error)) {
    return f as unknown as ResponseFrame;
  }
  return undefined;
}

/** The error of a refused call, also where the gateway gave none. */
export function refusal(r: ResponseFrame): ErrorShape {
  return r.error ?? { code: "UNAVAILABLE", message: "the gateway gave no reason" };
}

/** Recognises the first of two answers. */
export function isAccepted(r: ResponseFrame): boolean {
  return r.ok && isObject(r.payload) && r.payload.status === "accepted";
}

function isObject(v: unknown): v is Record<string, unknown> {
  return typeof v === "object" && v !== null && !Array.isArray(v);
}

function optionalInteger(v: unknown): boolean {
  return v === undefined || Number.isInteger(v);
}

function optionalError(v: unknown): boolean {
  return v === undefined || (isObject(v) && typeof v.code === "string" && typeof v.message === "string");
}
