/** All accepted pictures as a tree of what each was made from; going back restores what was drawn. */
import { useState } from "react";
import { assetUrl } from "../api/client";
import { moment, useText, type Key } from "../i18n";
import { SearchField, fits } from "../parts/SearchField";
import { get, replace, set, useStudio, type Step } from "../state/store";

export function History() {
  const text = useText();
  const steps = useStudio((studio) => studio.steps);
  const current = useStudio((studio) => studio.current);
  const [wanted, setWanted] = useState("");
  const found = steps.filter((step) => matches(step, wanted));
  const roots = wanted ? found : steps.filter((step) => !step.parent);
  if (steps.length === 0) return <p className="empty">{text("history.none")}</p>;
  return (
    <div className="history">
      <SearchField value={wanted} onChange={setWanted} />
      <ul className="tree">
        {[...roots].reverse().map((step) => (
          <Branch key={step.id} step={step} current={current} all={wanted ? [] : steps} />
        ))}
      </ul>
    </div>
  );
}

function matches({ prompt, task, model, doc }: Step, wanted: string): boolean {
  return fits(wanted, `${prompt} ${task} ${model} ${doc.picture?.name ?? ""}`);
}

function Branch({ step, current, all }: { step: Step; current: string | null; all: Step[] }) {
  const text = useText();
  const children = all.filter((each) => each.parent === step.id);
  const name = text(step.task === "open" ? "history.opened" : taskName(step.task));
  return (
    <li>
      <button
        type="button"
        className="step"
        aria-current={step.id === current}
        onClick={() => goTo(step)}
      >
        <img src={assetUrl(step.asset)} alt="" loading="lazy" />
        <span>
          <strong>{name}</strong>
          <small>{step.task === "open" ? step.doc.picture?.name : step.prompt}</small>
          <small>{moment(step.at)}</small>
        </span>
      </button>
      {children.length > 0 && (
        <ul>
          {children.map((child) => (
            <Branch key={child.id} step={child} current={current} all={all} />
          ))}
        </ul>
      )}
    </li>
  );
}

export function taskName(task: string): Key {
  const name = `task.${task}`;
  const names: Key[] = ["task.drag", "task.inpaint", "task.sdedit", "task.translate", "task.diffedit", "task.sample"];
  return names.find((each) => each === name) ?? "task.other";
}

function goTo(step: Step): void {
  const next = get().steps.find((each) => each.parent === step.id);
  const picture = step.task === "open" ? step.doc.picture : pictureOf(step);
  if (!picture) return;
  // Restore what was drawn on this picture next, so that it can be changed and run again.
  const drawn = next?.doc ?? { picture, points: [], regions: [], mask: [] };
  const { prompt, model, task, values } = step;
  const own = task === "open" ? {} : { task, values: { ...get().values, [task]: values } };
  replace({ ...drawn, picture }, { prompt, model, ...own });
  set({ current: step.id, staged: null, compare: null });
}

function pictureOf(step: Step) {
  const before = step.doc.picture;
  const made = step.job ? get().jobs[step.job]?.result?.pictures.find(({ id }) => id === step.asset) : null;
  const size = made ?? before;
  return size ? { asset: step.asset, width: size.width, height: size.height, name: before?.name ?? step.task } : null;
}
