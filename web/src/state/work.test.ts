import { beforeEach, expect, it, vi } from "vitest";
import type { Job, JobResult } from "../api/client";
import { EMPTY } from "./doc";
import { get, set, undo, useStudio, type Running } from "./store";
import { accept, openExample, run } from "./work";

// The page asks for the language as soon as its texts are loaded.
vi.hoisted(() => vi.stubGlobal("localStorage", { getItem: () => "en" }));

beforeEach(() => useStudio.setState(useStudio.getInitialState(), true));

it("an accepted result is recorded with the settings of its run, whatever has changed since", async () => {
  const picture = { asset: "a", width: 8, height: 8, name: "a.png" };
  const schema = { properties: { image: {}, model: {}, prompt: {}, seed: {} } };
  set({ task: "sdedit", prompt: "red hair", current: "first", doc: { ...EMPTY, picture }, schemas: { sdedit: schema } as never });
  const job = { id: "j", kind: "sdedit", state: "queued" } as Job;
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json(job)));
  await run();
  const result = { pictures: [{ id: "b", width: 8, height: 8 }], report: {} } as unknown as JobResult;
  const running: Running = { ...get().jobs["j"]!, job: { ...job, state: "done" }, result };
  set({ jobs: { j: running }, prompt: "blue hair", model: "other", current: "second" });
  accept();
  expect(get().steps).toMatchObject([{ parent: "first", task: "sdedit", asset: "b", prompt: "red hair", model: "portraits" }]);
});

it("an example that is opened by mistake does not cost the prompt", async () => {
  set({ prompt: "my long prompt" });
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ id: "e", width: 8, height: 8 })));
  await openExample("portrait-0", "a person ");
  expect(get().prompt).toBe("a person");
  undo();
  expect(get().prompt).toBe("my long prompt");
});
