/** Continues the work on a picture saved by Yuragi: restores its picture, points, mask and settings. */
import type { Carried, Values } from "../api/client";
import type { Pair, XY } from "../drag/points";
import { EMPTY, regionOf, type Doc } from "./doc";
import { edit } from "./editing";
import { change, get, type Settings } from "./store";

const APART = ["kind", "model", "prompt", "source_prompt", "negative_prompt", "seed", "points", "regions"];

export function restore(found: Carried, name: string): void {
  const { request } = found;
  edit(found.image ?? found.result, name, settingsOf(request));
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
}

/** The settings of a request; only options that differ from the defaults are set. */
function settingsOf(request: Values): Settings {
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
