/** What the user draws on a picture: points, regions and a mask, as plain values that undo restores. */
import { mean } from "../drag/flow";
import type { Pair, XY } from "../drag/points";

export interface Picture {
  asset: string;
  width: number;
  height: number;
  name: string;
}

export interface Point {
  id: number;
  source: XY;
  target: XY;
}

/** A polygon, and how it is moved, rotated (in degrees, clockwise) and scaled about its centre. */
export interface Region {
  id: number;
  corners: XY[];
  move: XY;
  turn: number;
  scale: XY;
}

/** White may change. A mask is a list of steps, so that each stroke can be undone. */
export type MaskStep =
  | { kind: "stroke"; white: boolean; size: number; path: XY[] }
  | { kind: "area"; white: boolean; path: XY[] }
  | { kind: "feather"; radius: number }
  | { kind: "load"; asset: string }
  | { kind: "invert" };

export interface Doc {
  picture: Picture | null;
  points: Point[];
  regions: Region[];
  mask: MaskStep[];
}

export const EMPTY: Doc = { picture: null, points: [], regions: [], mask: [] };

/** Where the corners of a region go, in pixels. */
function targetOf({ corners, move, turn, scale }: Region): XY[] {
  const [cx, cy] = mean(corners);
  const [c, s] = [Math.cos((turn * Math.PI) / 180), Math.sin((turn * Math.PI) / 180)];
  return corners.map(([x, y]) => {
    const [dx, dy] = [(x - cx) * scale[0], (y - cy) * scale[1]];
    return [cx + c * dx - s * dy + move[0], cy + s * dx + c * dy + move[1]];
  });
}

/**
 * The region whose target is nearest to some corners: the inverse of `targetOf`.
 *
 * For a rotation R and scales S, |target - R S corner|^2 is least if S projects R' target onto each axis; what
 * remains is a quadratic form of the rotation's cosine and sine, with a closed solution.
 */
export function regionOf(corners: XY[], target: readonly XY[], id: number): Region {
  const [from, to] = [mean(corners), mean(target)];
  /** The sum over the corners of a coordinate of the corner times one of its target, from their means. */
  const sum = (of: 0 | 1, other: readonly XY[], middle: XY, by: 0 | 1): number =>
    corners.reduce((s, corner, k) => s + (corner[of] - from[of]) * (other[k]![by] - middle[by]), 0);
  const [wide, high] = [sum(0, corners, from, 0) || 1, sum(1, corners, from, 1) || 1];
  const [xx, xy, yx, yy] = [sum(0, target, to, 0), sum(0, target, to, 1), sum(1, target, to, 0), sum(1, target, to, 1)];
  const [cosine, sine] = [xx ** 2 / wide + yy ** 2 / high, xy ** 2 / wide + yx ** 2 / high];
  let angle = Math.atan2(2 * ((xx * xy) / wide - (yx * yy) / high), cosine - sine) / 2;
  const scales = (): [number, number] => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return [(c * xx + s * xy) / wide, (c * yy - s * yx) / high];
  };
  // Half a turn and two negative scales are the same as none of them.
  if (scales()[0] + scales()[1] < 0) angle += angle > 0 ? -Math.PI : Math.PI;
  return { id, corners, move: [to[0] - from[0], to[1] - from[1]], turn: (angle * 180) / Math.PI, scale: scales() };
}

export function isMoved(region: Region): boolean {
  const { move, turn, scale } = region;
  return move[0] !== 0 || move[1] !== 0 || turn % 360 !== 0 || scale[0] !== 1 || scale[1] !== 1;
}

/** All pairs of source and target: the points, and the corners of the regions. */
export function pairsOf(doc: Doc): Pair[] {
  const corners = doc.regions.filter(isMoved).flatMap((region) => {
    const targets = targetOf(region);
    return region.corners.map((corner, k): Pair => [corner, targets[k]!]);
  });
  return [...doc.points.map(({ source, target }): Pair => [source, target]), ...corners];
}

/** Whether anything moves, so that there is a drag to run. */
export function moves(doc: Doc): boolean {
  return pairsOf(doc).some(([a, b]) => a[0] !== b[0] || a[1] !== b[1]);
}

/** Points and regions in the form of a drag's request. */
export function geometryOf(doc: Doc): { points: Pair[]; regions: { source: XY[]; target: XY[] }[] } {
  return {
    points: doc.points.map(({ source, target }): Pair => [source, target]),
    regions: doc.regions
      .filter(isMoved)
      .map((region) => ({ source: region.corners, target: targetOf(region).map(rounded) })),
  };
}

const rounded = ([x, y]: XY): XY => [Math.round(x * 100) / 100, Math.round(y * 100) / 100];

export function nextId(items: readonly { id: number }[]): number {
  return Math.max(0, ...items.map((each) => each.id)) + 1;
}

/** The nearest pixel centre within the picture. */
export function onPixel([x, y]: XY, { width, height }: Picture): XY {
  const inside = (value: number, length: number): number =>
    Math.min(Math.max(Math.round(value), 0), length - 1);
  return [inside(x, width), inside(y, height)];
}

/** The same edit on another picture; places and sizes scale with the picture's sides. */
export function fitted(doc: Doc, picture: Picture): Doc {
  const from = doc.picture ?? picture;
  const [across, down] = [picture.width / from.width, picture.height / from.height];
  const size = Math.sqrt(across * down);
  const place = ([x, y]: XY): XY => [x * across, y * down];
  return {
    picture,
    points: doc.points.map((each) => ({
      ...each,
      source: onPixel(place(each.source), picture),
      target: onPixel(place(each.target), picture),
    })),
    regions: doc.regions.map((each) => ({ ...each, corners: each.corners.map(place), move: place(each.move) })),
    mask: doc.mask.map((step) => {
      if (step.kind === "stroke") return { ...step, size: step.size * size, path: step.path.map(place) };
      if (step.kind === "area") return { ...step, path: step.path.map(place) };
      return step.kind === "feather" ? { ...step, radius: step.radius * size } : step;
    }),
  };
}

/** A path with fewer corners, within `off` pixels of the original (Douglas and Peucker 1973). */
export function simplified(path: readonly XY[], off: number): XY[] {
  if (path.length < 3) return [...path];
  const [a, b] = [path[0]!, path[path.length - 1]!];
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  let [worst, at] = [0, 0];
  path.forEach(([x, y], k) => {
    const away = Math.abs((b[0] - a[0]) * (a[1] - y) - (a[0] - x) * (b[1] - a[1])) / length;
    const apart = length > 1 ? away : Math.hypot(x - a[0], y - a[1]);
    if (apart > worst) [worst, at] = [apart, k];
  });
  if (worst <= off) return [a, b];
  return [...simplified(path.slice(0, at + 1), off).slice(0, -1), ...simplified(path.slice(at), off)];
}
