/** The running and the waiting jobs of the service: pause the queue, reorder it, cancel jobs. */
import { ArrowDown, ArrowUp, Pause, Play, X } from "lucide-react";
import { useEffect, useState } from "react";
import { api, type Job } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { doing } from "../state/doing";
import { refreshQueue } from "../state/following";
import { set, useStudio } from "../state/store";
import { taskName } from "./History";

const EACH_MS = 1000;

export function Queue() {
  const text = useText();
  const queue = useStudio((studio) => studio.queue);
  const [jobs, setJobs] = useState<Job[]>([]);
  useEffect(() => {
    const look = (): void => {
      void refreshQueue();
      void api
        .jobs({ limit: 100 })
        .then(setJobs)
        .catch(() => undefined); // the page already reports a lost connection
    };
    look();
    const each = setInterval(look, EACH_MS);
    return () => clearInterval(each);
  }, []);
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const waiting = queue?.queued ?? [];
  const running = queue?.running ?? [];
  const swap = (k: number, by: 1 | -1): void => {
    const order = [...waiting];
    [order[k], order[k + by]] = [order[k + by]!, order[k]!];
    void doing("", async () => set({ queue: await api.order(order) }));
  };
  return (
    <div className="queue">
      <div className="field-head">
        <h3>{text("queue.count", { running: running.length, waiting: waiting.length })}</h3>
        <Button
          icon={queue?.paused ? Play : Pause}
          onClick={() =>
            void doing("", async () => {
              set({ queue: queue?.paused ? await api.resume() : await api.pause() });
            })
          }
        >
          {text(queue?.paused ? "queue.resume" : "queue.pause")}
        </Button>
      </div>
      {queue?.paused && <p className="notice">{text("queue.paused")}</p>}
      {running.length + waiting.length === 0 && <p className="empty">{text("queue.none")}</p>}
      <ol>
        {[...running, ...waiting].map((id) => {
          const job = byId.get(id);
          const k = waiting.indexOf(id);
          return (
            <li key={id}>
              <span>
                <strong>{job ? text(taskName(job.kind)) : id.slice(0, 6)}</strong>
                <small>{job && String(job.request["prompt"] ?? "")}</small>
                <small>
                  {k >= 0
                    ? text("run.queued", { position: k + 1 })
                    : job?.total
                      ? text("run.step", { done: job.done, total: job.total })
                      : text("run.loading")}
                </small>
              </span>
              {k > 0 && <Button icon={ArrowUp} name={text("queue.up")} look="quiet" onClick={() => swap(k, -1)} />}
              {k >= 0 && k + 1 < waiting.length && (
                <Button icon={ArrowDown} name={text("queue.down")} look="quiet" onClick={() => swap(k, 1)} />
              )}
              <Button
                icon={X}
                name={text("queue.cancel")}
                look="quiet"
                onClick={() =>
                  void doing("", async () => {
                    await api.cancel(id);
                    await refreshQueue();
                  })
                }
              />
            </li>
          );
        })}
      </ol>
    </div>
  );
}
