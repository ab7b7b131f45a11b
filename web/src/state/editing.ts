/** The picture that is being edited, and the history of earlier ones. */
import type { Asset } from "../api/client";
import { EMPTY, type Doc, type Picture } from "./doc";
import { get, replace, set, type Settings, type Step } from "./store";

/** A unique name; `randomUUID` is missing on pages from other machines without TLS. */
export const id = (): string => crypto.randomUUID?.() ?? Math.random().toString(36).slice(2);

/** A random seed. */
export const anySeed = (): number => Math.floor(Math.random() * 2 ** 32);

export function record(step: Omit<Step, "id" | "at">): void {
  const made: Step = { ...step, id: id(), at: Date.now() };
  set({ steps: [...get().steps, made], current: made.id });
}

/** Use an asset as the picture to edit, with the settings that it brings. */
export function edit(asset: Asset, name: string, settings: Partial<Settings> = {}): void {
  const picture: Picture = { asset: asset.id, width: asset.width, height: asset.height, name };
  const doc: Doc = { ...EMPTY, picture };
  replace(doc, settings);
  set({ staged: null, candidate: 0, compare: null, picked: null, dialog: null });
  const { model, prompt } = get();
  record({ parent: null, task: "open", asset: asset.id, doc, prompt, model, values: {}, job: null });
}
