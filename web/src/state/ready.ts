/** Whether the current task can run, and what it still needs. */
import { isOpen } from "../api/client";
import { moves } from "./doc";
import type { Studio } from "./store";

/** What is missing before this task can run; null if nothing is. */
export function whatIsMissing({ task, doc, prompt, sourcePrompt, schemas, values }: Studio) {
  const schema = schemas[task];
  if (!schema) return "missing.service" as const;
  const needs = (name: string): boolean => schema.required?.includes(name) ?? false;
  if (needs("image") && !doc.picture) return "missing.picture" as const;
  if (task === "drag" && !moves(doc)) return "missing.points" as const;
  if (needs("source_prompt") && !sourcePrompt.trim()) return "missing.source" as const;
  if (needs("prompt") && !prompt.trim()) return "missing.prompt" as const;
  const grows = ((values[task]?.["expand"] ?? []) as number[]).some((each) => each > 0);
  if (task === "inpaint" && doc.mask.length === 0 && !grows) return "missing.mask" as const;
  return null;
}

/** Whether Run would do anything now: nothing is missing, and no other request or run is in the way. */
export function canRun(studio: Studio): boolean {
  const { staged, jobs, busy, online } = studio;
  const running = staged ? jobs[staged] : undefined;
  return online && !busy && !whatIsMissing(studio) && !(running && isOpen(running.job));
}
