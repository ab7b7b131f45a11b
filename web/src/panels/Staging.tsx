/** The candidates of a run side by side, the best first: accept one, view the next, or discard them. */
import { Check, ChevronLeft, ChevronRight, Star, Trash2 } from "lucide-react";
import { assetUrl } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { looked, ranked, set, toggleFavourite, useStudio } from "../state/store";
import { accept, discard, nextCandidate } from "../state/work";

export function Staging() {
  const text = useText();
  const running = useStudio((studio) => (studio.staged ? studio.jobs[studio.staged] : undefined));
  const candidate = useStudio((studio) => studio.candidate);
  const favourites = useStudio((studio) => studio.favourites);
  const asset = useStudio(looked);
  const result = running?.result;
  if (!running) return null;
  if (!result) {
    const ended = running.job.state === "cancelled" || running.job.state === "failed";
    return ended ? (
      <section className="staging" aria-label={text("staging")}>
        {running.job.state === "failed" ? (
          <div className="notice" role="alert">
            <p>{running.job.error}</p>
            <p className="help">{text("advice.failed")}</p>
          </div>
        ) : (
          <p className="notice" role="status">
            {text("run.stopped")}
          </p>
        )}
        <Button onClick={discard}>{text("back")}</Button>
      </section>
    ) : null;
  }
  const order = ranked(result);
  const scores = (result.report["intent"] ?? []) as { score: number }[];
  const warnings = (result.report["warnings"] ?? []) as string[];
  const favourite = asset !== null && favourites.includes(asset);
  return (
    <section className="staging" aria-label={text("staging")}>
      <ul className="strip">
        {order.map((index, place) => {
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
      <div className="staging-side">
        {warnings.length > 0 && (
          <details className="warnings" open={warnings.length === 1}>
            <summary>{text("warnings", { count: warnings.length })}</summary>
            {warnings.map((each) => (
              <p key={each}>{each}</p>
            ))}
          </details>
        )}
        <div className="staging-actions">
          {order.length > 1 && (
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
      </div>
    </section>
  );
}
