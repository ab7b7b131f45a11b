/** The client of the service, typed from its own schema: same origin, JSON in and out, readable errors. */
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobResult = Schemas["JobResult"];
export type Asset = Schemas["Asset"];
export type ModelInfo = Schemas["ModelInfo"];
export type QueueState = Schemas["Queue"];
export type Layers = Schemas["Layers"];
export type Clouds = Schemas["Clouds"];
export type Carried = Schemas["Carried"];
export type Texts = Schemas["Texts"];
export type Example = Schemas["Example"];
export type ModelFacts = Schemas["ModelFacts"];
export type Values = Record<string, unknown>;

const API = "/api/v1";

/** The service refused a request; `argument` names the option that is wrong. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly argument: string | null,
  ) {
    super(message);
  }
}

/** The service did not answer. */
export class Unreachable extends Error {}

export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path.startsWith("/") ? path : `${API}/${path}`, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(String(error));
  }
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))) as { message?: string; argument?: string };
  throw new Refused(answer.status, told.message ?? answer.statusText, told.argument ?? null);
}

async function read<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

function send<T>(path: string, body: unknown, method = "POST", signal?: AbortSignal): Promise<T> {
  const headers = { "content-type": "application/json" };
  return read<T>(path, { method, headers, body: JSON.stringify(body), signal: signal ?? null });
}

/** Whether a job has not ended yet. */
export const isOpen = ({ state }: Job): boolean => ["queued", "running", "cancelling"].includes(state);

/** The address of an asset's file. */
export const assetUrl = (id: string): string => `${API}/assets/${id}`;

export const api = {
  models: () => read<ModelInfo[]>("models"),
  schemas: () => read<Record<string, Values>>("schemas"),
  upload: (file: Blob) => read<Asset>("assets", { method: "POST", body: file }),
  about: (id: string) => read<Asset>(`assets/${id}/about`),
  submit: (body: Values, key: string) =>
    read<Job>("jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify(body),
    }),
  /** The newest jobs, or those before another one. */
  jobs: ({ states = [], limit, before }: { states?: readonly string[]; limit: number; before?: string | undefined }) => {
    const asked = new URLSearchParams([["limit", String(limit)], ...states.map((each) => ["state", each])]);
    if (before) asked.set("before", before);
    return read<Job[]>(`jobs?${asked}`);
  },
  job: (id: string) => read<Job>(`jobs/${id}`),
  result: (id: string) => read<JobResult>(`jobs/${id}/result`),
  cancel: (id: string) => read<Job>(`jobs/${id}/cancel`, { method: "POST" }),
  retry: (id: string) => read<Job>(`jobs/${id}/retry`, { method: "POST" }),
  queue: () => read<QueueState>("queue"),
  pause: () => read<QueueState>("queue/pause", { method: "POST" }),
  resume: () => read<QueueState>("queue/resume", { method: "POST" }),
  order: (jobs: string[]) => send<QueueState>("queue/order", { jobs }, "PUT"),
  examples: () => read<Example[]>("studio/examples"),
  openExample: (name: string) => read<Asset>(`studio/examples/${name}`, { method: "POST" }),
  facts: (model: string) => read<ModelFacts>(`studio/models/${encodeURIComponent(model)}`),
  words: (model: string, text: string, signal: AbortSignal) =>
    send<Schemas["Words"]>("studio/words", { model, text }, "POST", signal),
  familiarity: (model: string, image: string) =>
    read<Schemas["Familiarity"]>(
      `studio/familiarity?model=${encodeURIComponent(model)}&image=${image}`,
    ),
  settled: (kind: string, given: Values) =>
    send<Schemas["Settled"]>(`studio/settled/${kind}`, given),
  said: (kind: string, given: Values) => send<Texts>(`studio/said/${kind}`, given),
  carried: (file: Blob) => read<Carried>("studio/carried", { method: "POST", body: file }),
  layers: (asked: Values, signal: AbortSignal) =>
    send<Layers>("studio/layers", asked, "POST", signal),
  preview: async (asked: Values, signal: AbortSignal) =>
    (
      await ask("studio/preview", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(asked),
        signal,
      })
    ).blob(),
  randomness: (eta: number, level: number, signal: AbortSignal) =>
    read<Clouds[]>(`studio/lab/randomness?eta=${eta}&level=${level}`, { signal }),
  guidance: (scale: number, signal: AbortSignal) =>
    read<Clouds[]>(`studio/lab/guidance?scale=${scale}`, { signal }),
};

export const takenUrl = (asset: string, suffix: string): string =>
  `${API}/studio/taken/${asset}?suffix=${suffix}`;
