/** The texts of the page in the user's language. */
import { create } from "zustand";
import { en } from "./en";
import { fieldsEn, fieldsJa } from "./fields";
import { ja } from "./ja";

type Language = "en" | "ja";
export type Key = keyof typeof en;

const KEY = "yuragi-language";
const WORDS = { en, ja } satisfies Record<Language, Record<Key, string>>;

function first(): Language {
  const held = localStorage.getItem(KEY);
  if (held === "en" || held === "ja") return held;
  return navigator.language.startsWith("ja") ? "ja" : "en";
}

export const useLanguage = create<{ language: Language }>(() => ({ language: first() }));

export function speak(language: Language): void {
  localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
  useLanguage.setState({ language });
}

export function text(key: Key, filled: Record<string, string | number> = {}): string {
  const words: string = WORDS[useLanguage.getState().language][key];
  return words.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(filled[name] ?? ""));
}

/** The texts of the page; the component is rendered again when the language changes. */
export function useText(): typeof text {
  useLanguage();
  return text;
}

/** The name and the help of an option; the schema's own, in English, if there is no translation. */
export function field(
  name: string,
  title: string | undefined,
  help: string | undefined,
): { label: string; help: string; lang?: "en" } {
  const { language } = useLanguage.getState();
  const label = fieldsEn[name] ?? (title ?? name).replaceAll("_", " ").toLowerCase();
  const shown = label.charAt(0).toUpperCase() + label.slice(1);
  const english = { label: shown, help: help ?? "" };
  if (language === "en") return english;
  const told = fieldsJa[name];
  return told ? { label: told[0], help: told[1] } : { ...english, lang: "en" };
}

/** A moment in the user's language, with the date; `at` is in milliseconds since 1970. */
export function moment(at: number): string {
  const { language } = useLanguage.getState();
  return new Date(at).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
}
