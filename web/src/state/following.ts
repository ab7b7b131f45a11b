/**
 * Keeps the jobs of the session up to date. Only the job that is shown is streamed, and only while the page is
 * visible, because each stream holds a connection, and a browser opens at most six to a host for all of its tabs.
 * The service is asked about the other open jobs every second.
 */
import { api, assetUrl, isOpen, Refused, Unreachable } from "../api/client";
import { follow, type JobEvent } from "../api/events";
import { failed } from "./doing";
import { get, set, useStudio, type Running } from "./store";

const EACH_MS = 1000;

let streamed: { job: string; stop: AbortController } | null = null;

/** Begin to follow the jobs, now and in the future. */
export function followJobs(): void {
  useStudio.subscribe(streamShown);
  document.addEventListener("visibilitychange", streamShown);
  streamShown();
  const again = (): void => {
    setTimeout(() => void askAboutOthers().finally(again), EACH_MS);
  };
  again();
}

export function update(job: string, change: Partial<Running>): void {
  const before = get().jobs[job];
  if (before) set({ jobs: { ...get().jobs, [job]: { ...before, ...change } } });
}

/** Whether there is more to hear about a run. */
const waits = ({ job, result }: Running): boolean => isOpen(job) || (job.state === "done" && !result);

/** Stream the job that is shown, if it has not ended, and no other. */
function streamShown(): void {
  const { staged, jobs } = get();
  const shown = staged ? jobs[staged] : undefined;
  const wanted = shown && waits(shown) && !document.hidden ? shown.job.id : undefined;
  if (wanted === streamed?.job) return;
  streamed?.stop.abort();
  streamed = wanted ? { job: wanted, stop: new AbortController() } : null;
  if (streamed) void stream(streamed.job, streamed.stop.signal);
}

/** Follow a job to its end, through lost connections and restarts of the service. */
async function stream(job: string, signal: AbortSignal): Promise<void> {
  const connected = (online: boolean): void => {
    if (get().online !== online) set({ online });
    if (online) update(job, { since: null });
  };
  try {
    await look(job); // the events so far come first, and are recognised by the step that the job has reached
    await follow(job, (event) => heard(job, event), connected, signal);
    if (!signal.aborted) await look(job);
  } catch (error) {
    if (!signal.aborted) lost(job, error);
  } finally {
    // If there is more to hear, the stream begins again, but not at once.
    setTimeout(() => {
      if (streamed?.stop.signal !== signal) return;
      streamed = null;
      streamShown();
    }, EACH_MS);
  }
}

function heard(job: string, { kind, data }: JobEvent): void {
  const running = get().jobs[job];
  if (!running) return;
  const told = running.job;
  if (kind === "started" && told.state === "queued") update(job, { job: { ...told, state: "running" } });
  else if (kind === "step") {
    const [done, total] = [Number(data["done"]), Number(data["total"])];
    if (done <= told.done) return;
    update(job, { job: { ...told, done, total }, since: running.since ?? { at: Date.now(), done } });
  } else if (kind === "preview") update(job, { preview: String(data["preview"]) });
  else if (kind === "position") update(job, { job: { ...told, position: Number(data["position"]) } });
  void refreshQueue();
}

async function askAboutOthers(): Promise<void> {
  if (!get().online) return;
  const others = Object.values(get().jobs).filter((each) => waits(each) && each.job.id !== streamed?.job);
  await Promise.all(others.map(({ job }) => look(job.id).catch((error: unknown) => lost(job.id, error))));
}

/** Ask the service about a job, and for its result if it is done. */
async function look(job: string): Promise<void> {
  const told = await api.job(job);
  const result = told.state === "done" ? await api.result(job) : null;
  update(job, { job: told, result });
  if (isOpen(told)) return;
  void refreshQueue();
  if (!result) return;
  for (const each of result.pictures) void fetch(assetUrl(each.id), { priority: "low" });
  const pair = get().jobs[job]?.pair;
  if (pair) bothDone(pair.group);
}

function lost(job: string, error: unknown): void {
  const told = get().jobs[job]?.job;
  // A job that the service does not know would otherwise wait forever, and Run with it.
  if (told && error instanceof Refused && error.status === 404) {
    update(job, { job: { ...told, state: "failed", error: error.message } });
  } else failed(error);
}

function bothDone(group: string): void {
  const [first, second] = Object.values(get().jobs).filter((each) => each.pair?.group === group);
  const other = first?.result?.pictures[0]?.id;
  if (!first?.pair || !second?.pair || !other || !second.result) return;
  const labels: [string, string] = [first.pair.label, second.pair.label];
  set({ staged: second.job.id, candidate: 0, compare: { way: "slider", with: other, labels } });
}

export async function refreshQueue(): Promise<void> {
  try {
    set({ queue: await api.queue() });
  } catch (error) {
    if (error instanceof Unreachable) set({ online: false });
  }
}
