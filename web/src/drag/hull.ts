/** How far places are from the convex hull of some points, as `yuragi.drag.hull` defines it. */
import type { XY } from "./points";

/** The corners of the hull in order (Andrew's monotone chain): one of one point, two of a line. */
export function hullOf(points: readonly XY[]): XY[] {
  const sorted = [...points].sort(([a, b], [c, d]) => a - c || b - d);
  const chain = (along: readonly XY[]): XY[] => {
    const kept: XY[] = [];
    for (const at of along) {
      while (kept.length > 1 && turn(kept.at(-2)!, kept.at(-1)!, at) <= 0) kept.pop();
      kept.push(at);
    }
    return kept.slice(0, -1);
  };
  const found = [...chain(sorted), ...chain([...sorted].reverse())];
  return found.length ? found : sorted.slice(0, 1);
}

/** The distance of a place from a hull; 0 inside. */
export function apartFromHull(corners: readonly XY[], x: number, y: number): number {
  let nearest = Infinity;
  let inside = corners.length > 2;
  for (let k = 0; k < corners.length; k++) {
    const [ax, ay] = corners[k]!;
    const [bx, by] = corners[(k + 1) % corners.length]!;
    const [ex, ey, dx, dy] = [bx - ax, by - ay, x - ax, y - ay];
    const length = ex * ex + ey * ey;
    const along = length > 0 ? Math.min(Math.max((dx * ex + dy * ey) / length, 0), 1) : 0;
    const [mx, my] = [dx - along * ex, dy - along * ey];
    nearest = Math.min(nearest, mx * mx + my * my);
    inside &&= ex * dy - ey * dx >= 0;
  }
  return inside ? 0 : Math.sqrt(nearest);
}

/** Above 0 where the way from a by b to c turns as x does into y. */
function turn([ax, ay]: XY, [bx, by]: XY, [cx, cy]: XY): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}
