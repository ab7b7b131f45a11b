import { useText, type Key } from "../i18n";
import { TaskForm } from "../forms/TaskForm";
import { Segments } from "../parts/Segments";
import { set, useFields, useStudio, type Task } from "../state/store";
import { ModelLine } from "./ModelLine";
import { PointList } from "./PointList";
import { Prompt } from "./Prompt";

/** The tasks of the canvas, in the order in which the page shows them. */
export const TASKS: readonly { task: Task; name: Key; hint: Key }[] = [
  { task: "drag", name: "task.drag", hint: "task.drag.hint" },
  { task: "inpaint", name: "task.inpaint", hint: "task.inpaint.hint" },
  { task: "sdedit", name: "task.sdedit", hint: "task.sdedit.hint" },
  { task: "translate", name: "task.translate", hint: "task.translate.hint" },
  { task: "diffedit", name: "task.diffedit", hint: "task.diffedit.hint" },
  { task: "sample", name: "task.sample", hint: "task.sample.hint" },
];

export function TaskPanel() {
  const text = useText();
  const { task, prompt, sourcePrompt, negative, models, model } = useFields(
    "task",
    "prompt",
    "sourcePrompt",
    "negative",
    "models",
    "model",
  );
  const schema = useStudio((studio) => studio.schemas[studio.task]);
  const can = models.find(({ name }) => name === model)?.capabilities;
  const shown = TASKS.filter((each) => can?.["text"] !== false || !WORDS.has(each.task));
  const chosen = TASKS.find((each) => each.task === task);
  const known = schema?.properties ?? {};
  const needed = (name: string): boolean => schema?.required?.includes(name) ?? false;
  return (
    <div className="task-panel">
      <Segments
        label={text("tasks")}
        value={task}
        options={shown.map((each) => ({
          value: each.task,
          label: text(each.name),
          hint: text(each.hint),
        }))}
        onChange={choose}
      />
      {chosen && <p className="lead">{text(chosen.hint)}</p>}
      <ModelLine />
      {task === "drag" && <PointList />}
      {can?.["text"] !== false && (
        <>
          {"source_prompt" in known && (
            <Prompt
              name="source_prompt"
              help={known["source_prompt"]?.description}
              value={sourcePrompt}
              required={needed("source_prompt")}
              onChange={(value) => set({ sourcePrompt: value })}
            />
          )}
          <Prompt
            name="prompt"
            help={known["prompt"]?.description}
            value={prompt}
            required={needed("prompt")}
            onChange={(value) => set({ prompt: value })}
          />
        </>
      )}
      <TaskForm />
      {can?.["text"] !== false && (
        <details className="advanced">
          <summary>{text("negative")}</summary>
          <Prompt
            name="negative_prompt"
            help={known["negative_prompt"]?.description}
            value={negative}
            required={false}
            onChange={(value) => set({ negative: value })}
          />
        </details>
      )}
    </div>
  );
}

/** Tasks whose change is described in words. */
const WORDS = new Set(["sdedit", "translate", "diffedit"]);

export function choose(task: Task): void {
  set({
    task,
    tool: task === "drag" ? "point" : task === "sample" ? "move" : "brush",
    staged: null,
    compare: null,
  });
}
