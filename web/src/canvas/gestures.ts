/** Our own gestures on the canvas, unless a region's handle is pressed; two fingers pan and zoom. */
import type { XY } from "../drag/points";
import { get, set } from "../state/store";
import { begin, type Gesture } from "./pointer";
import { pan, place, zoomBy } from "./view";

/**
 * Listen to an element.
 * @param onHandle whether a press is on a handle, which moves by itself.
 * @returns a function that ends it.
 */
export function listenTo(element: HTMLElement, onHandle: (event: PointerEvent) => boolean): () => void {
  const fingers = new Map<number, PointerEvent>();
  let gesture: Gesture | null = null;
  const drop = (): void => {
    // A lasso has an outline; the corners of a polygon are no gesture, and stay.
    set(gesture ? { draft: null, corners: [] } : { draft: null });
    gesture = null;
  };
  const down = (event: PointerEvent): void => {
    fingers.set(event.pointerId, event);
    if (fingers.size === 2) {
      drop();
      return;
    }
    if (onHandle(event)) return;
    element.setPointerCapture(event.pointerId);
    (document.activeElement as HTMLElement | null)?.blur();
    if (get().picked !== null && get().tool !== "point") set({ picked: null });
    gesture = begin(at(event), event);
  };
  const move = (event: PointerEvent): void => {
    set({ pointer: at(event) });
    const before = fingers.get(event.pointerId);
    if (before) fingers.set(event.pointerId, event);
    if (before && fingers.size === 2) pinch(before, event, [...fingers.values()]);
    else if (gesture) for (const each of seenAt(event)) gesture.move(at(each), event);
  };
  const up = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    gesture?.end(at(event));
    gesture = null;
  };
  const cancel = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    drop();
  };
  const stop = new AbortController();
  const { signal } = stop;
  element.addEventListener("pointerdown", down, { signal });
  element.addEventListener("pointermove", move, { signal });
  element.addEventListener("pointerup", up, { signal });
  element.addEventListener("pointercancel", cancel, { signal });
  element.addEventListener("pointerleave", () => set({ pointer: null }), { signal });
  element.addEventListener("wheel", wheel, { passive: false, signal });
  element.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
  return () => stop.abort();
}

const at = (event: PointerEvent): XY => place(event.clientX, event.clientY);

/** All places where the pointer was since the last event, if the tool follows the pointer's path. */
function seenAt(event: PointerEvent): PointerEvent[] {
  if (!["brush", "eraser", "lasso"].includes(get().tool)) return [event];
  const all = event.getCoalescedEvents?.() ?? [];
  return all.length ? all : [event];
}

function wheel(event: WheelEvent): void {
  event.preventDefault();
  if (event.shiftKey) pan(-event.deltaY, 0);
  else zoomBy(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
}

function pinch(before: PointerEvent, after: PointerEvent, fingers: PointerEvent[]): void {
  const other = fingers.find((each) => each.pointerId !== after.pointerId);
  if (!other) return;
  const apart = (event: PointerEvent): number =>
    Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
  const [cx, cy] = [(after.clientX + other.clientX) / 2, (after.clientY + other.clientY) / 2];
  zoomBy(apart(after) / Math.max(apart(before), 1), cx, cy);
  pan((after.clientX - before.clientX) / 2, (after.clientY - before.clientY) / 2);
}
