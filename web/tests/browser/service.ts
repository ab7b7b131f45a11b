/** A real service with its worker, in its own folder; it can be stopped and started again. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const PYTHON = process.env["YURAGI_PYTHON"] ?? join(ROOT, ".venv/bin/python");
export const ENVIRONMENT = { ...process.env, PYTHONPATH: join(ROOT, "src"), OMP_NUM_THREADS: "1" };
const READY_MS = 300_000;

export class Service {
  url = "";
  log = "";
  private readonly folder = mkdtempSync(join(tmpdir(), "yuragi-studio-"));
  private process: ChildProcess | null = null;

  constructor(private readonly options: string[] = []) {}

  async start(): Promise<void> {
    const port = this.url ? new URL(this.url).port : "0";
    const command = ["-m", "yuragi", "studio", "--no-browser", "--json", "--port", port];
    const kept = ["--database", `sqlite:///${this.folder}/jobs.db`, "--assets", `${this.folder}/assets`];
    const started = spawn(PYTHON, [...command, ...kept, ...this.options], { env: ENVIRONMENT });
    this.process = started;
    this.url = await new Promise<string>((done, fail) => {
      const wait = setTimeout(() => fail(new Error("the service did not start")), READY_MS);
      started.stderr.on("data", (data) => (this.log += String(data)));
      started.stdout.on("data", (data) => {
        clearTimeout(wait);
        done((JSON.parse(String(data)) as { url: string }).url);
      });
      started.on("exit", (code) => fail(new Error(`the service ended with ${code}: ${this.log}`)));
    });
  }

  /** Load the model and everything that previews need, so that tests do not wait for imports. */
  async warm(): Promise<void> {
    const api = `${this.url}api/v1`;
    const send = async (path: string, body: object): Promise<Record<string, unknown>> => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${api}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return (await answer.json()) as Record<string, unknown>;
    };
    const { id: image } = await send("studio/examples/portrait-4", {});
    const { id } = await send("jobs", { kind: "drag", image, points: [[[150, 48], [120, 60]], [[150, 230], [140, 230]]], seed: 0 });
    await send("studio/layers", { image, points: [[[150, 48], [120, 60]]] });
    await send("studio/words", { model: "portraits", text: "a person" });
    await fetch(`${api}/studio/familiarity?model=portraits&image=${String(image)}`);
    await (await fetch(`${api}/jobs/${String(id)}/events`)).text(); // returns when the job has ended
  }

  async stop(): Promise<void> {
    const running = this.process;
    this.process = null;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((done) => running.on("exit", done));
    running.kill("SIGTERM");
    await gone;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
