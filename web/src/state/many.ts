/** The present edit on other pictures: one job for each, with the points and the mask where they lie there. */
import { api, assetUrl, Refused, type Asset, type Job } from "../api/client";
import { fitted, type Doc, type Picture } from "./doc";
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
  const seed = get().seed ?? Math.floor(Math.random() * 2 ** 32);
  const all: One[] = files.map(({ name }) => ({ name, job: null, made: null, error: "" }));
  for (const [k, file] of files.entries()) {
    try {
      const asset = await taken(file);
      all[k] = { ...all[k]!, job: await submitted(await requestOf({ seed }, onPicture(doc, asset, file.name))) };
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
      if (!isOpen(one) || !one.job) return one;
      const job = await api.job(one.job.id);
      const made = job.state === "done" ? ((await api.result(job.id)).pictures[0] ?? null) : null;
      return { ...one, job, made, error: job.error ?? "" };
    }),
  );
}

/** Whether a picture's job has not ended yet. */
export const isOpen = ({ job }: One): boolean =>
  job !== null && ["queued", "running", "cancelling"].includes(job.state);

/** The address of what was made of a picture, or null. */
export const madeUrl = ({ made }: One): string | null => (made ? assetUrl(made.id) : null);

function onPicture(doc: Doc, { id, width, height }: Asset, name: string): Doc {
  const picture: Picture = { asset: id, width, height, name };
  return fitted(doc, picture);
}
