/** What may move: 1 inside a mask, falling to 0 at its edge, like `yuragi.drag.bend.Hold`. */

const STEEPEST = 1.5;
const FAR = 1e20;

export interface Hold {
  at: (x: number, y: number) => number;
  slope: number;
}

/**
 * @param white the mask at a reduced size, 1 where the picture can change, row by row.
 * @param scale the number of picture pixels per mask pixel.
 * @param reach the distance in pixels beyond which a point moves nothing.
 */
export function hold(
  white: Uint8Array,
  width: number,
  height: number,
  scale: number,
  reach: number,
): Hold {
  const depth = depths(white, width, height);
  let deepest = 0;
  for (const each of depth) deepest = Math.max(deepest, each);
  const margin = Math.max(Math.min(reach / 4, (deepest * scale) / 2), 1);
  const share = depth.map((each) => {
    const s = Math.min(Math.max((each * scale - 1) / margin, 0), 1);
    return s * s * (3 - 2 * s);
  });
  const at = (x: number, y: number): number => {
    const u = Math.min(Math.max((x + 0.5) / scale - 0.5, 0), width - 1);
    const v = Math.min(Math.max((y + 0.5) / scale - 0.5, 0), height - 1);
    const [i, j] = [Math.floor(u), Math.floor(v)];
    const [i1, j1] = [Math.min(i + 1, width - 1), Math.min(j + 1, height - 1)];
    const [a, b] = [u - i, v - j];
    const row = (k: number): number => share[k * width + i]! * (1 - a) + share[k * width + i1]! * a;
    return row(j) * (1 - b) + row(j1) * b;
  };
  return { at, slope: STEEPEST / margin };
}

/** The distance of every white pixel to the nearest black one; places outside the picture count as white. */
function depths(white: Uint8Array, width: number, height: number): Float64Array {
  const square = Float64Array.from(white, (each) => (each ? FAR : 0));
  const line = new Float64Array(Math.max(width, height));
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) line[y] = square[y * width + x]!;
    const done = lower(line, height);
    for (let y = 0; y < height; y++) square[y * width + x] = done[y]!;
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) line[x] = square[y * width + x]!;
    square.set(lower(line, width), y * width);
  }
  return square.map(Math.sqrt);
}

/** min_q (p - q)^2 + f(q) from the lower envelope of parabolas (Felzenszwalb & Huttenlocher 2012). */
function lower(f: Float64Array, n: number): Float64Array {
  const made = new Float64Array(n);
  const at = new Int32Array(n);
  const from = new Float64Array(n + 1);
  let k = 0;
  from[0] = -Infinity;
  from[1] = Infinity;
  const meet = (q: number, p: number): number =>
    (f[q]! + q * q - f[p]! - p * p) / (2 * q - 2 * p);
  for (let q = 1; q < n; q++) {
    let s = meet(q, at[k]!);
    while (k > 0 && s <= from[k]!) s = meet(q, at[--k]!);
    if (s <= from[k]!) s = from[k]!;
    at[++k] = q;
    from[k] = s;
    from[k + 1] = Infinity;
  }
  k = 0;
  for (let p = 0; p < n; p++) {
    while (from[k + 1]! < p) k++;
    made[p] = (p - at[k]!) ** 2 + f[at[k]!]!;
  }
  return made;
}
