/** The finished runs of the service, a page at a time, the newest first. */
import { api, type Asset, type Job } from "../api/client";

export interface Run {
  job: Job;
  pictures: readonly Asset[];
}

const ENDED = ["done", "failed", "cancelled"] as const;
const PAGE = 50;

/**
 * The runs of one page.
 * @param state done, failed or cancelled; empty for all of them.
 * @param before the last job of the previous page.
 * @returns its runs, without the pictures of results that are not stored any more, and whether it is the last page.
 */
export async function runsBefore(state: string, before?: string): Promise<{ runs: Run[]; last: boolean }> {
  const jobs = await api.jobs({ states: state ? [state] : ENDED, limit: PAGE, before });
  const results = await Promise.allSettled(jobs.map(({ id, state: own }) => (own === "done" ? api.result(id) : null)));
  const runs = jobs.map((job, k) => {
    const told = results[k];
    return { job, pictures: (told?.status === "fulfilled" && told.value?.pictures) || [] };
  });
  return { runs, last: jobs.length < PAGE };
}
