import { describe, expect, it } from "vitest";
import { EMPTY, fitted, geometryOf, type Doc } from "./doc";

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
