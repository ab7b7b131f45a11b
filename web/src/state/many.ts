/** The current edit on other pictures: one job for each, with points and mask scaled to the picture. */
import { api, isOpen, Refused, type Asset, type Job } from "../api/client";
import { fitted } from "./doc";
import { anySeed } from "./editing";
import { get } from "./store";
import { requestOf, submitted, taken } from "./work";

/** One of many pictures, and what has happened to it. */
export interface One {
  name: string;
  job: Job | null;
  made: Asset | null;
  /** Why it could not be submitted, or why its job failed. */
  error: string;
}

/** Submit the current edit for every file, one after the other; `tell` is called after each. */
export async function submitMany(
  files: readonly File[],
  tell: (all: readonly One[]) => void,
): Promise<readonly One[]> {
  const { doc } = get();
  const seed = get().seed ?? anySeed();
  const all: One[] = files.map(({ name }) => ({ name, job: null, made: null, error: "" }));
  for (const [k, file] of files.entries()) {
    try {
      const { id, width, height } = await taken(file);
      const other = fitted(doc, { asset: id, width, height, name: file.name });
      all[k] = { ...all[k]!, job: await submitted(await requestOf({ seed }, other)) };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      all[k] = { ...all[k]!, error: error.message };
    }
    tell([...all]);
  }
  return all;
}

/** The pictures with the current state of their jobs. */
export function followed(all: readonly One[]): Promise<readonly One[]> {
  return Promise.all(
    all.map(async (one) => {
      if (!one.job || !isOpen(one.job)) return one;
      const job = await api.job(one.job.id);
      const made = job.state === "done" ? ((await api.result(job.id)).pictures[0] ?? null) : null;
      return { ...one, job, made, error: job.error ?? "" };
    }),
  );
}

/** Whether the job of a picture has not ended yet. */
export const waits = ({ job }: One): boolean => job !== null && isOpen(job);
