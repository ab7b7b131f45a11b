/** The present edit on other pictures: one job for each, with the points and the mask where they lie there. */
import { api, isOpen, Refused, type Asset, type Job } from "../api/client";
import { fitted } from "./doc";
import { anySeed } from "./editing";
import { get } from "./store";
import { requestOf, submitted, taken } from "./work";

/** One picture of many: what became of it. */
export interface One {
  name: string;
  job: Job | null;
  made: Asset | null;
  /** Why it could not be submitted, or why its job failed. */
  error: string;
}

/** Submit the present edit for every file, one after the other; `tell` is told after each. */
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

/** What has become of them by now. */
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

/** Whether a picture is not done with yet. */
export const waits = ({ job }: One): boolean => job !== null && isOpen(job);
