/** Calling the service, and saying what went wrong. */
import { Refused, Unreachable } from "../api/client";
import { text } from "../i18n";
import { set, type Told } from "./store";

/** Show what went wrong and what to do about it. */
export function failed(error: unknown): void {
  if (error instanceof Unreachable) set({ online: false });
  else set({ error: { ...reasonOf(error), advice: adviceFor(error) } });
}

/** A file is no picture; the message is in the language of the page. */
export class NoPicture extends Error {}

/** What went wrong, in words. Those of the service are English. */
export function reasonOf(error: unknown): Told {
  if (error instanceof Unreachable) return { text: text("missing.service") };
  if (error instanceof NoPicture) return { text: error.message };
  return { text: error instanceof Error ? error.message : String(error), lang: "en" };
}

function adviceFor(error: unknown): string {
  if (error instanceof NoPicture) return text("advice.file");
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
