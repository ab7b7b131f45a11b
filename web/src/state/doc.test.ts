import { describe, expect, it } from "vitest";
import { EMPTY, fitted, geometryOf, regionOf, type Doc, type Region } from "./doc";

const picture = { asset: "a", width: 200, height: 100, name: "a.png" };
const doc: Doc = {
  picture,
  points: [{ id: 1, source: [20, 10], target: [40, 30] }],
  regions: [{ id: 2, corners: [[0, 0], [10, 0], [10, 10]], move: [4, 2], turn: 0, scale: [1, 1] }],
  mask: [
    { kind: "stroke", white: true, size: 8, path: [[100, 50]] },
    { kind: "area", white: true, path: [[0, 0], [200, 0], [200, 100]] },
    { kind: "feather", radius: 3 },
    { kind: "invert" },
  ],
};

describe("an edit on another picture", () => {
  it("keeps places as shares of the sides", () => {
    const other = fitted(doc, { asset: "b", width: 400, height: 50, name: "b.png" });
    expect(other.picture?.asset).toBe("b");
    expect(geometryOf(other)).toEqual({
      points: [[[40, 5], [80, 15]]],
      regions: [{ source: [[0, 0], [20, 0], [20, 5]], target: [[8, 1], [28, 1], [28, 6]] }],
    });
    expect(other.mask).toEqual([
      { kind: "stroke", white: true, size: 8, path: [[200, 25]] },
      { kind: "area", white: true, path: [[0, 0], [400, 0], [400, 50]] },
      { kind: "feather", radius: 3 },
      { kind: "invert" },
    ]);
  });

  it("is unchanged on a picture of the same size, and stays within the picture", () => {
    expect(fitted(doc, { ...picture, asset: "b" })).toEqual({ ...doc, picture: { ...picture, asset: "b" } });
    const edge: Doc = { ...EMPTY, picture, points: [{ id: 1, source: [199, 99], target: [0, 0] }] };
    const large = fitted(edge, { asset: "b", width: 10, height: 10, name: "b.png" });
    expect(large.points[0]?.source).toEqual([9, 9]);
  });
});

describe("a region that is restored from its corners and their targets", () => {
  const corners: Region["corners"] = [[10, 20], [60, 25], [70, 90], [15, 70]];
  const moved = (of: Omit<Region, "id" | "corners">): Region => {
    const region: Region = { id: 1, corners, ...of };
    const { target } = geometryOf({ ...EMPTY, regions: [region] }).regions[0]!;
    return regionOf(corners, target, 1);
  };

  for (const [move, turn, scale] of [
    [[4, -3], 0, [1, 1]],
    [[0, 0], 0, [2, 1]],
    [[7, 5], 35, [0.5, 1.5]],
    [[-20, 1], -140, [1.2, 0.7]],
    [[0, 0], 180, [1, 1]],
    [[2, 2], 100, [1.3, 1.3]],
  ] as const) {
    it(`is moved by ${move}, turned by ${turn} and scaled by ${scale}`, () => {
      const found = moved({ move, turn, scale });
      expect(Math.hypot(found.move[0] - move[0], found.move[1] - move[1])).toBeLessThan(0.01);
      expect(Math.abs(((found.turn - turn + 540) % 360) - 180)).toBeLessThan(0.05);
      expect(Math.hypot(found.scale[0] - scale[0], found.scale[1] - scale[1])).toBeLessThan(0.001);
    });
  }

  it("has the same targets if it is mirrored", () => {
    const mirrored: Region = { id: 1, corners, move: [3, 0], turn: 20, scale: [1, -1.5] };
    const [wanted] = geometryOf({ ...EMPTY, regions: [mirrored] }).regions;
    const [found] = geometryOf({ ...EMPTY, regions: [regionOf(corners, wanted!.target, 1)] }).regions;
    found!.target.forEach(([x, y], k) => {
      const [wantedX, wantedY] = wanted!.target[k]!;
      expect(Math.hypot(x - wantedX, y - wantedY)).toBeLessThan(0.05);
    });
  });
});
