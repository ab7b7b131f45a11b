/** Lets the session survive a reload: it is saved in the browser's database shortly after each change. */
import { get as load, set as save } from "idb-keyval";
import { get, set, useStudio, type Studio } from "./store";

const KEY = "session";
const KEPT = [
  "doc",
  "past",
  "future",
  "task",
  "model",
  "prompt",
  "sourcePrompt",
  "negative",
  "values",
  "seed",
  "steps",
  "current",
  "staged",
  "candidate",
  "jobs",
  "favourites",
  "tool",
  "brush",
] as const satisfies readonly (keyof Studio)[];
const WAIT_MS = 250;

export async function restoreSession(): Promise<void> {
  const held = await load<Partial<Studio>>(KEY).catch(() => undefined);
  if (!held) return;
  const known = KEPT.filter((name) => held[name] !== undefined);
  set(Object.fromEntries(known.map((name) => [name, held[name]])));
}

export function keepSession(): void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    const now = get();
    void save(KEY, Object.fromEntries(KEPT.map((name) => [name, now[name]]))).catch(() => undefined);
  };
  useStudio.subscribe((now, before) => {
    if (KEPT.every((name) => now[name] === before[name])) return;
    clearTimeout(waiting);
    waiting = setTimeout(write, WAIT_MS);
  });
  addEventListener("pagehide", write);
}
