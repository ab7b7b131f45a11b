import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Job } from "../api/client";
import { EMPTY } from "./doc";
import type { Running, Studio } from "./store";

const IDS = ["0", "1", "2", "3", "4", "5", "6"];
const runningOf = (id: string): Running => ({
  job: { id, kind: "drag", state: "running", done: 0, total: 0, created: 0, request: {} } as unknown as Job,
  request: {},
  doc: EMPTY,
  parent: null,
  values: {},
  preview: null,
  since: null,
  result: null,
  pair: null,
});

/** A service whose event streams stay open, as in a browser: `tell` sends an event to one of them. */
function serve(states: Record<string, Partial<Job>>) {
  const streams = new Map<string, ReadableStreamDefaultController<Uint8Array>>();
  const answer = (path: string, signal?: AbortSignal): Response => {
    const [, id = "", what] = /jobs\/(\w+)\/?(\w*)/.exec(path) ?? [];
    if (what === "events") {
      const body = new ReadableStream<Uint8Array>({ start: (stream) => void streams.set(id, stream) });
      signal?.addEventListener("abort", () => streams.delete(id));
      return new Response(body);
    }
    if (what === "result") return Response.json({ job: id, pictures: [], report: {} });
    if (!id) return Response.json({ queued: [], running: [], paused: false });
    if (!states[id]) return Response.json({ message: `there is no job ${id}` }, { status: 404 });
    return Response.json({ ...runningOf(id).job, ...states[id] });
  };
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => Promise.resolve(answer(path, init?.signal ?? undefined)));
  const tell = (id: string, kind: string, data: object): Promise<unknown> => {
    const event = `data: ${JSON.stringify({ number: 1, kind, data })}\n\n`;
    streams.get(id)?.enqueue(new TextEncoder().encode(event));
    return vi.advanceTimersByTimeAsync(1);
  };
  return { open: () => [...streams.keys()], tell };
}

beforeEach(() => {
  vi.resetModules(); // jobs are followed for as long as the page is open
  vi.useFakeTimers();
  vi.stubGlobal("localStorage", { getItem: () => "en" });
  vi.stubGlobal("document", { hidden: false, addEventListener: () => undefined });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Follow seven running jobs, of which the last is shown. */
async function following() {
  const { get, set } = await import("./store");
  set({ jobs: Object.fromEntries(IDS.map((id) => [id, runningOf(id)])), staged: "6" } satisfies Partial<Studio>);
  (await import("./following")).followJobs();
  await vi.advanceTimersByTimeAsync(10);
  return { set, running: (id: string) => get().jobs[id]! };
}

it("only the job that is shown holds a connection, and the others end as well", async () => {
  const states: Record<string, Partial<Job>> = Object.fromEntries(IDS.map((id) => [id, {}]));
  const service = serve(states);
  const { set, running } = await following();
  expect(service.open()).toEqual(["6"]);
  states["0"] = { state: "done" };
  states["1"] = { state: "failed", error: "no memory" };
  states["2"] = { done: 3, total: 8 };
  delete states["3"];
  await vi.advanceTimersByTimeAsync(1500);
  expect(running("0").result).not.toBeNull();
  expect(running("1").job).toMatchObject(states["1"]);
  expect(running("2").job).toMatchObject({ state: "running", done: 3, total: 8 });
  expect(running("3").job).toMatchObject({ state: "failed", error: "there is no job 3" });
  set({ staged: "2" });
  await vi.advanceTimersByTimeAsync(10);
  expect(service.open()).toEqual(["2"]);
  set({ staged: null });
  await vi.advanceTimersByTimeAsync(10);
  expect(service.open()).toEqual([]);
});

it("the time left is measured from the first step that happens while the page looks on", async () => {
  const service = serve({ ...Object.fromEntries(IDS.map((id) => [id, {}])), 6: { done: 90, total: 100 } });
  const { running } = await following();
  await service.tell("6", "started", {});
  for (const done of [1, 50, 90]) await service.tell("6", "step", { done, total: 100 });
  expect(running("6")).toMatchObject({ since: null, job: { done: 90 } });
  await vi.advanceTimersByTimeAsync(4000);
  await service.tell("6", "step", { done: 91, total: 100 });
  const { since } = running("6");
  expect(since).toEqual({ at: Date.now() - 1, done: 91 });
  await service.tell("6", "step", { done: 92, total: 100 });
  expect(running("6").since).toEqual(since);
});
