/** The finished runs of the service: find one by words, task, model or state, then edit, restore or retry it. */
import { PencilLine, RotateCcw, Star } from "lucide-react";
import { useEffect, useState } from "react";
import { api, ask, assetUrl } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { SearchField, fits } from "../parts/SearchField";
import { doing } from "../state/doing";
import { refreshQueue } from "../state/following";
import { runsBefore, type Run } from "../state/runs";
import { set, toggleFavourite, useStudio } from "../state/store";
import { openFile } from "../state/work";
import { taskName } from "./History";
import { TASKS } from "./TaskPanel";

/** How many runs are shown at first, and how many more at each wish. */
const SHOWN = 30;

export function Gallery() {
  const text = useText();
  const favourites = useStudio((studio) => studio.favourites);
  const models = useStudio((studio) => studio.models);
  const [words, setWords] = useState("");
  const [task, setTask] = useState("");
  const [model, setModel] = useState("");
  const [state, setState] = useState("done");
  const [starred, setStarred] = useState(false);
  const { found, complete, showOlder } = useRuns(state, ({ job, pictures }) => {
    return (
      fits(words, `${job.request["prompt"]} ${job.kind} ${job.request["model"]}`) &&
      (!task || job.kind === task) &&
      (!model || String(job.request["model"]).startsWith(model)) &&
      (!starred || pictures.some(({ id }) => favourites.includes(id)))
    );
  });
  return (
    <Dialog title={text("gallery")} wide>
      <div className="filters">
        <SearchField value={words} onChange={setWords} />
        <select className="input" aria-label={text("tasks")} value={task} onChange={({ target }) => setTask(target.value)}>
          <option value="">{text("any.task")}</option>
          {TASKS.map((each) => (
            <option key={each.task} value={each.task}>
              {text(each.name)}
            </option>
          ))}
        </select>
        <select className="input" aria-label={text("model")} value={model} onChange={({ target }) => setModel(target.value)}>
          <option value="">{text("any.model")}</option>
          {models.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <select className="input" aria-label={text("state")} value={state} onChange={({ target }) => setState(target.value)}>
          <option value="">{text("any.state")}</option>
          {(["done", "failed", "cancelled"] as const).map((each) => (
            <option key={each} value={each}>
              {text(`state.${each}`)}
            </option>
          ))}
        </select>
        <Button icon={Star} pressed={starred} onClick={() => setStarred(!starred)}>
          {text("favourites")}
        </Button>
      </div>
      {found.length === 0 && complete && <p className="empty">{text("gallery.none")}</p>}
      <ul className="gallery">
        {found.map((each) => (
          <Card key={each.job.id} run={each} favourites={favourites} />
        ))}
      </ul>
      {showOlder && <Button onClick={showOlder}>{text("gallery.older")}</Button>}
    </Dialog>
  );
}

/** The runs that fit; pages are loaded until there are more than are shown, or no older ones. */
function useRuns(state: string, fitting: (run: Run) => boolean) {
  const [wanted, setWanted] = useState(SHOWN);
  const [loaded, setLoaded] = useState<{ state: string; runs: Run[]; last: boolean }>({ state, runs: [], last: false });
  const { runs, last } = loaded.state === state ? loaded : { runs: [], last: false };
  const found = runs.filter(fitting);
  const more = found.length > wanted;
  const before = runs.at(-1)?.job.id;
  useEffect(() => {
    if (more || last) return undefined;
    let current = true;
    void doing("", () => runsBefore(state, before)).then((page) => {
      if (!current) return;
      const { runs: older, last: end } = page ?? { runs: [], last: true }; // the page already says what went wrong
      setLoaded((held) => ({ state, runs: [...(held.state === state ? held.runs : []), ...older], last: end }));
    });
    return () => {
      current = false;
    };
  }, [state, before, more, last]);
  return {
    found: found.slice(0, wanted),
    complete: last,
    showOlder: more ? () => setWanted(wanted + SHOWN) : null,
  };
}

function Card({ run: { job, pictures }, favourites }: { run: Run; favourites: string[] }) {
  const text = useText();
  const first = pictures[0];
  const restore = (asset: string): void => {
    void doing(text("busy.open"), async () => (await ask(`assets/${asset}`)).blob()).then(
      (file) => file && openFile(file, text(taskName(job.kind))),
    );
  };
  return (
    <li>
      {first ? (
        <img src={assetUrl(first.id)} alt="" loading="lazy" />
      ) : (
        <div className="no-picture">{text(job.state === "done" ? "gallery.gone" : `state.${job.state}`)}</div>
      )}
      <strong>{text(taskName(job.kind))}</strong>
      <p title={String(job.request["prompt"] ?? "")} lang={job.error ? "en" : undefined}>
        {job.error || String(job.request["prompt"] ?? "")}
      </p>
      <div className="row">
        {first && (
          <>
            <Button icon={PencilLine} onClick={() => restore(first.id)}>
              {text("gallery.restore")}
            </Button>
            <Button
              icon={Star}
              name={text("favourite")}
              look="quiet"
              pressed={favourites.includes(first.id)}
              onClick={() => toggleFavourite(first.id)}
            />
          </>
        )}
        {job.state !== "done" && (
          <Button
            icon={RotateCcw}
            onClick={() =>
              void doing("", async () => {
                await api.retry(job.id);
                await refreshQueue();
                set({ dialog: null, side: "queue" });
              })
            }
          >
            {text("retry")}
          </Button>
        )}
      </div>
    </li>
  );
}
