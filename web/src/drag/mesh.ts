/** The warp as triangles: a grid over the picture whose nodes know where their content was. */
import type { Flow } from "./points";

export interface Mesh {
  /** For each node, its x and y and the x and y of its content, in pixels. */
  vertices: Float32Array;
  triangles: Uint32Array;
}

/** The approximate number of cells along the longer side. */
const CELLS = 64;
const [FINEST, COARSEST] = [4, 20];

export function meshOf(flow: Flow, width: number, height: number): Mesh {
  const gap = Math.min(Math.max(Math.round(Math.max(width, height) / CELLS), FINEST), COARSEST);
  const xs = ticks(width, gap);
  const ys = ticks(height, gap);
  const at = new Float64Array(2 * xs.length * ys.length);
  ys.forEach((y, j) => {
    xs.forEach((x, i) => {
      at[2 * (j * xs.length + i)] = x;
      at[2 * (j * xs.length + i) + 1] = y;
    });
  });
  const vertices = new Float32Array(2 * at.length);
  const before = at.slice();
  flow(at);
  for (let k = 0; k < at.length; k += 2) {
    vertices[2 * k] = before[k]!;
    vertices[2 * k + 1] = before[k + 1]!;
    vertices[2 * k + 2] = at[k]!;
    vertices[2 * k + 3] = at[k + 1]!;
  }
  return { vertices, triangles: triangles(xs.length, ys.length) };
}

/** Positions from the left edge of the first pixel to the right edge of the last one. */
function ticks(length: number, gap: number): number[] {
  const count = Math.max(1, Math.round(length / gap));
  return Array.from({ length: count + 1 }, (_, k) => (k * length) / count - 0.5);
}

function triangles(columns: number, rows: number): Uint32Array {
  const made = new Uint32Array(6 * (columns - 1) * (rows - 1));
  let k = 0;
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const a = j * columns + i;
      made.set([a, a + 1, a + columns, a + 1, a + columns + 1, a + columns], k);
      k += 6;
    }
  }
  return made;
}
