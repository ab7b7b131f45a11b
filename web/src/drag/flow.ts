/**
 * The flow of an object that is cut out, as defined in `yuragi.drag.flow`: the simplest map that takes
 * every target back to its source. It is the first of these that fits within `TOLERANCE` pixels:
 * a translation, a similarity, a thin-plate spline. Where sources or targets lie on a line, the
 * similarity says how to move a place on each side of it, and the spline goes through these places too.
 */
import type { Flow, Pair, XY } from "./points";
import { solve } from "./solve";

const TOLERANCE = 0.75;

interface Similarity {
  /** Rotation and scale a = re + i im, so that w = a (z - from) + to. */
  re: number;
  im: number;
  from: XY;
  to: XY;
}

export function flowOf(given: readonly Pair[]): Flow {
  // Two regions can have a common corner.
  const pairs = [...new Map(given.map((pair) => [pair.join(), pair])).values()];
  const source = pairs.map(([at]) => at);
  const target = pairs.map(([, to]) => to);
  const alike = similarity(target, source);
  for (const map of [{ ...alike, re: 1, im: 0 }, alike]) {
    if (misses(map, target, source) <= TOLERANCE) return moving(map);
  }
  if (!onLine(source) && !onLine(target)) return spline(target, source);
  const places = beside(target);
  return spline([...target, ...places], [...source, ...places.map((at) => moved(alike, ...at))]);
}

function onLine(points: readonly XY[]): boolean {
  const [cx, cy] = mean(points);
  const [ax, ay] = axis(points);
  return points.every(([x, y]) => Math.abs((y - cy) * ax - (x - cx) * ay) <= TOLERANCE);
}

/** A place on each side of the line along points, farther away than any of them. */
function beside(points: readonly XY[]): XY[] {
  const [cx, cy] = mean(points);
  const [ax, ay] = axis(points);
  const far = 2 * Math.max(...points.map(([x, y]) => Math.hypot(x - cx, y - cy)));
  return [far, -far].map((off): XY => [cx - off * ay, cy + off * ax]);
}

/** The direction in which points vary most. */
function axis(points: readonly XY[]): XY {
  const [cx, cy] = mean(points);
  let [re, im] = [0, 0];
  for (const [x, y] of points) {
    re += (x - cx) ** 2 - (y - cy) ** 2;
    im += 2 * (x - cx) * (y - cy);
  }
  const angle = Math.atan2(im, re) / 2;
  return [Math.cos(angle), Math.sin(angle)];
}

/** The least-squares similarity from z to w; for a single point, it is a shift. */
export function similarity(z: readonly XY[], w: readonly XY[]): Similarity {
  const from = mean(z);
  const to = mean(w);
  let spread = 0;
  let re = 0;
  let im = 0;
  z.forEach(([zx, zy], k) => {
    const [ax, ay] = [zx - from[0], zy - from[1]];
    const [bx, by] = [w[k]![0] - to[0], w[k]![1] - to[1]];
    spread += ax * ax + ay * ay;
    re += bx * ax + by * ay;
    im += by * ax - bx * ay;
  });
  return spread > 0 ? { re: re / spread, im: im / spread, from, to } : { re: 1, im: 0, from, to };
}

export function mean(places: readonly XY[]): XY {
  const sum = places.reduce<[number, number]>((s, [x, y]) => [s[0] + x, s[1] + y], [0, 0]);
  return [sum[0] / places.length, sum[1] / places.length];
}

function moved({ re, im, from, to }: Similarity, x: number, y: number): XY {
  const [dx, dy] = [x - from[0], y - from[1]];
  return [re * dx - im * dy + to[0], im * dx + re * dy + to[1]];
}

function misses(map: Similarity, z: readonly XY[], w: readonly XY[]): number {
  return Math.max(
    ...z.map(([x, y], k) => {
      const [a, b] = moved(map, x, y);
      return Math.hypot(a - w[k]![0], b - w[k]![1]);
    }),
  );
}

function moving(map: Similarity): Flow {
  return (at) => {
    for (let k = 0; k < at.length; k += 2) {
      const [x, y] = moved(map, at[k]!, at[k + 1]!);
      at[k] = x;
      at[k + 1] = y;
    }
  };
}

function spline(z: readonly XY[], w: readonly XY[]): Flow {
  const n = z.length;
  // The points are shifted and scaled, because the equations are badly conditioned in pixels.
  const centre = mean(z);
  const scale = Math.max(...z.map(([x, y]) => Math.hypot(x - centre[0], y - centre[1])), 1);
  const unit = z.map(([x, y]): XY => [(x - centre[0]) / scale, (y - centre[1]) / scale]);
  const rows = unit.map(([x, y]) => [...unit.map(([a, b]) => plate(x - a, y - b)), 1, x, y]);
  for (let k = 0; k < 3; k++) rows.push([...unit.map((p) => [1, p[0], p[1]][k]!), 0, 0, 0]);
  const wanted = [...w.map(([x, y]) => [x, y]), [0, 0], [0, 0], [0, 0]];
  const found = solve(rows, wanted);
  return (at) => {
    for (let k = 0; k < at.length; k += 2) {
      const [x, y] = [(at[k]! - centre[0]) / scale, (at[k + 1]! - centre[1]) / scale];
      const last = [1, x, y];
      let [a, b] = [0, 0];
      for (let j = 0; j < n + 3; j++) {
        const weight = j < n ? plate(x - unit[j]![0], y - unit[j]![1]) : last[j - n]!;
        a += weight * found[j]![0]!;
        b += weight * found[j]![1]!;
      }
      at[k] = a;
      at[k + 1] = b;
    }
  };
}

function plate(dx: number, dy: number): number {
  const square = dx * dx + dy * dy;
  return square > 0 ? (square * Math.log(square)) / 2 : 0;
}
