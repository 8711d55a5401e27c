import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test, type TestContext } from "node:test";
import { ClosedError, GatewayError, UnauthorizedError, type ChatEvent, type ClientOptions } from "../src/index.js";
import { Daemon, implementations } from "./daemon.js";

for (const { name, WebSocket } of implementations()) {
  describe(`against a real gateway, WebSocket of ${name}`, { timeout: 60_000 }, () => {
    const socket: ClientOptions = WebSocket === undefined ? {} : { WebSocket };
    const ends: (() => unknown)[] = [];
    let daemon: Daemon;
    before(async () => {
      daemon = await Daemon.start({ after: (f: () => unknown) => ends.unshift(f) } as unknown as TestContext);
    });
    after(async () => {
      for (const end of ends) {
        await end();
      }
    });

    test("connect", async (t) => {
      const client = await daemon.connect(t, socket);
      assert.equal(client.hello.protocol, 2);
      assert.equal(client.hello.features.methods[0], "health");
      assert.ok(client.hello.features.methods.includes("chat.send"));
      assert.equal(client.hello.snapshot.stateDir, daemon.stateDir);
      assert.equal(typeof (await client.call("health")).ok, "boolean");
      assert.ok((await client.call("system-presence")).length > 0);
    });

    test("a wrong token is refused", async (t) => {
      await assert.rejects(daemon.connect(t, { ...socket, token: "wrong" }), UnauthorizedError);
    });

    test("chat.send streams cumulative deltas and a final", async (t) => {
      const client = await daemon.connect(t, socket);
      const idempotencyKey = randomUUID();
      const events: ChatEvent[] = [];
      client.on("chat", (e) => void (e.runId === idempotencyKey && events.push(e)));
      const message = Array.from({ length: 40 }, (_, i) => `word${i}`).join(" ");
      const result = await client.call("chat.send", { sessionKey: "main", message, idempotencyKey });
      assert.deepEqual([result.runId, result.status], [idempotencyKey, "ok"]);
      const final = events.at(-1);
      assert.equal(final?.state, "final");
      const text = final?.message?.content[0]?.text ?? "";
      assert.ok(text.includes("word39"), text);
      const deltas = events.slice(0, -1);
      assert.ok(deltas.length > 0);
      let before = "";
      for (const d of deltas) {
        assert.equal(d.state, "delta");
        const now = d.message?.content[0]?.text ?? "";
        assert.ok(now.startsWith(before) && text.startsWith(now.trim()), `${before} -> ${now}`);
        before = now;
      }
      const history = await client.call("chat.history", { sessionKey: "main" });
      assert.ok(JSON.stringify(history.messages).includes("word39"));
    });

    test("sessions.list", async (t) => {
      const client = await daemon.connect(t, socket);
      const list = await client.call("sessions.list", { limit: 5 });
      assert.equal(list.count, list.sessions.length);
      assert.ok(list.sessions.some((s) => s.key === "main"));
      await assert.rejects(client.call("sessions.list", { limit: 0 }), (e) => {
        return e instanceof GatewayError && e.code === "INVALID_REQUEST" && /invalid sessions\.list params/.test(e.message);
      });
    });

    test("sessions.patch, sessions.reset, sessions.compact, sessions.delete", async (t) => {
      const client = await daemon.connect(t, socket);
      const key = `ts-${randomUUID()}`;
      await client.call("chat.send", { sessionKey: key, message: "first", idempotencyKey: randomUUID() });
      const patched = await client.call("sessions.patch", { key, thinkingLevel: "ultra", sendPolicy: "deny" });
      assert.deepEqual([patched.ok, patched.entry.thinkingLevel, patched.entry.sendPolicy], [true, "high", "deny"]);
      await assert.rejects(
        client.call("chat.send", { sessionKey: key, message: "second", idempotencyKey: randomUUID() }),
        (e) => e instanceof GatewayError && /send blocked/i.test(e.message),
      );
      assert.equal((await client.call("sessions.patch", { key, sendPolicy: null })).entry.sendPolicy, undefined);
      assert.equal((await client.call("sessions.compact", { key, maxLines: 1 })).compacted, true);
      const reset = await client.call("sessions.reset", { key });
      assert.notEqual(reset.entry.sessionId, patched.entry.sessionId);
      assert.equal(reset.entry.thinkingLevel, "high");
      assert.equal((await client.call("sessions.delete", { key })).deleted, true);
      assert.equal((await client.call("sessions.delete", { key })).deleted, false);
      await assert.rejects(client.call("sessions.delete", { key: "main" }), /Cannot delete the main session/);
    });

    test("wizard.start, wizard.next, wizard.cancel", async (t) => {
      const client = await daemon.connect(t, socket);
      const { sessionId = "", step } = await client.call("wizard.start", { mode: "local" });
      assert.equal(step?.type, "note");
      const next = await client.call("wizard.next", { sessionId, answer: { stepId: step.id, value: true } });
      assert.deepEqual([next.status, next.step?.type], ["running", "text"]);
      assert.equal((await client.call("wizard.cancel", { sessionId })).status, "cancelled");
    });

    test("voicewake.set tells every client", async (t) => {
      const client = await daemon.connect(t, socket);
      const heard = new Promise<string[]>((resolve) => client.on("voicewake.changed", (e) => resolve(e.triggers)));
      await client.call("voicewake.set", { triggers: ["  hello ", 7, ""] as string[] });
      assert.deepEqual(await heard, ["hello"]);
    });

    test("config.get, config.set", async (t) => {
      const client = await daemon.connect(t, socket);
      const config = await client.call("config.get");
      assert.deepEqual([config.exists, config.raw, config.valid, config.issues], [false, null, true, []]);
      assert.equal(config.path, client.hello.snapshot.configPath);
      if (!client.hello.features.methods.includes("config.set")) {
        t.diagnostic("this gateway has no config.set");
        return;
      }
      assert.equal((await client.call("config.set", { raw: "{}\n" })).path, config.path);
      assert.equal((await client.call("config.get")).exists, true);
      await assert.rejects(client.call("config.set", { raw: "{" }), GatewayError);
    });

    test("cron.add, cron.list, cron.remove", async (t) => {
      const client = await daemon.connect(t, socket);
      if (!client.hello.features.methods.includes("cron.add")) {
        t.skip("this gateway has no cron methods");
        return;
      }
      const actions: string[] = [];
      client.on("cron", (e) => actions.push(e.action));
      const job = await client.call("cron.add", {
        name: "later",
        schedule: { kind: "at", atMs: Date.now() + 3_600_000 },
        sessionTarget: "main",
        wakeMode: "next-heartbeat",
        payload: { kind: "systemEvent", text: "hello" },
      });
      const { jobs } = await client.call("cron.list", { includeDisabled: true });
      assert.deepEqual(jobs.map((j) => j.id), [job.id]);
      assert.deepEqual(jobs[0]?.schedule, job.schedule);
      assert.deepEqual(await client.call("cron.remove", { id: job.id }), { ok: true, removed: true });
      assert.deepEqual(actions, ["added", "removed"]);
    });

    test("agent answers twice", async (t) => {
      const client = await daemon.connect(t, socket);
      const params = () => ({ sessionKey: "main", message: "hi there", idempotencyKey: randomUUID() });
      const first = params();
      const accepted = await client.call("agent", first);
      assert.deepEqual([accepted.status, accepted.runId], ["accepted", first.idempotencyKey]);
      assert.equal(typeof accepted.acceptedAt, "number");
      assert.equal((await client.call("agent.wait", { runId: accepted.runId })).status, "ok");
      const final = await client.callFinal("agent", params());
      assert.deepEqual([final.status, final.summary], ["ok", "completed"]);
    });

    test("reconnects to a restarted gateway and refreshes", async (t) => {
      const closed: Error[] = [];
      let refreshed!: () => void;
      const refresh = new Promise<void>((resolve) => (refreshed = resolve));
      const client = await daemon.connect(t, {
        ...socket,
        minBackoffMs: 50,
        maxBackoffMs: 200,
        onClose: (reason) => closed.push(reason),
        onRefresh: () => refreshed(),
      });
      let shutdowns = 0;
      client.on("shutdown", () => shutdowns++);
      const connId = client.hello.server.connId;
      await daemon.stop();
      await daemon.run();
      await refresh;
      assert.equal(shutdowns, 1);
      assert.ok(closed[0] instanceof ClosedError && closed[0].code === 1012, String(closed[0]));
      assert.notEqual(client.hello.server.connId, connId);
      assert.ok((await client.call("sessions.list")).sessions.some((s) => s.key === "main"));
    });
  });
}
