/**
 * The smooth flow that bends a picture, as defined in `yuragi.drag.bend`. Every point travels from its
 * source to its target, and at each time u the picture moves with the velocity
 *
 *     v_u(x) = b(x) ( K(d(x) / R) s_u(x) + sum_i K(|x - p_i(u)| / R) c_i ),   v_u(p_i(u)) = dp_i/du,
 *
 * where s_u is the shared velocity of the points, d is the distance to the hull of the moving points, and
 * K(r) = (1 - r)^4 (4 r + 1). The backward flow is integrated with the Runge-Kutta method.
 */
import { similarity } from "./flow";
import type { Hold } from "./hold";
import { apartFromHull, hullOf } from "./hull";
import type { Flow, Pair, XY } from "./points";
import { solve } from "./solve";

/** R for one and for several points: a share of the shorter side, and a multiple of the longest drag. */
const [ONE, SEVERAL] = [[0.4, 4.0], [0.25, 2.5]] as const;
const BETWEEN = 0.75;
const STEEPEST = 2.11;
const PACE = 0.4;
const [FEWEST, MOST] = [6, 64];
const TIES = [1e-8, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0];

/** How far around a point the picture bends with it, unless the user sets a radius. */
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
      if (v[0] === 0 && v[1] === 0) continue; // most places are out of reach
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
  /** The positions and velocities of the points; the moving ones come first. */
  places: XY[];
  speeds: XY[];
  /** The corners of the hull of the moving points, and the distance of a place from it. */
  hull: XY[];
  fromHull: (x: number, y: number) => number;
  /** The shared velocity of these points, evaluated at a place. */
  shared: Velocity;
}
interface Path {
  at: (u: number) => Moment;
  /** How much the shared velocity changes per pixel. */
  swirl: number;
}

/** The path of the points along the motion that rotates, scales and shifts the moving ones. */
function pathOf(pairs: readonly Pair[]): Path {
  const still = ([a, b]: Pair): boolean => a[0] === b[0] && a[1] === b[1];
  const moves = pairs.filter((pair) => !still(pair));
  const moving = moves.length ? moves : pairs;
  const held = moves.length ? pairs.filter(still).map(([a]) => a) : [];
  const source = moving.map(([a]) => a);
  const target = moving.map(([, b]) => b);
  const found = similarity(source, target);
  // There is no such path if everything shrinks to nearly a point.
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
    const shared: Velocity = (x, y, into) => {
      into[0] = shiftX + logRe * (x - mx) - logIm * (y - my);
      into[1] = shiftY + logIm * (x - mx) + logRe * (y - my);
    };
    for (const each of held) {
      places.push(each);
      speeds.push([0, 0]);
    }
    return { places, speeds, hull, fromHull: apartFromHull(hull), shared };
  };
  return { at, swirl: Math.hypot(logRe, logIm) };
}

type Velocity = (x: number, y: number, into: [number, number]) => void;

/** In pixels: a point with a smaller pull only follows the shared motion. */
const NOTHING = 1e-9;

interface Solved {
  moment: Moment;
  /** The points that are pulled in addition to the shared motion, and their c_i. */
  pulled: { place: XY; pull: XY }[];
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
    const { moment, pulled } = this.solve(u);
    return (x, y, into) => {
      let [a, b] = [0, 0];
      const between = this.kernel(moment.fromHull(x, y));
      if (between > 0) {
        moment.shared(x, y, into);
        [a, b] = [between * into[0], between * into[1]];
      }
      for (const { place, pull } of pulled) {
        const weight = this.kernel(apart(place, x, y));
        a += weight * pull[0];
        b += weight * pull[1];
      }
      const free = this.held && (a !== 0 || b !== 0) ? this.held.at(x, y) : 1;
      into[0] = free * a;
      into[1] = free * b;
    };
  }

  /** An upper bound of the velocity without the factor b. */
  private largest(u: number): number {
    const { moment, pulled } = this.solve(u);
    const fastest = Math.max(...moment.hull.map((each) => Math.hypot(...velocityAt(moment.shared, each))));
    const own = pulled.reduce((sum, { pull }) => sum + Math.hypot(...pull), 0);
    return fastest + this.path.swirl * this.reach + own;
  }

  private solve(u: number): Solved {
    const known = this.solved.get(u);
    if (known) return known;
    const moment = this.path.at(u);
    const { places, speeds, fromHull, shared } = moment;
    const kernel = places.map((one, k) =>
      places.map((other, j) => this.kernel(apart(one, ...other)) + (k === j ? this.tie : 0)),
    );
    const wanted = speeds.map(([a, b], k) => {
      const place = places[k]!;
      const free = this.held ? Math.max(this.held.at(...place), 0.1) : 1;
      const between = this.kernel(fromHull(...place));
      const [sx, sy] = velocityAt(shared, place);
      return [a / free - between * sx, b / free - between * sy];
    });
    const pulled = solve(kernel, wanted)
      .map(([a, b], k) => ({ place: places[k]!, pull: [a!, b!] as const }))
      .filter(({ pull }) => Math.hypot(...pull) > NOTHING);
    const made = { moment, pulled };
    this.solved.set(u, made);
    return made;
  }

  /** K at a distance in pixels. */
  private kernel(distance: number): number {
    const r = Math.max((distance / this.reach - this.rigid) / (1 - this.rigid), 0);
    if (r >= 1) return 0;
    const square = (1 - r) * (1 - r); // `**` would take longer than the rest of the warp
    return square * square * (4 * r + 1);
  }
}

function velocityAt(velocity: Velocity, [x, y]: XY): XY {
  const found: [number, number] = [0, 0];
  velocity(x, y, found);
  return found;
}

function apart([a, b]: XY, x: number, y: number): number {
  return Math.sqrt((x - a) * (x - a) + (y - b) * (y - b));
}
