import { beforeEach, describe, expect, it } from "vitest";
import { EMPTY, type Doc } from "./doc";
import { edit } from "./editing";
import { change, drawable, get, redo, set, undo, useStudio } from "./store";

const at = (x: number): Doc => ({ ...EMPTY, points: [{ id: 1, source: [x, 0], target: [x, 0] }] });
const placeOf = (): number | undefined => get().doc.points[0]?.source[0];

beforeEach(() => useStudio.setState(useStudio.getInitialState(), true));

describe("undo", () => {
  it("takes consecutive changes of the same thing back as one step", () => {
    change(at(1));
    for (let x = 2; x < 300; x++) change(at(x), "source of point 1");
    undo();
    expect(placeOf()).toBe(1);
    redo();
    expect(placeOf()).toBe(299);
    undo();
    undo();
    expect(placeOf()).toBeUndefined();
  });

  it("keeps changes of different things apart, and those before and after an undo", () => {
    change(at(1), "source of point 1");
    change(at(2), "target of point 1");
    change(at(3), "source of point 1");
    undo();
    change(at(4), "source of point 1");
    change(at(5));
    const seen = [];
    for (; get().past.length; undo()) seen.push(placeOf());
    expect(seen).toEqual([5, 4, 2, 1]);
  });

  it("restores the step of the history on which something was drawn", () => {
    const asset = { id: "a", width: 8, height: 8, media_type: "image/png", bytes: 1 } as const;
    edit(asset, "a.png");
    const first = get().current;
    change(at(1));
    edit({ ...asset, id: "b" }, "b.png");
    const second = get().current;
    undo();
    expect([get().current, placeOf()]).toEqual([first, 1]);
    redo();
    expect([get().current, get().doc.picture?.asset]).toEqual([second, "b"]);
  });
});

describe("undo of an opened picture", () => {
  const asset = { id: "a", width: 8, height: 8, media_type: "image/png", bytes: 1 } as const;

  it("restores the settings that the picture replaced, and redo those that it brought", () => {
    set({ prompt: "my words", values: { sdedit: { strength: 0.4 } }, seed: 7 });
    edit(asset, "a.png", { prompt: "its words", model: "other", values: {}, seed: 1 });
    expect(get().steps[0]).toMatchObject({ prompt: "its words", model: "other" });
    undo();
    expect(get()).toMatchObject({ prompt: "my words", model: "portraits", values: { sdedit: { strength: 0.4 } }, seed: 7 });
    redo();
    expect(get()).toMatchObject({ prompt: "its words", model: "other", values: {}, seed: 1 });
  });

  it("keeps what is typed after a stroke when the stroke is undone", () => {
    edit(asset, "a.png");
    change(at(1));
    set({ prompt: "typed later" });
    undo();
    expect(get().prompt).toBe("typed later");
  });
});

describe("the canvas", () => {
  it("can be drawn on unless a run or a comparison is shown", () => {
    expect(drawable(get())).toBe(true);
    set({ staged: "job" });
    expect(drawable(get())).toBe(false);
    set({ staged: null, compare: { way: "hold", with: null, labels: null } });
    expect(drawable(get())).toBe(false);
  });
});
