import { beforeEach, expect, it, vi } from "vitest";
import type { Job, JobResult } from "../api/client";
import { EMPTY, type Doc } from "../state/doc";
import { change, get, set, useStudio, type Running } from "../state/store";
import { listen } from "./keys";

const held = vi.hoisted(() => {
  const items = new Map([["yuragi-language", "en"]]);
  const storage = { getItem: (key: string) => items.get(key) ?? null, setItem: (key: string, value: string) => items.set(key, value) };
  vi.stubGlobal("localStorage", storage);
  return items;
});

/** What the page does when a key is pressed. */
let down: (event: object) => void = () => undefined;
vi.stubGlobal("document", { querySelector: () => null });
vi.stubGlobal("addEventListener", (kind: string, heard: typeof down) => kind === "keydown" && (down = heard));
listen(() => undefined);
const press = (key: string, more: Partial<KeyboardEvent> = {}): void => down({ key, preventDefault: () => undefined, ...more });

const picture = { asset: "a", width: 64, height: 64, name: "a.png" };
const drawn: Doc = { ...EMPTY, picture, points: [{ id: 1, source: [8, 8], target: [9, 9] }] };

beforeEach(() => {
  useStudio.setState(useStudio.getInitialState(), true);
  change(drawn);
  set({ picked: 1 });
});

function showResults(): void {
  const pictures = ["b", "c", "d"].map((id) => ({ id }));
  const running = { job: { id: "j", state: "done" } as Job, doc: drawn, result: { pictures, report: {} } as unknown as JobResult };
  set({ jobs: { j: running as Running }, staged: "j" });
}

it("keys edit the picture while it is shown", () => {
  press("ArrowRight");
  expect(get().doc.points[0]?.target).toEqual([10, 9]);
  press("i");
  expect(get().doc.mask).toEqual([{ kind: "invert" }]);
  press("z", { ctrlKey: true });
  expect(get().doc.mask).toEqual([]);
  press("Delete");
  expect(get().doc.points).toEqual([]);
});

it.each(["results", "a comparison"])("no key edits the picture while %s hides it", (what) => {
  if (what === "results") showResults();
  else set({ compare: { way: "slider", with: "b", labels: null } });
  for (const key of ["ArrowRight", "ArrowUp", "Delete", "i"]) press(key);
  for (const key of ["z", "y"]) press(key, { ctrlKey: true });
  expect(get().doc).toBe(drawn);
  expect(get().past).toHaveLength(1);
});

it("left and right choose among the results", () => {
  showResults();
  press("ArrowRight");
  expect(get().candidate).toBe(1);
  press("ArrowLeft");
  press("ArrowLeft");
  expect(get().candidate).toBe(2);
});

it("letters with Alt are left to the browser, but Alt with an arrow moves the source", () => {
  press("f", { altKey: true });
  expect(get().favourites).toEqual([]);
  press("f");
  expect(get().favourites).toEqual(["a"]);
  press("ArrowRight", { altKey: true });
  expect(get().doc.points[0]?.source).toEqual([9, 8]);
});

it("a tour that was left with Escape does not return", () => {
  set({ tour: 0 });
  press("Escape");
  expect(get().tour).toBeNull();
  expect(held.get("yuragi-toured")).toBe("1");
});
