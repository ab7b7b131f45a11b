/** Continues the work on a picture saved by Yuragi: restores its picture, points, mask and settings. */
import type { Carried, Values } from "../api/client";
import type { Pair, XY } from "../drag/points";
import { EMPTY, type Doc } from "./doc";
import { edit } from "./editing";
import { change, get, set } from "./store";

const APART = ["kind", "model", "prompt", "source_prompt", "negative_prompt", "seed", "points", "regions"];

export function restore(found: Carried, name: string): void {
  const { request } = found;
  const task = String(request["kind"]);
  if (found.image) edit(found.image, name);
  else edit(found.result, name);
  set(settingsOf(request));
  const picture = get().doc.picture;
  const doc: Doc = { ...EMPTY, picture };
  doc.points = ((request["points"] ?? []) as Pair[]).map(([source, target], k) => ({
    id: k + 1,
    source,
    target,
  }));
  doc.regions = ((request["regions"] ?? []) as { source: XY[]; target: XY[] }[]).map((each, k) =>
    regionOf(each.source, each.target, k + 1),
  );
  if (found.mask) doc.mask = [{ kind: "load", asset: found.mask.id }];
  if (found.image) change(doc);
  set({ task: task in get().schemas ? task : get().task });
}

/** The settings of a request; only options that differ from the defaults are set. */
function settingsOf(request: Values): Partial<ReturnType<typeof get>> {
  const task = String(request["kind"]);
  const known = get().schemas[task]?.properties ?? {};
  const own = Object.entries(request).filter(([name, each]) => {
    const told = known[name];
    return (
      told !== undefined &&
      !APART.includes(name) &&
      told.format !== "asset" &&
      JSON.stringify(each) !== JSON.stringify(told.default ?? null)
    );
  });
  return {
    task,
    model: String(request["model"]).split("@")[0] ?? "",
    prompt: String(request["prompt"] ?? ""),
    sourcePrompt: String(request["source_prompt"] ?? ""),
    negative: String(request["negative_prompt"] ?? ""),
    seed: Number(request["seed"]),
    values: { ...get().values, [task]: Object.fromEntries(own) },
  };
}

/** A region that is moved to the target by the similarity that fits the two polygons best. */
function regionOf(corners: XY[], target: XY[], id: number): Doc["regions"][number] {
  const centre = (places: XY[]): [number, number] => {
    const [x, y] = places.reduce<[number, number]>((s, p) => [s[0] + p[0], s[1] + p[1]], [0, 0]);
    return [x / places.length, y / places.length];
  };
  const [a, b] = [centre(corners), centre(target)];
  let [re, im, spread] = [0, 0, 0];
  corners.forEach(([x, y], k) => {
    const [dx, dy] = [x - a[0], y - a[1]];
    const [ex, ey] = [target[k]![0] - b[0], target[k]![1] - b[1]];
    re += dx * ex + dy * ey;
    im += dx * ey - dy * ex;
    spread += dx * dx + dy * dy;
  });
  const size = Math.hypot(re, im) / (spread || 1);
  const turn = (Math.atan2(im, re) * 180) / Math.PI;
  return { id, corners, move: [b[0] - a[0], b[1] - a[1]], turn, scale: [size, size] };
}
