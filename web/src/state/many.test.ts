import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Unreachable, type Job } from "../api/client";
import { submitMany, waits, type One } from "./many";
import { set, useStudio } from "./store";

// The page asks for the language as soon as its texts are loaded.
vi.hoisted(() => vi.stubGlobal("localStorage", { getItem: () => "en" }));

const files = ["a.png", "b.png", "c.png"].map((name) => new File(["a picture"], name, { type: "image/png" }));
const schema = { properties: { image: {}, prompt: {}, seed: {} } };

beforeEach(() => {
  useStudio.setState(useStudio.getInitialState(), true);
  set({ task: "sdedit", prompt: "red hair", seed: 3, schemas: { sdedit: schema } as never });
});
afterEach(() => void vi.unstubAllGlobals());

/** A service that answers every request; `sent` gets the jobs, `heard` is called for each of them. */
function answering(sent: unknown[], heard: () => void = () => undefined): void {
  vi.stubGlobal("fetch", (path: string, { body }: { body: string }) => {
    if (path.endsWith("/assets")) return Promise.resolve(Response.json({ id: "p", width: 8, height: 8 }));
    sent.push(JSON.parse(body));
    heard();
    return Promise.resolve(Response.json({ id: String(sent.length), state: "queued" }));
  });
}

it("all pictures get the settings of the moment at which they were chosen", async () => {
  const sent: unknown[] = [];
  answering(sent, () => set({ task: "drag", prompt: "blue hair", seed: 4 }));
  await submitMany(files, () => undefined);
  expect(sent).toEqual(Array(3).fill({ kind: "sdedit", image: "p", prompt: "red hair", seed: 3 }));
});

it("a lost connection is told for each picture, and does not end the others", async () => {
  let all: readonly One[] = [];
  const sent: unknown[] = [];
  answering(sent);
  const answer = fetch;
  let uploads = 0;
  vi.stubGlobal("fetch", (path: string, init: RequestInit) =>
    path.endsWith("/assets") && ++uploads === 2 ? Promise.reject(new TypeError("lost")) : answer(path, init),
  );
  await expect(submitMany(files, (told) => (all = told))).rejects.toThrow(Unreachable);
  expect(sent).toHaveLength(2);
  expect(all.map(({ job, error }) => [job?.state, error?.text])).toEqual([
    ["queued", undefined],
    [undefined, "The service does not answer yet."],
    ["queued", undefined],
  ]);
});

it("a picture is open until its job has ended or it cannot be submitted", async () => {
  const open: boolean[][] = [];
  answering([]);
  await submitMany(files, (all) => open.push(all.map(waits)));
  expect(open[0]).toEqual([true, true, true]);
  const one: One = { name: "a.png", job: null, made: null, error: null };
  expect(waits({ ...one, error: { text: "too large" } })).toBe(false);
  expect(waits({ ...one, job: { state: "done" } as Job })).toBe(false);
  expect(waits({ ...one, job: { state: "running" } as Job })).toBe(true);
});
