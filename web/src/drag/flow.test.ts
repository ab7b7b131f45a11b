import { describe, expect, it } from "vitest";
import { bend, reachOf } from "./bend";
import { flowOf } from "./flow";
import flows from "./flows.json";
import { hold } from "./hold";
import { meshOf } from "./mesh";
import type { Pair } from "./points";

const [width, height] = flows.size as [number, number];
const [left, top, right, bottom] = flows.white as [number, number, number, number];
const white = Uint8Array.from({ length: width * height }, (_, k) => {
  const [x, y] = [k % width, Math.floor(k / width)];
  return x >= left && x < right && y >= top && y < bottom ? 1 : 0;
});

describe("the page's flow equals the library's", () => {
  for (const one of flows.cases) {
    it(one.name, () => {
      const pairs = one.points as unknown as Pair[];
      const reach = "reach" in one ? (one.reach as number) : 0;
      const held = "rigid" in one ? hold(white, width, height, 1, reach) : null;
      const flow =
        one.kind === "cut" ? flowOf(pairs) : bend(pairs, reach, held ? 0.2 : 0, held);
      const at = Float64Array.from(flows.places.flat());
      flow(at);
      const wanted = one.found.flat();
      const worst = Math.max(...wanted.map((each, k) => Math.abs(each - at[k]!)));
      expect(worst).toBeLessThan(1e-4);
      if (one.kind === "bend") expect(reachOf(pairs, width, height)).toBeCloseTo(reach, 9);
    });
  }
});

describe("the mesh", () => {
  it("agrees with the flow between its nodes to a third of a pixel", () => {
    const pairs: Pair[] = [[[300, 200], [340, 230]]];
    const flow = bend(pairs, reachOf(pairs, 512, 512));
    const { vertices, triangles } = meshOf(flow, 512, 512);
    let worst = 0;
    for (let k = 0; k < triangles.length; k += 3) {
      const corners = [0, 1, 2].map((j) => vertices.subarray(4 * triangles[k + j]!));
      const [x, y, u, v] = [0, 1, 2, 3].map((c) => corners.reduce((s, p) => s + p[c]! / 3, 0));
      const at = Float64Array.from([x!, y!]);
      flow(at);
      worst = Math.max(worst, Math.hypot(at[0]! - u!, at[1]! - v!));
    }
    expect(worst).toBeLessThan(1 / 3);
  });

  // This is processor time, because other programs may be running. A frame takes 33 or 66 ms.
  for (const [width, height, most] of [
    [512, 512, 20],
    [1920, 1080, 40],
  ] as const) {
    it(`is computed in time at ${width} x ${height}`, () => {
      const times = Array.from({ length: 21 }, (_, k) => {
        const pairs: Pair[] = [[[width * 0.4, height / 2], [width * 0.4 + 20 + k, height / 2 + k]]];
        const begun = process.cpuUsage().user;
        meshOf(bend(pairs, reachOf(pairs, width, height)), width, height);
        return (process.cpuUsage().user - begun) / 1000;
      });
      expect(times.sort((a, b) => a - b)[10]).toBeLessThan(most);
    });
  }

  it("covers the picture from edge to edge", () => {
    const { vertices } = meshOf(() => undefined, 128, 96);
    const xs = Array.from({ length: vertices.length / 4 }, (_, k) => vertices[4 * k]!);
    expect(Math.min(...xs)).toBe(-0.5);
    expect(Math.max(...xs)).toBe(127.5);
  });
});
