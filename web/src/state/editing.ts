/** Which picture is edited, and the history of those that were. */
import type { Asset } from "../api/client";
import { EMPTY, type Doc, type Picture } from "./doc";
import { change, get, set, type Step } from "./store";

/** A name that no other has; `randomUUID` is missing where a page comes without TLS from elsewhere. */
export const id = (): string => crypto.randomUUID?.() ?? Math.random().toString(36).slice(2);

/** A seed that nobody chose. */
export const anySeed = (): number => Math.floor(Math.random() * 2 ** 32);

export function record(step: Omit<Step, "id" | "at">): void {
  const made: Step = { ...step, id: id(), at: Date.now() };
  set({ steps: [...get().steps, made], current: made.id });
}

/** Take an asset as the picture to edit. */
export function edit(asset: Asset, name: string): void {
  const picture: Picture = { asset: asset.id, width: asset.width, height: asset.height, name };
  const doc: Doc = { ...EMPTY, picture };
  change(doc);
  set({ staged: null, candidate: 0, compare: null, picked: null, dialog: null });
  const { model, prompt } = get();
  record({ parent: null, task: "open", asset: asset.id, doc, prompt, model, values: {}, job: null });
}
