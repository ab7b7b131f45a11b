/** One edit on many pictures: choose the pictures, watch the progress, and save the results. */
import { Download, Images } from "lucide-react";
import { useEffect, useState } from "react";
import { assetUrl, takenUrl } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { followed, submitMany, waits, type One } from "../state/many";
import { doing } from "../state/doing";
import { download, pickFiles } from "./files";

const EACH_MS = 1000;

export function ManyDialog() {
  const text = useText();
  const [all, setAll] = useState<readonly One[]>([]);
  const open = all.some(waits);
  useEffect(() => {
    if (!open) return undefined;
    let current = true; // while files are submitted, an answer can be about an older list
    const show = (found: readonly One[]): void => void (current && setAll(found));
    const next = setTimeout(() => {
      // The page already reports a lost connection; setting the same list asks again.
      void followed(all).then(show, () => show([...all]));
    }, EACH_MS);
    return () => {
      current = false;
      clearTimeout(next);
    };
  }, [all, open]);
  const choose = (): void =>
    pickFiles((files) => void doing(text("busy.submit"), () => submitMany(files, setAll)));
  const done = all.filter(({ made }) => made);
  return (
    <Dialog title={text("many")} wide>
      <p>{text("many.lead")}</p>
      <div className="row">
        <Button icon={Images} look="primary" disabled={open} onClick={choose}>
          {text("many.choose")}
        </Button>
        {done.length > 0 && (
          <Button
            icon={Download}
            onClick={() => done.forEach(({ made, name }) => made && download(takenUrl(made.id, "png"), png(name)))}
          >
            {text("many.save", { count: done.length })}
          </Button>
        )}
      </div>
      {all.length > 0 && (
        <p role="status">{text("many.count", { done: all.filter((one) => !waits(one)).length, all: all.length })}</p>
      )}
      <ul className="gallery">
        {all.map((one, k) => (
          <li key={k}>
            {one.made ? <img src={assetUrl(one.made.id)} alt="" /> : <div className="no-picture">{state(one, text)}</div>}
            <strong>{one.name}</strong>
            {one.error && (
              <p title={one.error.text} lang={one.error.lang}>
                {one.error.text}
              </p>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

const png = (name: string): string => `${name.replace(/\.[^.]*$/, "")}-edited.png`;

function state({ job, error }: One, text: ReturnType<typeof useText>): string {
  if (!job) return error ? text("state.failed") : "";
  if (job.state === "queued") return text("run.queued", { position: (job.position ?? 0) + 1 });
  if (job.state === "failed" || job.state === "cancelled") return text(`state.${job.state}`);
  return job.total ? text("run.step", { done: job.done, total: job.total }) : text("run.loading");
}
