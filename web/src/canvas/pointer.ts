/** What pressing, dragging and releasing the pointer does with each tool. */
import type { XY } from "../drag/points";
import { nextId, onPixel, simplified, type Doc, type MaskStep, type Point } from "../state/doc";
import { change, drawable, get, set } from "../state/store";
import { pan } from "./view";

/** A gesture from press to release, in pixels of the picture. */
export interface Gesture {
  move: (at: XY, event: PointerEvent) => void;
  end: (at: XY) => void;
}

/** How near to a handle the user must press, in screen pixels; it is larger for fingers. */
const reachOf = (event: PointerEvent): number => (event.pointerType === "touch" ? 26 : 13);

export function begin(at: XY, event: PointerEvent): Gesture | null {
  const { tool, doc } = get();
  if (event.button === 1 || tool === "move" || !doc.picture || !drawable(get())) return panning();
  const near = pointAt(at, event);
  if (event.button === 2) {
    if (near) removePoint(near.point.id);
    return null;
  }
  if (tool === "point") return near ? movingEnd(near) : newPoint(at);
  if (tool === "brush" || tool === "eraser") return painting(at, tool === "brush");
  return tool === "lasso" ? lassoing(at) : corner(at, event);
}

function panning(): Gesture {
  return { move: (_, event) => pan(event.movementX, event.movementY), end: () => undefined };
}

interface Near {
  point: Point;
  end: "source" | "target";
}

function pointAt([x, y]: XY, event: PointerEvent): Near | null {
  const { doc, view, tool } = get();
  if (tool !== "point") return null;
  const reach = reachOf(event) / view.zoom;
  for (const point of [...doc.points].reverse()) {
    for (const end of ["target", "source"] as const) {
      if (Math.hypot(point[end][0] - x, point[end][1] - y) <= reach) return { point, end };
    }
  }
  return null;
}

function movingEnd({ point, end }: Near): Gesture {
  const begun = get().doc;
  set({ picked: point.id });
  const moved = (at: XY): Doc => withEnd(begun, point.id, end, at);
  return {
    move: (at) => set({ draft: moved(at) }),
    end: (at) => (same(moved(at), begun) ? set({ draft: null }) : change(moved(at))),
  };
}

const same = (a: Doc, b: Doc): boolean => JSON.stringify(a.points) === JSON.stringify(b.points);

/** The doc with one end of a point moved. */
export function withEnd(doc: Doc, id: number, end: "source" | "target", at: XY): Doc {
  const picture = doc.picture;
  if (!picture) return doc;
  const points = doc.points.map((each) =>
    each.id === id ? { ...each, [end]: onPixel(at, picture) } : each,
  );
  return { ...doc, points };
}

function newPoint(at: XY): Gesture | null {
  const { doc } = get();
  const picture = doc.picture!;
  if (at[0] < -0.5 || at[1] < -0.5 || at[0] > picture.width || at[1] > picture.height) return panning();
  const source = onPixel(at, picture);
  if (doc.points.some((each) => each.source[0] === source[0] && each.source[1] === source[1])) {
    return null;
  }
  const id = nextId(doc.points);
  const drawn = (to: XY): Doc => {
    const target = onPixel(to, picture);
    return { ...doc, points: [...doc.points, { id, source, target }] };
  };
  set({ picked: id, draft: drawn(at) });
  return { move: (to) => set({ draft: drawn(to) }), end: (to) => change(drawn(to)) };
}

export function removePoint(id: number): void {
  const { doc } = get();
  change({ ...doc, points: doc.points.filter((each) => each.id !== id) });
  set({ picked: null });
}

function painting(at: XY, white: boolean): Gesture {
  const { doc, brush } = get();
  const path: XY[] = [at];
  const drawn = (): Doc => {
    const stroke: MaskStep = { kind: "stroke", white, size: brush, path: [...path] };
    return { ...doc, mask: [...doc.mask, stroke] };
  };
  set({ draft: drawn() });
  return {
    move: (to) => {
      path.push(to);
      set({ draft: drawn() });
    },
    end: () => change(drawn()),
  };
}

function lassoing(at: XY): Gesture {
  const path: XY[] = [at];
  set({ corners: path });
  return {
    move: (to) => {
      path.push(to);
      set({ corners: [...path] });
    },
    end: () => closed(simplified(path, 1.5)),
  };
}

function corner(at: XY, event: PointerEvent): null {
  const { corners, view } = get();
  const first = corners[0];
  const reach = reachOf(event) / view.zoom;
  if (first && corners.length > 2 && Math.hypot(first[0] - at[0], first[1] - at[1]) < reach) {
    closed(corners);
  } else set({ corners: [...corners, at] });
  return null;
}

/** Turn a polygon into a region of a drag, or, in other tasks, into a white area of the mask. */
export function closed(path: readonly XY[]): void {
  set({ corners: [] });
  const { doc, task } = get();
  if (path.length < 3 || !doc.picture) return;
  const corners = unique(path.map((each) => onPixel(each, doc.picture!)));
  if (corners.length < 3) return;
  if (task !== "drag") {
    change({ ...doc, mask: [...doc.mask, { kind: "area", white: true, path: corners }] });
    return;
  }
  const id = nextId(doc.regions);
  change({ ...doc, regions: [...doc.regions, { id, corners, move: [0, 0], turn: 0, scale: [1, 1] }] });
  set({ picked: -id });
}

function unique(places: XY[]): XY[] {
  const seen = new Set<string>();
  return places.filter((each) => !seen.has(each.join()) && seen.add(each.join()));
}
