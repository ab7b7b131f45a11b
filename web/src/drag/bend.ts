/**
 * The smooth flow that bends a picture, as `yuragi.drag.bend` defines it: every point travels from its
 * source to its target, and at each moment u the picture moves by
 *
 *     v_u(x) = b(x) sum_i K(|x - p_i(u)| / R) c_i,      v_u(p_i(u)) = dp_i/du,
 *
 * with K(r) = (1 - r)^4 (4 r + 1). The backward flow is integrated by Runge and Kutta's method.
 */
import { similarity } from "./flow";
import type { Hold } from "./hold";
import type { Flow, Pair, XY } from "./points";
import { solve } from "./solve";

/** R for one point and for several: a share of the shorter side, and a multiple of the longest drag. */
const [ONE, SEVERAL] = [[0.4, 4.0], [0.2, 2.5]] as const;
const BETWEEN = 1.0;
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
  places: XY[];
  speeds: XY[];
}
type Path = (u: number) => Moment;

/** Where the points are at u and how fast they go, along the motion that turns them all together. */
function pathOf(pairs: readonly Pair[]): Path {
  const source = pairs.map(([a]) => a);
  const target = pairs.map(([, b]) => b);
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
  return (u) => {
    const size = Math.exp(u * logRe);
    const [c, s] = [size * Math.cos(u * logIm), size * Math.sin(u * logIm)];
    const places: XY[] = [];
    const speeds: XY[] = [];
    around.forEach(([ax, ay], k) => {
      const [tx, ty] = [c * ax - s * ay, s * ax + c * ay];
      const [rx, ry] = rest[k]!;
      places.push([cx + u * shiftX + tx + u * rx, cy + u * shiftY + ty + u * ry]);
      speeds.push([shiftX + logRe * tx - logIm * ty + rx, shiftY + logIm * tx + logRe * ty + ry]);
    });
    return { places, speeds };
  };
}

type Velocity = (x: number, y: number, into: [number, number]) => void;

class Field {
  readonly needed: number;
  private readonly solved = new Map<number, { places: XY[]; pulls: number[][] }>();

  constructor(
    private readonly path: Path,
    private readonly reach: number,
    private readonly rigid: number,
    private readonly held: Hold | null,
    private readonly tie: number,
  ) {
    const slope = STEEPEST / (reach * (1 - rigid)) + (held?.slope ?? 0);
    let most = 0;
    for (let k = 0; k <= 16; k++) {
      const pulls = this.pulls(k / 16).pulls;
      most = Math.max(
        most,
        pulls.reduce((sum, c) => sum + Math.hypot(c[0]!, c[1]!), 0),
      );
    }
    this.needed = Math.ceil((most * slope) / PACE);
  }

  at(u: number): Velocity {
    const { places, pulls } = this.pulls(u);
    return (x, y, into) => {
      let [a, b] = [0, 0];
      for (let k = 0; k < places.length; k++) {
        const weight = this.kernel(x - places[k]![0], y - places[k]![1]);
        a += weight * pulls[k]![0]!;
        b += weight * pulls[k]![1]!;
      }
      const free = this.held && (a !== 0 || b !== 0) ? this.held.at(x, y) : 1;
      into[0] = free * a;
      into[1] = free * b;
    };
  }

  private pulls(u: number): { places: XY[]; pulls: number[][] } {
    const known = this.solved.get(u);
    if (known) return known;
    const { places, speeds } = this.path(u);
    const kernel = places.map(([x, y], k) =>
      places.map(([a, b], j) => this.kernel(x - a, y - b) + (k === j ? this.tie : 0)),
    );
    const wanted = speeds.map(([a, b], k) => {
      const free = this.held ? Math.max(this.held.at(...places[k]!), 0.1) : 1;
      return [a / free, b / free];
    });
    const made = { places, pulls: solve(kernel, wanted) };
    this.solved.set(u, made);
    return made;
  }

  private kernel(dx: number, dy: number): number {
    const apart = Math.sqrt(dx * dx + dy * dy) / this.reach;
    const r = Math.max((apart - this.rigid) / (1 - this.rigid), 0);
    return r >= 1 ? 0 : (1 - r) ** 4 * (4 * r + 1);
  }
}
