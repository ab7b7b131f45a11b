/**
 * The flow of an object that is cut out, as defined in `yuragi.drag.flow`: the simplest map that takes
 * every target back to its source. It is the first of these that fits within `TOLERANCE` pixels:
 * a translation, a similarity, a thin-plate spline.
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

export function flowOf(pairs: readonly Pair[]): Flow {
  const source = pairs.map(([at]) => at);
  const target = pairs.map(([, to]) => to);
  const shifted = { ...similarity(target, source), re: 1, im: 0 };
  for (const map of [shifted, similarity(target, source)]) {
    if (misses(map, target, source) <= TOLERANCE) return moving(map);
  }
  return spline(target, source);
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
