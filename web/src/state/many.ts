/** The current edit on other pictures: one job for each, with points and mask scaled to the picture. */
import { api, isOpen, Unreachable, type Asset, type Job } from "../api/client";
import { fitted } from "./doc";
import { reasonOf } from "./doing";
import { anySeed } from "./editing";
import { get, type Told } from "./store";
import { requestOf, submitted, taken } from "./work";

/** One of many pictures, and what has happened to it. */
export interface One {
  name: string;
  job: Job | null;
  made: Asset | null;
  /** Why it could not be submitted, or why its job failed. */
  error: Told | null;
}

/**
 * Submit the current edit for every file, one after the other; `tell` is called before and after each.
 * Changes that the user makes meanwhile do not matter.
 */
export async function submitMany(files: readonly File[], tell: (all: readonly One[]) => void): Promise<void> {
  const studio = get();
  const seed = studio.seed ?? anySeed();
  const all: One[] = files.map(({ name }) => ({ name, job: null, made: null, error: null }));
  tell([...all]);
  let lost: Unreachable | null = null;
  for (const [k, file] of files.entries()) {
    try {
      const { id, width, height } = await taken(file);
      const other = fitted(studio.doc, { asset: id, width, height, name: file.name });
      all[k] = { ...all[k]!, job: await submitted(await requestOf({ seed }, studio, other)) };
    } catch (error) {
      all[k] = { ...all[k]!, error: reasonOf(error) };
      if (error instanceof Unreachable) lost = error;
    }
    tell([...all]);
  }
  if (lost) throw lost; // the page reports it, and tries to connect again
}

/** The pictures with the current state of their jobs. */
export function followed(all: readonly One[]): Promise<readonly One[]> {
  return Promise.all(
    all.map(async (one) => {
      if (!one.job || !isOpen(one.job)) return one;
      const job = await api.job(one.job.id);
      const made = job.state === "done" ? ((await api.result(job.id)).pictures[0] ?? null) : null;
      return { ...one, job, made, error: job.error ? { text: job.error, lang: "en" } : null };
    }),
  );
}

/** Whether a picture is not finished yet: its job has not ended, or is still to be submitted. */
export const waits = ({ job, error }: One): boolean => (job ? isOpen(job) : !error);
