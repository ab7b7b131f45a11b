/** The studio's requests to the service: opening pictures, running tasks, accepting their results. */
import { api, Refused, Unreachable, type Asset, type Job, type Values } from "../api/client";
import type { Schema } from "../forms/schema";
import { text } from "../i18n";
import { EMPTY, geometryOf, type Doc } from "./doc";
import { doing, failed, NoPicture } from "./doing";
import { anySeed, edit, id, record } from "./editing";
import { update } from "./following";
import { hasWhite, maskFile, maskOf } from "./mask";
import { restore } from "./restore";
import { change, get, looked, ranked, set, type Running, type Studio } from "./store";

export async function connect(): Promise<void> {
  try {
    const [models, schemas, queue] = await Promise.all([api.models(), api.schemas(), api.queue()]);
    set({ models, schemas: schemas as unknown as Record<string, Schema>, queue, online: true });
  } catch (error) {
    failed(error);
  }
}

/** Try again every second until the service answers. */
export function keepConnected(): void {
  setInterval(() => {
    if (!get().online || get().models.length === 0) void connect();
  }, 1000);
}

function checkKind(file: Blob): void {
  if (file.type && !/^image\/(png|jpeg|webp)$/.test(file.type)) {
    throw new NoPicture(text("error.kind", { kind: file.type }));
  }
}

/** Upload a file as an asset of the service. */
export function taken(file: Blob): Promise<Asset> {
  checkKind(file);
  return api.upload(file);
}

/** Open a file: a picture saved by Yuragi restores its request, any other is opened for editing. */
export function openFile(file: Blob, name: string): Promise<unknown> {
  return doing(text("busy.open"), async () => {
    checkKind(file);
    const found = await api.carried(file).catch((error: unknown) => {
      if (error instanceof Refused && error.argument === "image") return null;
      throw error;
    });
    if (!found) edit(await api.upload(file), name);
    else restore(found, name);
  });
}

export function openExample(name: string, prompt: string): Promise<unknown> {
  return doing(text("busy.open"), async () => {
    const asset = await api.openExample(name);
    edit(asset, name, { prompt: prompt.trim() });
  });
}

let uploaded: { steps: Doc["mask"]; asset: string } | null = null;

/** The asset of the mask; null if there is none. */
export async function maskAsset(doc: Doc): Promise<string | null> {
  if (!doc.picture || doc.mask.length === 0) return null;
  if (uploaded?.steps === doc.mask) return uploaded.asset;
  const canvas = await maskOf(doc.mask, doc.picture.width, doc.picture.height);
  if (!hasWhite(canvas)) return null;
  const asset = (await api.upload(await maskFile(canvas))).id;
  uploaded = { steps: doc.mask, asset };
  return asset;
}

/** The request for a doc with the settings of a moment, with pictures as assets. */
export async function requestOf(more: Values = {}, studio: Studio = get(), doc = studio.doc): Promise<Values> {
  const { task, model, prompt, sourcePrompt, negative, seed, values, schemas } = studio;
  const known = schemas[task]?.properties ?? {};
  const made: Values = { kind: task, model, prompt, negative_prompt: negative };
  if ("source_prompt" in known) made["source_prompt"] = sourcePrompt;
  if ("image" in known) {
    made["image"] = doc.picture?.asset;
    made["mask"] = await maskAsset(doc);
  }
  if (task === "drag") Object.assign(made, geometryOf(doc));
  Object.assign(made, values[task], { seed }, more);
  const usable = Object.entries(made).filter(([name, each]) => {
    return name === "kind" || (name in known && each !== null && each !== undefined && each !== "");
  });
  return Object.fromEntries(usable);
}

export function run(more: Values = {}, pair: Running["pair"] = null): Promise<Job | undefined> {
  return doing(text("busy.submit"), async () => {
    const studio = get();
    const { doc, task, values, current } = studio;
    const request = await requestOf({ seed: studio.seed ?? anySeed(), ...more }, studio);
    const job = await submitted(request);
    const running: Running = {
      job,
      request,
      doc,
      parent: current,
      values: { ...values[task], ...more },
      preview: null,
      since: null,
      result: null,
      pair,
    };
    set({ jobs: { ...get().jobs, [job.id]: running }, staged: job.id, candidate: 0, compare: null, corners: [] });
    return job;
  });
}

/** Submit, and retry with the same key, so that a lost answer does not create a second job. */
export async function submitted(request: Values): Promise<Job> {
  const key = id();
  try {
    return await api.submit(request, key);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return await api.submit(request, key);
  }
}

/** Run the same request in several ways with one seed, to compare the results. */
export async function runBoth(ways: readonly { label: string; more: Values }[]): Promise<void> {
  const seed = get().seed ?? anySeed();
  const group = id();
  for (const { label, more } of ways) await run({ seed, ...more }, { group, label });
}

export function stop(job: string): Promise<unknown> {
  return doing(text("busy.stop"), async () => update(job, { job: await api.cancel(job) }));
}

/** Use the candidate as the picture to edit. */
export function accept(): void {
  const now = get();
  const running = now.staged ? now.jobs[now.staged] : undefined;
  const asset = looked(now);
  const made = running?.result?.pictures.find((each) => each.id === asset);
  if (!running || !made) return;
  const name = running.doc.picture?.name ?? text("task.sample");
  const doc: Doc = {
    ...EMPTY,
    picture: { asset: made.id, width: made.width, height: made.height, name },
  };
  change(doc);
  // The user may have changed anything since the run began.
  const { parent, request, values, job } = running;
  const [prompt, model] = [String(request["prompt"] ?? ""), String(request["model"])];
  record({ parent, task: job.kind, asset: made.id, doc: running.doc, prompt, model, values, job: job.id });
  set({ staged: null, candidate: 0, compare: null, picked: null });
}

export function discard(): void {
  set({ staged: null, candidate: 0, compare: null });
}

export function nextCandidate(by: 1 | -1): void {
  const { staged, jobs, candidate } = get();
  const result = staged ? jobs[staged]?.result : null;
  if (!result) return;
  const count = ranked(result).length;
  set({ candidate: (candidate + by + count) % count });
}
