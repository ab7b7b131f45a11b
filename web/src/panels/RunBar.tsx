/** The Run button with the number of candidates and the seed; progress with the time left, and Stop. */
import { Dices, Minus, Play, Plus, Square, X } from "lucide-react";
import { useEffect, useState } from "react";
import { isOpen } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { anySeed } from "../state/editing";
import { canRun, whatIsMissing } from "../state/ready";
import { set, setValue, useFields, useStudio, type Running } from "../state/store";
import { run, runBoth, stop } from "../state/work";

const MOST = 16;

export function RunBar() {
  const text = useText();
  const { task, seed } = useFields("task", "seed");
  const count = useStudio((studio) => Number(studio.values[task]?.["num_images"] ?? 1));
  const running = useStudio((studio) => (studio.staged ? studio.jobs[studio.staged] : undefined));
  const missing = useStudio(whatIsMissing);
  const ready = useStudio(canRun);
  const active = running && isOpen(running.job);
  return (
    <footer className="runbar">
      {/* Only changes of the state are announced; each step would be too much to listen to. */}
      <p className="sr" role="status">
        {running && text(`state.${running.job.state}`)}
      </p>
      <div className="run-options">
        <div className="stepper" role="group" aria-label={text("candidates")}>
          <span>{text("candidates")}</span>
          <Button
            icon={Minus}
            name={text("fewer")}
            look="quiet"
            disabled={count <= 1}
            onClick={() => setValue("num_images", count <= 2 ? undefined : count - 1)}
          />
          <output>{count}</output>
          <Button
            icon={Plus}
            name={text("more")}
            look="quiet"
            disabled={count >= MOST}
            onClick={() => setValue("num_images", count + 1)}
          />
        </div>
        <label className="seed">
          <span>{text("seed")}</span>
          <input
            type="text"
            inputMode="numeric"
            value={seed ?? ""}
            placeholder={text("seed.random")}
            onChange={({ target }) => {
              const given = Number.parseInt(target.value, 10);
              set({ seed: Number.isFinite(given) && given >= 0 ? given : null });
            }}
          />
        </label>
        <Button
          icon={Dices}
          name={text("seed.roll")}
          look="quiet"
          onClick={() => set({ seed: anySeed() })}
        />
        {seed !== null && (
          <Button icon={X} name={text("seed.free")} look="quiet" onClick={() => set({ seed: null })} />
        )}
      </div>
      {active && running ? (
        <Progress running={running} />
      ) : (
        <>
          <button
            type="button"
            className="button primary run"
            disabled={!ready}
            title={missing ? text(missing) : undefined}
            onClick={() => void run()}
            data-testid="run"
          >
            <Play size={17} aria-hidden="true" />
            {text(`run.${task in RUN ? (task as keyof typeof RUN) : "other"}`)}
            <kbd>Ctrl ↵</kbd>
          </button>
          {missing ? <p className="help">{text(missing)}</p> : <Both />}
        </>
      )}
    </footer>
  );
}

const RUN = { drag: 1, inpaint: 1, sdedit: 1, translate: 1, diffedit: 1, sample: 1 };

function Both() {
  const text = useText();
  const known = useStudio((studio) => studio.schemas[studio.task]?.properties ?? {});
  const values = useStudio((studio) => studio.values[studio.task]);
  const guidance = (values?.["guidance"] ?? {}) as Record<string, unknown>;
  return (
    <div className="both">
      {"sampler" in known && (
        <Button
          look="quiet"
          onClick={() =>
            void runBoth([
              { label: "ODE", more: { sampler: "ode" } },
              { label: "SDE", more: { sampler: "sde" } },
            ])
          }
        >
          {text("both.sampler")}
        </Button>
      )}
      {"image" in known && (
        <Button look="quiet" onClick={() => set({ dialog: "many" })}>
          {text("many.open")}
        </Button>
      )}
      {"guidance" in known && (
        <Button
          look="quiet"
          onClick={() =>
            void runBoth([
              { label: text("both.plain"), more: { guidance: { ...guidance, gain: { name: "plain" } } } },
              { label: text("both.ratio"), more: { guidance: { ...guidance, gain: { name: "ratio" } } } },
            ])
          }
        >
          {text("both.gain")}
        </Button>
      )}
    </div>
  );
}

function Progress({ running }: { running: Running }) {
  const text = useText();
  const { job } = running;
  const left = useLeft(running);
  const share = job.total ? job.done / job.total : 0;
  const said =
    job.state === "cancelling"
      ? text("busy.stop")
      : job.state === "queued"
        ? text("run.queued", { position: (job.position ?? 0) + 1 })
        : job.total
          ? text("run.step", { done: job.done, total: job.total })
          : text("run.loading");
  return (
    <div className="progress">
      <div className="progress-head">
        <span>{said}</span>
        <span>{left !== null && text("run.left", { seconds: left })}</span>
      </div>
      <div
        className="bar"
        role="progressbar"
        aria-label={text("run.progress")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(100 * share)}
      >
        <div style={{ transform: `scaleX(${share})` }} />
      </div>
      <Button icon={Square} look="danger" onClick={() => void stop(job.id)} disabled={job.state === "cancelling"}>
        {text("stop")}
      </Button>
    </div>
  );
}

/** The remaining seconds, estimated from the speed since the first step that was seen. */
function useLeft({ since, job: { done, total } }: Running): number | null {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const each = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(each);
  }, []);
  if (!since || done <= since.done || !total) return null;
  return Math.max(1, Math.round(((now - since.at) / (done - since.done)) * (total - done) * 0.001));
}
