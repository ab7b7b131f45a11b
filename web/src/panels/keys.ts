/** The keyboard shortcuts of the studio, in one list that the page also shows. */
import { closed, removePoint, withEnd } from "../canvas/pointer";
import { fit, zoomBy } from "../canvas/view";
import type { Key } from "../i18n";
import type { XY } from "../drag/points";
import { canRun } from "../state/ready";
import { change, drawable, get, looked, redo, set, toggleFavourite, undo, type Tool } from "../state/store";
import { accept, discard, nextCandidate, run, stop } from "../state/work";
import { choose, TASKS } from "./TaskPanel";
import { endTour } from "./Tour";

interface Binding {
  keys: string[];
  name: Key;
  /** Whether it acts again and again while it is held down. */
  repeats?: true;
  act: (event: KeyboardEvent) => void;
}

const tool = (chosen: Tool) => (): void => set({ tool: chosen, corners: [] });
const brush = (by: number) => (): void => {
  set({ brush: Math.max(1, Math.round(get().brush * by + Math.sign(by - 1))) });
};

export const BINDINGS: readonly Binding[] = [
  { keys: ["p"], name: "tool.point", act: tool("point") },
  { keys: ["b"], name: "tool.brush", act: tool("brush") },
  { keys: ["e"], name: "tool.eraser", act: tool("eraser") },
  { keys: ["y"], name: "tool.polygon", act: tool("polygon") },
  { keys: ["l"], name: "tool.lasso", act: tool("lasso") },
  { keys: ["h"], name: "tool.move", act: tool("move") },
  { keys: ["["], name: "brush.smaller", repeats: true, act: brush(0.8) },
  { keys: ["]"], name: "brush.larger", repeats: true, act: brush(1.25) },
  { keys: ["i"], name: "mask.invert", act: invert },
  { keys: ["ctrl+z"], name: "undo", repeats: true, act: undo },
  { keys: ["ctrl+shift+z", "ctrl+y"], name: "redo", repeats: true, act: redo },
  { keys: ["arrow"], name: "keys.nudge", act: () => undefined },
  { keys: ["delete"], name: "keys.delete", act: removePicked },
  { keys: ["ctrl+enter"], name: "keys.run", act: () => void (canRun(get()) && run()) },
  { keys: ["escape"], name: "keys.stop", act: escape },
  { keys: ["enter"], name: "accept", act: enter },
  { keys: ["backspace"], name: "discard", act: () => (get().staged ? discard() : removePicked()) },
  { keys: ["n"], name: "next", act: () => nextCandidate(1) },
  { keys: ["f"], name: "favourite", act: favourite },
  { keys: ["c"], name: "compare", act: compare },
  { keys: ["v"], name: "keys.hold", act: () => undefined },
  { keys: ["+", "="], name: "zoom.in", repeats: true, act: () => zoomBy(1.25) },
  { keys: ["-"], name: "zoom.out", repeats: true, act: () => zoomBy(0.8) },
  { keys: ["0"], name: "zoom.fit", act: fit },
  { keys: ["o"], name: "open", act: () => set({ dialog: "open" }) },
  { keys: ["g"], name: "gallery", act: () => set({ dialog: "gallery" }) },
  { keys: ["?"], name: "keys", act: () => set({ dialog: "keys" }) },
  ...TASKS.map(({ task, name }, k) => ({ keys: [String(k + 1)], name, act: () => choose(task) })),
];

function invert(): void {
  const { doc } = get();
  if (doc.picture && drawable(get())) change({ ...doc, mask: [...doc.mask, { kind: "invert" }] });
}

function removePicked(): void {
  const { picked, doc } = get();
  if (picked === null || !drawable(get())) return;
  if (picked > 0) removePoint(picked);
  else change({ ...doc, regions: doc.regions.filter(({ id }) => id !== -picked) });
}

function escape(): void {
  const { corners, compare: comparing, staged, jobs, tour } = get();
  const running = staged ? jobs[staged] : undefined;
  if (tour !== null) endTour();
  else if (corners.length) set({ corners: [] });
  else if (comparing) set({ compare: null });
  else if (running && ["queued", "running"].includes(running.job.state)) void stop(running.job.id);
  else set({ picked: null, error: null });
}

function enter(): void {
  const { corners, staged } = get();
  if (staged) accept();
  else if (drawable(get()) && corners.length) closed(corners);
}

function favourite(): void {
  const asset = looked(get());
  if (asset) toggleFavourite(asset);
}

function compare(): void {
  set({ compare: get().compare ? null : { way: "slider", with: null, labels: null } });
}

const ARROWS: Record<string, XY> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What an arrow key does; returns whether it does anything. */
function arrow(event: KeyboardEvent): boolean {
  const by = ARROWS[event.key];
  if (!by) return false;
  if (drawable(get())) return nudge(by, event);
  if (!get().staged || !by[0]) return false;
  nextCandidate(by[0] > 0 ? 1 : -1);
  return true;
}

/** Move the target of the picked point, or its source with Alt, by one pixel, or ten with Shift. */
function nudge(by: XY, event: KeyboardEvent): boolean {
  const { picked, doc } = get();
  if (picked === null || !doc.picture) return false;
  const far = event.shiftKey ? 10 : 1;
  if (picked < 0) {
    const regions = doc.regions.map((each) =>
      each.id === -picked
        ? { ...each, move: [each.move[0] + by[0] * far, each.move[1] + by[1] * far] as XY }
        : each,
    );
    change({ ...doc, regions }, `move of region ${-picked}`);
    return true;
  }
  const end = event.altKey ? "source" : "target";
  const point = doc.points.find(({ id }) => id === picked);
  if (!point) return false;
  const at: XY = [point[end][0] + by[0] * far, point[end][1] + by[1] * far];
  change(withEnd(doc, picked, end, at), `${end} of point ${picked}`);
  return true;
}

const WRITES = "input:not([type=range]):not([type=checkbox]), textarea, select, [contenteditable]";

/** Listen on the whole page, except where the user types; `hold` is told whether V is held down. */
export function listen(hold: (down: boolean) => void): () => void {
  const down = (event: KeyboardEvent): void => {
    const at = event.target as HTMLElement | null;
    const pressed = pressedOf(event);
    const writes = at?.matches?.(WRITES) ?? false;
    if (document.querySelector("dialog[open]")) return;
    if (writes && pressed !== "ctrl+enter") return;
    if (at?.matches?.("button, [role=radio], summary, a") && ["enter", " "].includes(pressed)) return;
    // The browser and the system have their own shortcuts with Alt.
    if (event.altKey && /^[\p{L}\d]$/u.test(event.key)) return;
    if (pressed === "v") {
      hold(true);
      return;
    }
    if (!at?.matches?.("input[type=range]") && arrow(event)) {
      event.preventDefault();
      return;
    }
    const found = BINDINGS.find(({ keys }) => keys.includes(pressed));
    if (!found) return;
    event.preventDefault();
    if (!event.repeat || found.repeats) found.act(event);
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key.toLowerCase() === "v") hold(false);
  };
  addEventListener("keydown", down);
  addEventListener("keyup", up);
  return () => {
    removeEventListener("keydown", down);
    removeEventListener("keyup", up);
  };
}

function pressedOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase();
  const command = event.ctrlKey || event.metaKey ? "ctrl+" : "";
  const shift = event.shiftKey && (command || key.length > 1) ? "shift+" : "";
  return command + shift + key;
}
