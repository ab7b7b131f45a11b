/** The candidates of a run side by side, the best first: accept one, view the next, or discard them. */
import { Check, ChevronLeft, ChevronRight, Star, Trash2 } from "lucide-react";
import { assetUrl, type Job, type JobResult } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { looked, ranked, set, toggleFavourite, useFields, useStudio } from "../state/store";
import { accept, discard, nextCandidate } from "../state/work";

export function Staging() {
  const text = useText();
  const running = useStudio((studio) => (studio.staged ? studio.jobs[studio.staged] : undefined));
  if (!running) return null;
  const { job, result } = running;
  const failed = job.state === "failed" || job.state === "cancelled";
  if (!result && !failed) return null;
  return (
    <section className="staging" aria-label={text("staging")}>
      {result ? (
        <>
          <Strip result={result} />
          <div className="staging-side">
            <Warnings result={result} />
            <Actions count={result.pictures.length} />
          </div>
        </>
      ) : (
        <NoResult job={job} />
      )}
    </section>
  );
}

function NoResult({ job }: { job: Job }) {
  const text = useText();
  return (
    <>
      {job.state === "failed" ? (
        <div className="notice" role="alert">
          <p lang="en">{job.error}</p>
          <p className="help">{text("advice.failed")}</p>
        </div>
      ) : (
        <p className="notice" role="status">
          {text("run.stopped")}
        </p>
      )}
      <Button onClick={discard}>{text("back")}</Button>
    </>
  );
}

function Strip({ result }: { result: JobResult }) {
  const text = useText();
  const { candidate, favourites } = useFields("candidate", "favourites");
  const scores = (result.report["intent"] ?? []) as { score: number }[];
  return (
    <ul className="strip">
      {ranked(result).map((index, place) => {
        const score = scores[index]?.score;
        const id = result.pictures[index]?.id;
        return (
          <li key={id ?? index}>
            <button
              type="button"
              aria-pressed={place === candidate}
              aria-label={text("candidate", { number: place + 1 })}
              onClick={() => set({ candidate: place })}
            >
              {id && <img src={assetUrl(id)} alt="" />}
              <span className="score">
                {id && favourites.includes(id) && <Star size={11} fill="currentColor" aria-hidden="true" />}
                {score === undefined ? place + 1 : score.toFixed(2)}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Warnings({ result }: { result: JobResult }) {
  const text = useText();
  const warnings = (result.report["warnings"] ?? []) as string[];
  if (warnings.length === 0) return null;
  return (
    <details className="warnings" open={warnings.length === 1}>
      <summary>{text("warnings", { count: warnings.length })}</summary>
      {warnings.map((each) => (
        <p key={each} lang="en">
          {each}
        </p>
      ))}
    </details>
  );
}

function Actions({ count }: { count: number }) {
  const text = useText();
  const asset = useStudio(looked);
  const favourite = useStudio(({ favourites }) => asset !== null && favourites.includes(asset));
  return (
    <div className="staging-actions">
      {count > 1 && (
        <>
          <Button icon={ChevronLeft} name={text("previous")} look="quiet" onClick={() => nextCandidate(-1)} />
          <Button icon={ChevronRight} name={text("next")} keys="N" look="quiet" onClick={() => nextCandidate(1)} />
        </>
      )}
      <Button
        icon={Star}
        name={text("favourite")}
        keys="F"
        look="quiet"
        pressed={favourite}
        onClick={() => asset && toggleFavourite(asset)}
      />
      <Button icon={Trash2} onClick={discard} keys="Backspace">
        {text("discard")}
      </Button>
      <Button icon={Check} look="primary" onClick={accept} keys="Enter">
        {text("accept")}
      </Button>
    </div>
  );
}
