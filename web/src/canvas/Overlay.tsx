/** Draws the points, the regions and the current stroke over the picture, and handles the pointer. */
import type Konva from "konva";
import { useEffect, useRef } from "react";
import { Layer, Stage } from "react-konva";
import type { XY } from "../drag/points";
import { drawable, get, set, shown, useFields, useStudio } from "../state/store";
import { Brush, Outline } from "./Drawing";
import { begin, type Gesture } from "./pointer";
import { Points } from "./Points";
import { Regions } from "./Regions";
import { pan, place, zoomBy } from "./view";

export function Overlay({ width, height }: { width: number; height: number }) {
  const { view, tool, picked, staged } = useFields("view", "tool", "picked", "staged");
  const doc = useStudio(shown);
  const drag = useStudio((studio) => studio.task === "drag");
  const draws = useStudio(drawable);
  const stage = useRef<Konva.Stage>(null);
  const own = useRef<HTMLDivElement>(null);
  usePointer(own, stage);
  const handles = drag && !staged;
  return (
    <div ref={own} className={`overlay tool-${draws ? tool : "move"}`} data-testid="canvas">
      <Stage ref={stage} width={width} height={height}>
        <Layer
          listening={handles && draws && doc.regions.length > 0}
          x={view.x}
          y={view.y}
          scaleX={view.zoom}
          scaleY={view.zoom}
        >
          {handles && <Regions regions={doc.regions} picked={picked} zoom={view.zoom} />}
          <Outline />
          {handles && <Points points={doc.points} picked={picked} zoom={view.zoom} />}
          <Brush />
        </Layer>
      </Stage>
    </div>
  );
}

/** Our own gestures, unless a region's handle is pressed; two fingers pan and zoom. */
function usePointer(own: React.RefObject<HTMLDivElement | null>, stage: React.RefObject<Konva.Stage | null>): void {
  useEffect(() => {
    const element = own.current;
    if (!element) return;
    const fingers = new Map<number, PointerEvent>();
    let gesture: Gesture | null = null;
    const at = (event: PointerEvent | WheelEvent): XY => place(event.clientX, event.clientY);
    const onHandle = (event: PointerEvent): boolean => {
      const box = element.getBoundingClientRect();
      const spot = { x: event.clientX - box.left, y: event.clientY - box.top };
      return event.button === 0 && Boolean(stage.current?.getIntersection(spot));
    };
    const down = (event: PointerEvent): void => {
      fingers.set(event.pointerId, event);
      if (fingers.size === 2) {
        gesture = null;
        set({ draft: null });
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
      if (before && fingers.size === 2) {
        pinch(before, event, [...fingers.values()]);
        return;
      }
      if (!gesture) return;
      const last = event.getCoalescedEvents?.() ?? [];
      const painting = get().tool === "brush" || get().tool === "eraser" || get().tool === "lasso";
      for (const each of painting && last.length ? last : [event]) gesture.move(at(each), event);
    };
    const up = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      gesture?.end(at(event));
      gesture = null;
    };
    const cancel = (event: PointerEvent): void => {
      fingers.delete(event.pointerId);
      gesture = null;
      set({ draft: null });
    };
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (event.shiftKey) pan(-event.deltaY, 0);
      else zoomBy(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
    };
    const leave = (): void => set({ pointer: null });
    const menu = (event: Event): void => event.preventDefault();
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", cancel);
    element.addEventListener("pointerleave", leave);
    element.addEventListener("wheel", wheel, { passive: false });
    element.addEventListener("contextmenu", menu);
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", cancel);
      element.removeEventListener("pointerleave", leave);
      element.removeEventListener("wheel", wheel);
      element.removeEventListener("contextmenu", menu);
    };
  }, [own, stage]);
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
