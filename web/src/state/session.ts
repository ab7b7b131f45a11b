/**
 * Lets the session survive a reload: it is saved in the browser's database shortly after each change.
 * Every tab has its own session; a new tab begins with a copy of the one that was saved last.
 */
import { delMany, get as load, set as save, update } from "idb-keyval";
import { id } from "./editing";
import { get, set, useStudio, type Studio } from "./store";

/** Where a tab remembers its session, and where the database lists all sessions, the newest first. */
const [TAB, ALL] = ["session", "sessions"];
const MOST = 8;
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

/** Restore the session of this tab; returns its name. */
export async function restoreSession(): Promise<string> {
  const own = sessionStorage.getItem(TAB);
  // The name is taken out while the tab is open, because a browser copies it when it duplicates a tab.
  sessionStorage.removeItem(TAB);
  try {
    const [newest] = (await load<string[]>(ALL)) ?? [];
    const held = (own && (await load<Partial<Studio>>(own))) || (newest && (await load<Partial<Studio>>(newest)));
    if (held) set(held);
  } catch {
    // without its database, the browser keeps nothing
  }
  return own ?? id();
}

export function keepSession(name: string): void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    waiting = undefined;
    const now = get();
    const kept = Object.fromEntries(KEPT.map((each) => [each, now[each]]));
    void Promise.all([save(name, kept), noted(name)]).catch(() => undefined);
  };
  useStudio.subscribe((now, before) => {
    if (KEPT.every((each) => now[each] === before[each])) return;
    clearTimeout(waiting);
    waiting = setTimeout(write, WAIT_MS);
  });
  addEventListener("pagehide", () => {
    sessionStorage.setItem(TAB, name);
    if (waiting === undefined) return;
    clearTimeout(waiting);
    write();
  });
}

/** Put a session at the front of the list, and delete the oldest ones. */
async function noted(name: string): Promise<void> {
  let gone: string[] = [];
  await update<string[]>(ALL, (all = []) => {
    const sorted = [name, ...all.filter((each) => each !== name)];
    gone = sorted.slice(MOST);
    return sorted.slice(0, MOST);
  });
  if (gone.length) await delMany(gone);
}
