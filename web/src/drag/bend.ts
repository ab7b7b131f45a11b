/**
 * The smooth flow that bends a picture, as `yuragi.drag.bend` defines it: every point travels from its
 * source to its target, and at each moment u the picture moves by
 *
 *     v_u(x) = b(x) ( K(d(x) / R) s_u(x) + sum_i K(|x - p_i(u)| / R) c_i ),   v_u(p_i(u)) = dp_i/du,
 *
 * with s_u the motion that the points share, d the distance to the hull of those that move, and
 * K(r) = (1 - r)^4 (4 r + 1). The backward flow is integrated by Runge and Kutta's method.
 */
import { similarity } from "./flow";
import type { Hold } from "./hold";
import { apartFromHull, hullOf } from "./hull";
import type { Flow, Pair, XY } from "./points";
import { solve } from "./solve";

/** R for one point and for several: a share of the shorter side, and a multiple of the longest drag. */
const [ONE, SEVERAL] = [[0.4, 4.0], [0.25, 2.5]] as const;
const BETWEEN = 0.75;
const STEEPEST = 2.11;
const PACE = 0.4;
const [FEWEST, MOST] = [6, 64];
const TIES = [1e-8, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0];

/** How far around a point the picture bends with it, unless the user says so. */
export function reachOf(pairs: readonly Pair[], width: number, height: number): number {
  const longest = Math.max(...pairs.map(([a, b]) => Math.hypot(b[0] - a[0], b[1] - a[1])));
  const between = Math.max(
    ...pairs.flatMap(([a]) => pairs.map(([b]) => Math.hypot(a[0] - b[0], a[1] - b[1]))),
  );
  const path = pathOf(pairs);
  const [wide, far] = pairs.length === 1 ? ONE : SEVERAL;
  let reach = Math.max(wide * Math.min(width, height), far * longest, BETWEEN * between);
  for (let k = 0; k < 4; k++) {
    if (new Field(path, reach, 0, null, TIES[0]!).needed <= MOST) return reach;
    reach /= 2;
  }
  return reach;
}

export function bend(
  pairs: readonly Pair[],
  reach: number,
  rigid = 0,
  held: Hold | null = null,
): Flow {
  const path = pathOf(pairs);
  let field = new Field(path, reach, rigid, held, TIES[0]!);
  for (const tie of TIES.slice(1)) {
    if (field.needed <= MOST) break;
    field = new Field(path, reach, rigid, held, tie);
  }
  const steps = Math.max(FEWEST, Math.min(field.needed, MOST));
  return (at) => {
    for (let k = steps; k > 0; k--) step(field, at, k, steps);
  };
}

function step(field: Field, at: Float64Array, k: number, steps: number): void {
  const h = 1 / steps;
  const [end, middle, start] = [0, 1, 2].map((j) => field.at((2 * k - j) / (2 * steps)));
  const v: [number, number] = [0, 0];
  for (let i = 0; i < at.length; i += 2) {
    const [x, y] = [at[i]!, at[i + 1]!];
    end!(x, y, v);
    let [sx, sy] = v;
    if (sx === 0 && sy === 0) {
      middle!(x, y, v);
      if (v[0] === 0 && v[1] === 0) continue; // out of reach, where most places are
    } else middle!(x - (h / 2) * sx, y - (h / 2) * sy, v);
    let [mx, my] = v;
    [sx, sy] = [sx + 2 * mx, sy + 2 * my];
    middle!(x - (h / 2) * mx, y - (h / 2) * my, v);
    [mx, my] = v;
    [sx, sy] = [sx + 2 * mx, sy + 2 * my];
    start!(x - h * mx, y - h * my, v);
    at[i] = x - (h / 6) * (sx + v[0]);
    at[i + 1] = y - (h / 6) * (sy + v[1]);
  }
}

interface Moment {
  /** Where the points are, first those that move, and how fast they go. */
  places: XY[];
  speeds: XY[];
  /** The corners of the hull of those that move. */
  hull: XY[];
  /** The velocity that they share, at a place. */
  shared: (x: number, y: number) => XY;
}
interface Path {
  at: (u: number) => Moment;
  /** By how much the shared velocity changes per pixel. */
  swirl: number;
}

/** The way of the points, along the motion that turns, scales and shifts those that move. */
function pathOf(pairs: readonly Pair[]): Path {
  const still = ([a, b]: Pair): boolean => a[0] === b[0] && a[1] === b[1];
  const moves = pairs.filter((pair) => !still(pair));
  const moving = moves.length ? moves : pairs;
  const held = moves.length ? pairs.filter(still).map(([a]) => a) : [];
  const source = moving.map(([a]) => a);
  const target = moving.map(([, b]) => b);
  const found = similarity(source, target);
  // Through a point there is no path of similarities.
  const [re, im] = Math.hypot(found.re, found.im) > 0.05 ? [found.re, found.im] : [1, 0];
  const [logRe, logIm] = [Math.log(Math.hypot(re, im)), Math.atan2(im, re)];
  const [cx, cy] = found.from;
  const [shiftX, shiftY] = [found.to[0] - cx, found.to[1] - cy];
  const around = source.map(([x, y]): XY => [x - cx, y - cy]);
  const rest = target.map(([x, y], k): XY => {
    const [ax, ay] = around[k]!;
    return [x - found.to[0] - (re * ax - im * ay), y - found.to[1] - (im * ax + re * ay)];
  });
  const at = (u: number): Moment => {
    const size = Math.exp(u * logRe);
    const [c, s] = [size * Math.cos(u * logIm), size * Math.sin(u * logIm)];
    const [mx, my] = [cx + u * shiftX, cy + u * shiftY];
    const places: XY[] = [];
    const speeds: XY[] = [];
    around.forEach(([ax, ay], k) => {
      const [tx, ty] = [c * ax - s * ay, s * ax + c * ay];
      const [rx, ry] = rest[k]!;
      places.push([mx + tx + u * rx, my + ty + u * ry]);
      speeds.push([shiftX + logRe * tx - logIm * ty + rx, shiftY + logIm * tx + logRe * ty + ry]);
    });
    const hull = hullOf(places);
    const shared = (x: number, y: number): XY => {
      const [dx, dy] = [x - mx, y - my];
      return [shiftX + logRe * dx - logIm * dy, shiftY + logIm * dx + logRe * dy];
    };
    for (const each of held) {
      places.push(each);
      speeds.push([0, 0]);
    }
    return { places, speeds, hull, shared };
  };
  return { at, swirl: Math.hypot(logRe, logIm) };
}

type Velocity = (x: number, y: number, into: [number, number]) => void;

interface Solved extends Moment {
  pulls: number[][];
}

class Field {
  readonly needed: number;
  private readonly solved = new Map<number, Solved>();

  constructor(
    private readonly path: Path,
    private readonly reach: number,
    private readonly rigid: number,
    private readonly held: Hold | null,
    private readonly tie: number,
  ) {
    const slope = STEEPEST / (reach * (1 - rigid)) + (held?.slope ?? 0);
    let most = 0;
    for (let k = 0; k <= 16; k++) most = Math.max(most, this.largest(k / 16));
    this.needed = Math.ceil((most * slope + path.swirl) / PACE);
  }

  at(u: number): Velocity {
    const { places, hull, shared, pulls } = this.moment(u);
    return (x, y, into) => {
      let [a, b] = [0, 0];
      const between = this.kernel(apartFromHull(hull, x, y));
      if (between > 0) {
        const [sx, sy] = shared(x, y);
        [a, b] = [between * sx, between * sy];
      }
      for (let k = 0; k < places.length; k++) {
        const weight = this.kernel(apart(places[k]!, x, y));
        a += weight * pulls[k]![0]!;
        b += weight * pulls[k]![1]!;
      }
      const free = this.held && (a !== 0 || b !== 0) ? this.held.at(x, y) : 1;
      into[0] = free * a;
      into[1] = free * b;
    };
  }

  /** A bound on the velocity, without b. */
  private largest(u: number): number {
    const { hull, shared, pulls } = this.moment(u);
    const fastest = Math.max(...hull.map((each) => Math.hypot(...shared(...each))));
    const own = pulls.reduce((sum, c) => sum + Math.hypot(c[0]!, c[1]!), 0);
    return fastest + this.path.swirl * this.reach + own;
  }

  private moment(u: number): Solved {
    const known = this.solved.get(u);
    if (known) return known;
    const moment = this.path.at(u);
    const { places, speeds, hull, shared } = moment;
    const kernel = places.map((one, k) =>
      places.map((other, j) => this.kernel(apart(one, ...other)) + (k === j ? this.tie : 0)),
    );
    const wanted = speeds.map(([a, b], k) => {
      const [x, y] = places[k]!;
      const free = this.held ? Math.max(this.held.at(x, y), 0.1) : 1;
      const between = this.kernel(apartFromHull(hull, x, y));
      const [sx, sy] = shared(x, y);
      return [a / free - between * sx, b / free - between * sy];
    });
    const made = { ...moment, pulls: solve(kernel, wanted) };
    this.solved.set(u, made);
    return made;
  }

  /** K at a distance in pixels. */
  private kernel(distance: number): number {
    const r = Math.max((distance / this.reach - this.rigid) / (1 - this.rigid), 0);
    return r >= 1 ? 0 : (1 - r) ** 4 * (4 * r + 1);
  }
}

function apart([a, b]: XY, x: number, y: number): number {
  return Math.sqrt((x - a) * (x - a) + (y - b) * (y - b));
}
