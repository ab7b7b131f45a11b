/** The state of the studio. Actions that call the service are in `work.ts`. */
import { create } from "zustand";
import { useShallow } from "zustand/react/shallow";
import type { Clouds, Job, JobResult, ModelInfo, QueueState, Values } from "../api/client";
import type { Schema } from "../forms/schema";
import type { XY } from "../drag/points";
import { EMPTY, type Doc } from "./doc";

export type Tool = "move" | "point" | "brush" | "eraser" | "polygon" | "lasso";
export type Task = string;
export type Dialog = "open" | "take" | "many" | "gallery" | "learn" | "keys" | null;
export type Way = "slider" | "hold" | "flicker" | "difference";

/** A picture in the history, and how it was made. */
export interface Step {
  id: string;
  parent: string | null;
  at: number;
  task: Task | "open";
  asset: string;
  doc: Doc;
  prompt: string;
  model: string;
  values: Values;
  job: string | null;
}

export interface Running {
  job: Job;
  /** What was submitted: only the options that the user chose. */
  request: Values;
  /** The doc, the step of the history and the settings with which it was submitted. */
  doc: Doc;
  parent: string | null;
  values: Values;
  preview: string | null;
  /** The first step that was seen over the current connection, and when, in milliseconds since 1970. */
  since: { at: number; done: number } | null;
  result: JobResult | null;
  /** If this is one of two compared runs: which comparison, and which of the two. */
  pair: { group: string; label: string } | null;
}

/** What an opened picture or a step of the history replaces, besides what is drawn. */
export type Settings = Pick<
  Studio,
  "task" | "model" | "prompt" | "sourcePrompt" | "negative" | "values" | "seed"
>;

/** What undo restores: what was drawn, and the step of the history on which it was drawn. */
export interface Moment {
  doc: Doc;
  current: string | null;
  /** The settings, if the change replaced them; others keep what was typed since. */
  settings?: Settings;
}

/** What went wrong, in the language of the page unless it says another one. */
export interface Told {
  text: string;
  lang?: "en";
}

export interface View {
  zoom: number;
  x: number;
  y: number;
}

export interface Studio {
  doc: Doc;
  past: Moment[];
  future: Moment[];
  /** What the last change changed, if further changes of the same are one step for undo. */
  changing: string | null;
  /** The doc with what is being drawn and not yet part of `doc`. */
  draft: Doc | null;
  task: Task;
  model: string;
  prompt: string;
  sourcePrompt: string;
  negative: string;
  values: Record<Task, Values>;
  seed: number | null;
  steps: Step[];
  current: string | null;
  staged: string | null;
  candidate: number;
  jobs: Record<string, Running>;
  /** Assets that the user marked. */
  favourites: string[];
  // What the service says.
  models: ModelInfo[];
  schemas: Record<string, Schema>;
  queue: QueueState | null;
  online: boolean;
  busy: string | null;
  error: (Told & { advice: string }) | null;
  // What is shown.
  tool: Tool;
  brush: number;
  /** The id of the picked point, or minus the id of the picked region. */
  picked: number | null;
  /** The corners of a polygon that is not closed yet. */
  corners: XY[];
  view: View;
  /** Where the pointer is, in pixels of the picture. */
  pointer: XY | null;
  motion: "cut" | "bend" | null;
  dialog: Dialog;
  tour: number | null;
  compare: { way: Way; with: string | null; labels: [string, string] | null } | null;
  side: "edit" | "history" | "queue";
  clouds: Record<string, Clouds[]>;
}

const START: Studio = {
  doc: EMPTY,
  past: [],
  future: [],
  changing: null,
  draft: null,
  task: "drag",
  model: "portraits",
  prompt: "",
  sourcePrompt: "",
  negative: "",
  values: {},
  seed: null,
  steps: [],
  current: null,
  staged: null,
  candidate: 0,
  jobs: {},
  favourites: [],
  models: [],
  schemas: {},
  queue: null,
  online: true,
  busy: null,
  error: null,
  tool: "point",
  brush: 24,
  picked: null,
  corners: [],
  view: { zoom: 1, x: 0, y: 0 },
  pointer: null,
  motion: null,
  dialog: null,
  tour: null,
  compare: null,
  side: "edit",
  clouds: {},
};

export const useStudio = create<Studio>(() => START);
export const get = useStudio.getState;
export const set = useStudio.setState;

/** Some fields of the state; reading all of it would render a component at every pointer move. */
export function useFields<Name extends keyof Studio>(...names: Name[]): Pick<Studio, Name> {
  return useStudio(
    useShallow((studio) => Object.fromEntries(names.map((name) => [name, studio[name]])) as Pick<Studio, Name>),
  );
}

const MOST_UNDONE = 200;

/** The current moment, with the settings if `all`. */
function now(all: boolean): Moment {
  const { doc, current, task, model, prompt, sourcePrompt, negative, values, seed } = get();
  if (!all) return { doc, current };
  return { doc, current, settings: { task, model, prompt, sourcePrompt, negative, values, seed } };
}

/**
 * Change the doc, so that undo restores what it was.
 * @param changing what is changed, such as the target of a point, if consecutive changes of it are one step.
 */
export function change(doc: Doc, changing: string | null = null): void {
  const { past, changing: last } = get();
  const goesOn = changing !== null && changing === last;
  const kept = goesOn ? past : [...past, now(false)].slice(-MOST_UNDONE);
  set({ doc, draft: null, past: kept, future: [], changing });
}

/** Replace the doc together with settings; undo restores both. */
export function replace(doc: Doc, settings: Partial<Settings>): void {
  const past = [...get().past, now(true)].slice(-MOST_UNDONE);
  set({ ...settings, doc, draft: null, past, future: [], changing: null });
}

export function undo(): void {
  const { past, future } = get();
  const before = past.at(-1);
  if (!before || !drawable(get())) return;
  const left = now(before.settings !== undefined);
  goTo(before, past.slice(0, -1), [left, ...future]);
}

export function redo(): void {
  const { past, future } = get();
  const [next, ...rest] = future;
  if (!next || !drawable(get())) return;
  const left = now(next.settings !== undefined);
  goTo(next, [...past, left], rest);
}

function goTo({ settings, ...drawn }: Moment, past: Moment[], future: Moment[]): void {
  set({ ...settings, ...drawn, draft: null, past, future, changing: null });
}

/** Whether the canvas can be drawn on: it shows the picture that is edited, and not a run or a comparison. */
export const drawable = ({ staged, compare }: Studio): boolean => !staged && !compare;

/** The doc as it is shown, including what is being drawn. */
export const shown = (studio: Studio): Doc => studio.draft ?? studio.doc;

/** Set an option of the current task; undefined restores the model's default. */
export function setValue(name: string, value: unknown): void {
  const { values, task } = get();
  const own = { ...values[task] };
  if (value === undefined) Reflect.deleteProperty(own, name);
  else own[name] = value;
  set({ values: { ...values, [task]: own } });
}

/** The visible picture: a staged candidate, or the picture that is being edited. */
export function looked(studio: Studio): string | null {
  const result = studio.staged ? studio.jobs[studio.staged]?.result : null;
  return result?.pictures[ranked(result)[studio.candidate] ?? 0]?.id ?? studio.doc.picture?.asset ?? null;
}

/** What the visible picture is compared with, unless another one is named. */
export function original(studio: Studio): string | null {
  if (studio.staged) return studio.jobs[studio.staged]?.doc.picture?.asset ?? null;
  const byId = new Map(studio.steps.map((step) => [step.id, step]));
  let step = studio.current ? byId.get(studio.current) : undefined;
  while (step?.parent) step = byId.get(step.parent);
  return step?.asset ?? null;
}

export function toggleFavourite(asset: string): void {
  const { favourites } = get();
  const rest = favourites.filter((each) => each !== asset);
  set({ favourites: rest.length < favourites.length ? rest : [...favourites, asset] });
}

/** The candidates of a result, the best first. */
export function ranked(result: JobResult): number[] {
  const order = (result.report["ranking"] ?? []) as number[];
  return order.length === result.pictures.length ? order : result.pictures.map((_, k) => k);
}
