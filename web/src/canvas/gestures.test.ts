import { beforeEach, expect, it, vi } from "vitest";
import { EMPTY } from "../state/doc";
import { get, set, useStudio } from "../state/store";
import { listenTo } from "./gestures";

vi.stubGlobal("document", { activeElement: null });

let heard: Record<string, (event: object) => void> = {};
const element = {
  addEventListener: (kind: string, act: (event: object) => void) => void (heard[kind] = act),
  setPointerCapture: () => undefined,
} as unknown as HTMLElement;
const touch = (kind: string, pointerId: number, x: number): void =>
  heard[`pointer${kind}`]!({ pointerId, clientX: x, clientY: x, button: 0, pointerType: "touch" });

beforeEach(() => {
  useStudio.setState(useStudio.getInitialState(), true);
  set({ doc: { ...EMPTY, picture: { asset: "a", width: 64, height: 64, name: "a.png" } } });
  heard = {};
  listenTo(element, () => false);
});

it("a second finger ends a lasso without its outline", () => {
  set({ tool: "lasso" });
  touch("down", 1, 10);
  touch("move", 1, 20);
  expect(get().corners).toHaveLength(2);
  touch("down", 2, 40);
  expect(get().corners).toEqual([]);
  touch("up", 2, 40);
  touch("up", 1, 20);
  expect(get().doc.regions).toEqual([]);
});

it("a second finger keeps the corners of a polygon", () => {
  set({ tool: "polygon", corners: [[1, 1], [30, 1]] });
  touch("down", 1, 20);
  touch("down", 2, 40);
  expect(get().corners).toHaveLength(3);
});
