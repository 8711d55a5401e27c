import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { GatewayClient, type ClientOptions, type WebSocketConstructor } from "../src/index.js";

/** The WebSockets to test with: that of the package "ws", and that of the platform where it has one. */
export function implementations(): { name: string; WebSocket: WebSocketConstructor | undefined }[] {
  const { WebSocket } = createRequire(import.meta.url)("ws") as { WebSocket: WebSocketConstructor };
  const all: { name: string; WebSocket: WebSocketConstructor | undefined }[] = [{ name: "ws", WebSocket }];
  if ("WebSocket" in globalThis) {
    all.push({ name: "platform", WebSocket: undefined });
  }
  return all;
}

/** A real gateway on a free port with a state directory of its own. */
export class Daemon {
  private process: ChildProcess | undefined;
  private log = "";

  private constructor(
    private readonly binary: string,
    readonly port: number,
    readonly stateDir: string,
    readonly token: string,
  ) {}

  static async start(t: TestContext): Promise<Daemon> {
    const binary = process.env.CLAWDBOT_BIN;
    if (binary === undefined) {
      throw new Error("CLAWDBOT_BIN is not set: it names the gateway to test against (.ci/typescript builds one)");
    }
    const stateDir = await mkdtemp(join(tmpdir(), "clawdbot-ts-"));
    const daemon = new Daemon(binary, await freePort(), stateDir, "test-token");
    t.after(async () => {
      await daemon.stop();
      await rm(stateDir, { recursive: true, force: true });
    });
    await daemon.run();
    return daemon;
  }

  async connect(t: TestContext, options: ClientOptions): Promise<GatewayClient> {
    const client = await GatewayClient.connect({ url: `ws://127.0.0.1:${this.port}`, token: this.token, ...options });
    t.after(() => client.close());
    return client;
  }

  async run(): Promise<void> {
    const child = spawn(this.binary, ["gateway", "--port", String(this.port), "--token", this.token], {
      env: { PATH: process.env.PATH, HOME: this.stateDir, CLAWDBOT_STATE_DIR: this.stateDir },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    await new Promise<void>((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface(stream).on("line", (line) => {
          this.log += line + "\n";
          if (line.includes("gateway listening")) {
            resolve();
          }
        });
      }
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`the gateway ended with ${code}:\n${this.log}`)));
    });
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      return;
    }
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
