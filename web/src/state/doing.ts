/** Calling the service, and saying what went wrong. */
import { Refused, Unreachable } from "../api/client";
import { text } from "../i18n";
import { set } from "./store";

/** Show what went wrong and what to do about it. */
export function failed(error: unknown): void {
  if (error instanceof Unreachable) set({ online: false });
  else set({ error: { text: reasonOf(error), advice: adviceFor(error) } });
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  if (error instanceof Unreachable) return text("missing.service");
  return error instanceof Error ? error.message : String(error);
}

function adviceFor(error: unknown): string {
  if (!(error instanceof Refused)) return text("advice.again");
  if (error.status === 413) return text("advice.large");
  if (error.status === 404) return text("advice.gone");
  if (error.argument === "points" || error.argument === "regions") return text("advice.points");
  if (error.argument === "mask") return text("advice.mask");
  if (error.argument === "image") return text("advice.file");
  if (error.argument?.includes("prompt")) return text("advice.words");
  return text("advice.option");
}

/** Call the service; `busy` says what the page is waiting for. */
export async function doing<T>(busy: string, act: () => Promise<T>): Promise<T | undefined> {
  set({ busy, error: null });
  try {
    const made = await act();
    set({ online: true });
    return made;
  } catch (error) {
    failed(error);
    return undefined;
  } finally {
    set({ busy: null });
  }
}
