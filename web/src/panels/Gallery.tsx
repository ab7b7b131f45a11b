/** All jobs of the service: find one by words, task, model or state, then edit, restore or retry it. */
import { PencilLine, RotateCcw, Star } from "lucide-react";
import { useEffect, useState } from "react";
import { api, ask, assetUrl, type Asset, type Job } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { SearchField, fits } from "../parts/SearchField";
import { doing } from "../state/doing";
import { refreshQueue } from "../state/following";
import { set, toggleFavourite, useStudio } from "../state/store";
import { openFile } from "../state/work";
import { taskName } from "./History";
import { TASKS } from "./TaskPanel";

interface Shown {
  job: Job;
  pictures: readonly Asset[];
}

export function Gallery() {
  const text = useText();
  const favourites = useStudio((studio) => studio.favourites);
  const models = useStudio((studio) => studio.models);
  const [all, setAll] = useState<Shown[]>([]);
  const [words, setWords] = useState("");
  const [task, setTask] = useState("");
  const [model, setModel] = useState("");
  const [state, setState] = useState("done");
  const [starred, setStarred] = useState(false);
  useEffect(() => {
    void doing("", async () => setAll(await load()));
  }, []);
  const found = all.filter(({ job, pictures }) => {
    return (
      fits(words, `${job.request["prompt"]} ${job.kind} ${job.request["model"]}`) &&
      (!task || job.kind === task) &&
      (!model || String(job.request["model"]).startsWith(model)) &&
      (!state || job.state === state) &&
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
      {found.length === 0 && <p className="empty">{text("gallery.none")}</p>}
      <ul className="gallery">
        {found.map((each) => (
          <Card key={each.job.id} shown={each} favourites={favourites} />
        ))}
      </ul>
    </Dialog>
  );
}

async function load(): Promise<Shown[]> {
  const jobs = await api.jobs(200);
  const ended = jobs.filter(({ state }) => ["done", "failed", "cancelled"].includes(state));
  return Promise.all(
    ended.map(async (job) => ({
      job,
      pictures: job.state === "done" ? (await api.result(job.id)).pictures : [],
    })),
  );
}

function Card({ shown: { job, pictures }, favourites }: { shown: Shown; favourites: string[] }) {
  const text = useText();
  const first = pictures[0];
  const restore = (asset: string): void => {
    void doing(text("busy.open"), async () => (await ask(`assets/${asset}`)).blob()).then(
      (file) => file && openFile(file, text(taskName(job.kind))),
    );
  };
  return (
    <li>
      {first ? <img src={assetUrl(first.id)} alt="" loading="lazy" /> : <div className="no-picture">{text(job.state === "failed" ? "state.failed" : "state.cancelled")}</div>}
      <strong>{text(taskName(job.kind))}</strong>
      <p title={String(job.request["prompt"] ?? "")}>{job.error || String(job.request["prompt"] ?? "")}</p>
      <div className="row">
        {first ? (
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
        ) : (
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
