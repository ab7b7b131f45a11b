/** A search field, and the test whether a text matches its words. */
import { Search } from "lucide-react";
import { useText } from "../i18n";
import { Icon } from "./Icon";

interface Props {
  value: string;
  onChange: (words: string) => void;
}

export function SearchField({ value, onChange }: Props) {
  const text = useText();
  return (
    <label className="search">
      <Icon of={Search} size={15} />
      <input
        type="search"
        value={value}
        placeholder={text("search")}
        aria-label={text("search")}
        onChange={({ target }) => onChange(target.value)}
      />
    </label>
  );
}

/** Whether a text contains all the words. */
export function fits(words: string, told: string): boolean {
  const all = told.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => all.includes(word));
}
