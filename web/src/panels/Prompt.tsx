/** A prompt. Words that the model does not know are underlined, and known words are suggested. */
import { useEffect, useId, useRef, useState } from "react";
import { api } from "../api/client";
import { field, useText } from "../i18n";
import { useStudio } from "../state/store";
import { alone, replaced } from "./words";

interface Props {
  name: "prompt" | "source_prompt" | "negative_prompt";
  help: string | undefined;
  value: string;
  required: boolean;
  onChange: (value: string) => void;
}

export function Prompt({ name, help: told, value, required, onChange }: Props) {
  const text = useText();
  const id = useId();
  const { label, help, lang } = field(name, undefined, told);
  const unknown = useUnknown(value);
  const behind = useRef<HTMLDivElement>(null);
  const words = Object.keys(unknown);
  return (
    <div className="field prompt" data-field={name}>
      <div className="field-head">
        <label htmlFor={id} lang={lang}>
          {label}
          {required && <span className="unit"> {text("needed")}</span>}
        </label>
      </div>
      <div className="written">
        <div className="underlines" ref={behind} aria-hidden="true">
          {marked(value, words)}
        </div>
        <textarea
          id={id}
          rows={name === "prompt" ? 3 : 2}
          value={value}
          spellCheck={false}
          aria-describedby={`${id}-help`}
          aria-invalid={words.length > 0}
          onScroll={({ currentTarget }) => {
            if (behind.current) behind.current.scrollTop = currentTarget.scrollTop;
          }}
          onChange={({ target }) => onChange(target.value)}
        />
      </div>
      <p className="help" id={`${id}-help`} lang={lang}>
        {help}
      </p>
      {words.length > 0 && (
        <ul className="unknown" aria-live="polite" aria-label={text("words.unknown")}>
          {words.map((word) => (
            <li key={word}>
              <span>{text("words.one", { word })}</span>
              {(unknown[word] ?? []).map((known) => (
                <button
                  type="button"
                  key={known}
                  className="chip"
                  onClick={() => onChange(replaced(value, word, known))}
                >
                  {known}
                </button>
              ))}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function marked(value: string, words: string[]) {
  if (words.length === 0) return value;
  return value
    .split(alone(words))
    .map((part, k) => (words.includes(part) ? <mark key={k}>{part}</mark> : part));
}

function useUnknown(value: string): Record<string, readonly string[]> {
  const model = useStudio((studio) => studio.model);
  const [found, setFound] = useState<Record<string, readonly string[]>>({});
  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(() => {
      if (!value.trim()) setFound({});
      else {
        void api
          .words(model, value, stop.signal)
          .then(({ unknown }) => setFound(unknown))
          .catch(() => undefined); // the run reports what is wrong
      }
    }, 250);
    return () => {
      stop.abort();
      clearTimeout(wait);
    };
  }, [model, value]);
  return found;
}
