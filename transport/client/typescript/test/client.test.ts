import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { backoff } from "../src/client.js";
import { ClosedError, GatewayClient, GatewayError, TimeoutError, UnauthorizedError, type ClientOptions } from "../src/index.js";
import { FakeGateway, hello, settled } from "./fake.js";

async function open(t: TestContext, options: ClientOptions = {}) {
  const gateway = new FakeGateway();
  const client = await GatewayClient.connect({ WebSocket: gateway.WebSocket, ...options });
  t.after(() => client.close());
  return { gateway, client };
}

test("connect introduces the client and keeps the hello", async (t) => {
  const { gateway, client } = await open(t, { token: "secret", client: { name: "x" } });
  const first = gateway.socket.requests[0];
  assert.equal(first.method, "connect");
  assert.deepEqual(first.params.auth, { token: "secret" });
  assert.equal(first.params.client.name, "x");
  assert.equal(first.params.client.mode, "backend");
  assert.deepEqual([first.params.minProtocol, first.params.maxProtocol], [2, 2]);
  assert.deepEqual(client.hello, hello);
  assert.equal(client.connected, true);
});

test("refused credentials are an UnauthorizedError", async () => {
  const gateway = new FakeGateway();
  gateway.answer = () => ({ ok: false, error: { code: "INVALID_REQUEST", message: "unauthorized" } });
  await assert.rejects(GatewayClient.connect({ WebSocket: gateway.WebSocket }), UnauthorizedError);
  assert.notEqual(gateway.socket.closedWith, undefined);
});

test("connect gives up when no hello comes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const gateway = new FakeGateway();
  gateway.answer = () => undefined;
  const connecting = GatewayClient.connect({ WebSocket: gateway.WebSocket, connectTimeoutMs: 50 });
  const failed = assert.rejects(connecting, (e) => e instanceof ClosedError && e.reason === "no hello in time");
  await settled();
  t.mock.timers.tick(50);
  await failed;
});

test("a refusal keeps code, details, retry and payload", async (t) => {
  const { gateway, client } = await open(t);
  gateway.answer = () => ({
    ok: false,
    payload: { runId: "r", status: "error" },
    error: { code: "UNAVAILABLE", message: "busy", details: { a: 1 }, retryable: true, retryAfterMs: 7 },
  });
  await assert.rejects(client.call("health"), (e) => {
    assert.ok(e instanceof GatewayError && !(e instanceof UnauthorizedError));
    assert.deepEqual(
      [e.code, e.message, e.details, e.retryable, e.retryAfterMs, e.method, e.payload],
      ["UNAVAILABLE", "busy", { a: 1 }, true, 7, "health", { runId: "r", status: "error" }],
    );
    return true;
  });
});

test("call takes the first answer, callFinal the one after accepted", async (t) => {
  const { gateway, client } = await open(t);
  gateway.answer = (r, socket) => {
    socket.say({ type: "res", id: r.id, ok: true, payload: { runId: "r", status: "accepted" } });
    return { ok: true, payload: { runId: "r", status: "ok" } };
  };
  const params = { message: "hi", idempotencyKey: "r" };
  assert.equal((await client.call("agent", params)).status, "accepted");
  assert.equal((await client.callFinal("agent", params)).status, "ok");
});

test("a timeout and a signal end a call, and its late answer is nobody's", async (t) => {
  const { gateway, client } = await open(t);
  gateway.answer = () => undefined;
  await assert.rejects(client.call("health", {}, { timeoutMs: 5 }), TimeoutError);
  const abort = new AbortController();
  const waiting = client.call("health", {}, { signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  await assert.rejects(client.call("health", {}, { signal: abort.signal }), /enough/);
  for (const r of gateway.socket.requests) {
    gateway.socket.say({ type: "res", id: r.id, ok: true });
  }
});

test("what is no frame is ignored", async (t) => {
  const { gateway, client } = await open(t);
  let events = 0;
  client.on("tick", () => events++);
  for (const bad of ["", "{", "null", "[]", "7", '{"type":"res"}', '{"type":"event"}', '{"type":"event","event":"tick","seq":"1"}']) {
    gateway.socket.say(bad);
  }
  gateway.socket.onmessage?.({ data: new ArrayBuffer(2) });
  assert.equal(events, 0);
  gateway.socket.event("tick", { ts: 1 }, 5);
  assert.equal(events, 1);
});

test("listeners get payload and meta until they are taken off; one that throws harms nobody", async (t) => {
  const errors: unknown[] = [];
  const { gateway, client } = await open(t, { onError: (e) => errors.push(e) });
  const seen: unknown[] = [];
  client.on("tick", () => {
    throw new Error("mine");
  });
  const off = client.on("tick", (payload, meta) => seen.push([payload.ts, meta.seq]));
  gateway.socket.event("tick", { ts: 1 }, 9);
  off();
  gateway.socket.event("tick", { ts: 2 }, 10);
  assert.deepEqual(seen, [[1, 9]]);
  assert.equal(errors.length, 2);
});

test("events that come with the hello are delivered after it", async (t) => {
  const gateway = new FakeGateway();
  const order: string[] = [];
  gateway.answer = (r, socket) => {
    socket.say({ type: "res", id: r.id, ok: true, payload: hello });
    socket.event("tick", { ts: 1 }, 4);
    socket.event("tick", { ts: 2 }, 6);
    return undefined;
  };
  const client = await GatewayClient.connect({
    WebSocket: gateway.WebSocket,
    onHello: () => order.push("hello"),
    onGap: (expected, got) => order.push(`gap ${expected} ${got}`),
  });
  t.after(() => client.close());
  assert.deepEqual(order, ["hello", "gap 5 6"]);
});

test("a gap leads to one refresh; a lower number starts over", async (t) => {
  const gaps: unknown[] = [];
  const states: unknown[] = [];
  const { gateway } = await open(t, { onGap: (...g) => gaps.push(g), onRefresh: (s) => void states.push(s) });
  gateway.answer = (r) => ({ ok: true, payload: r.method });
  for (const seq of [7, 8, 11, 12, 3, 4]) {
    gateway.socket.event("tick", { ts: 1 }, seq);
  }
  await settled();
  assert.deepEqual(gaps, [[9, 11]]);
  assert.deepEqual(states, [{ health: "health", presence: "system-presence" }]);
});

test("silence for longer than the limit closes with 4000, without waiting for the other side", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const { gateway, client } = await open(t, { reconnect: false, tickTimeoutMs: 100 });
  gateway.answer = () => undefined;
  const waiting = assert.rejects(client.call("health"), ClosedError);
  t.mock.timers.tick(50);
  gateway.socket.event("tick", { ts: 1 }, 1);
  t.mock.timers.tick(100);
  assert.equal(gateway.socket.closedWith, undefined);
  t.mock.timers.tick(50);
  assert.deepEqual(gateway.socket.closedWith, { code: 4000, reason: "tick timeout" });
  await waiting;
  assert.equal(((await client.ended) as ClosedError).code, 4000);
});

test("a lost socket rejects its calls, then the client comes back and refreshes", async (t) => {
  const closed: unknown[] = [];
  let refreshed!: () => void;
  const refresh = new Promise<void>((resolve) => (refreshed = resolve));
  const { gateway, client } = await open(t, {
    minBackoffMs: 1,
    onClose: (reason, final) => closed.push([(reason as ClosedError).code, final]),
    onRefresh: () => refreshed(),
  });
  const answer = gateway.answer;
  gateway.answer = () => undefined;
  const waiting = client.call("health");
  gateway.socket.breakOff(1012, "service restart");
  await assert.rejects(waiting, (e) => e instanceof ClosedError && e.code === 1012);
  gateway.answer = answer;
  await refresh;
  assert.equal(gateway.sockets.length, 2);
  assert.deepEqual(closed, [[1012, false]]);
  let ticks = 0;
  client.on("tick", () => ticks++);
  gateway.sockets[0]!.event("tick", { ts: 1 }, 1); // the old socket is heard no more
  gateway.socket.event("tick", { ts: 1 }, 1);
  assert.equal(ticks, 1);
});

test("refused credentials end the reconnects", async (t) => {
  const closed: unknown[] = [];
  const { gateway, client } = await open(t, { minBackoffMs: 1, onClose: (r, final) => closed.push([r.name, final]) });
  gateway.answer = () => ({ ok: false, error: { code: "INVALID_REQUEST", message: "unauthorized" } });
  gateway.socket.breakOff(1008, "unauthorized");
  assert.ok((await client.ended) instanceof UnauthorizedError);
  assert.deepEqual(closed, [["ClosedError", false], ["UnauthorizedError", true]]);
  await assert.rejects(client.call("health"), UnauthorizedError);
});

test("close ends the wait before a reconnect", async (t) => {
  const { gateway, client } = await open(t, { minBackoffMs: 3_600_000, maxBackoffMs: 3_600_000 });
  gateway.socket.breakOff(1006, "");
  await settled();
  assert.equal(client.connected, false);
  await client.close();
  assert.equal(gateway.sockets.length, 1);
});

test("the backoff doubles up to its limit, half of it random", () => {
  for (let attempt = 0; attempt < 2000; attempt++) {
    const full = Math.min(30_000, 1_000 * 2 ** attempt);
    const ms = backoff(attempt, 1_000, 30_000);
    assert.ok(ms >= full / 2 && ms <= full, `attempt ${attempt}: ${ms}`);
  }
});

test("types: required params are required, results are typed", async (t) => {
  const { client } = await open(t);
  const neverRun = async () => {
    // @ts-expect-error: params are missing
    await client.call("chat.send");
    // @ts-expect-error: there is no such method
    await client.call("chat.sing", {});
    // @ts-expect-error: no such member
    await client.call("sessions.list", { limits: 1 });
    // @ts-expect-error: not one of the modes
    await client.call("wake", { mode: "later", text: "x" });
    // @ts-expect-error: config.get takes nothing
    await client.call("config.get", { path: "x" });
    // @ts-expect-error: there is no such event
    client.on("tock", () => {});
    const config = await client.call("config.get");
    const raw: string | null = config.raw;
    const last = await client.call("last-heartbeat");
    // @ts-expect-error: may be null
    const status = last.status;
    return [raw, status];
  };
  assert.equal(typeof neverRun, "function");
});
