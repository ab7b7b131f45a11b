/** The distance of places from the convex hull of some points, as defined in `yuragi.drag.hull`. */
import type { XY } from "./points";

/** The hull's corners in order (Andrew's monotone chain): one for a point, two for a line. */
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

/** A function for the distance of a place from a hull, which is 0 inside. */
export function apartFromHull(corners: readonly XY[]): (x: number, y: number) => number {
  const edges = corners.map(([x, y], k) => {
    const [nextX, nextY] = corners[(k + 1) % corners.length]!;
    const [alongX, alongY] = [nextX - x, nextY - y];
    // The edge of a single corner has length 0, so the divisor is set to 1.
    return { x, y, alongX, alongY, square: alongX * alongX + alongY * alongY || 1 };
  });
  const bounds = corners.length > 2;
  return (x, y) => {
    let nearest = Infinity;
    let inside = bounds;
    for (const edge of edges) {
      const dx = x - edge.x;
      const dy = y - edge.y;
      const share = (dx * edge.alongX + dy * edge.alongY) / edge.square;
      const along = share < 0 ? 0 : share > 1 ? 1 : share;
      const missX = dx - along * edge.alongX;
      const missY = dy - along * edge.alongY;
      const miss = missX * missX + missY * missY;
      if (miss < nearest) nearest = miss;
      if (edge.alongX * dy - edge.alongY * dx < 0) inside = false;
    }
    return inside ? 0 : Math.sqrt(nearest);
  };
}

/** Positive if the path from a via b to c turns in the direction from the x axis to the y axis. */
function turn([ax, ay]: XY, [bx, by]: XY, [cx, cy]: XY): number {
  return (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
}
