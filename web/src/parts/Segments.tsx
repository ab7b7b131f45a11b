/** A choice of a few options that are all visible; arrow keys move between them, as in radio buttons. */
interface Props<T extends string> {
  label: string;
  /** The language of the options, if it is not that of the page. */
  lang?: string;
  value: T;
  options: readonly { value: T; label: string; hint?: string }[];
  onChange: (value: T) => void;
}

export function Segments<T extends string>({ label, lang, value, options, onChange }: Props<T>) {
  const move = (by: number): void => {
    const at = options.findIndex((each) => each.value === value);
    const next = options[(at + by + options.length) % options.length];
    if (next) onChange(next.value);
  };
  return (
    <div
      className="segments"
      role="radiogroup"
      aria-label={label}
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (!by) return;
        event.preventDefault();
        event.stopPropagation();
        move(by);
        const group = event.currentTarget;
        requestAnimationFrame(() =>
          group.querySelector<HTMLElement>("[aria-checked=true]")?.focus(),
        );
      }}
    >
      {options.map((each) => (
        <button
          key={each.value}
          type="button"
          role="radio"
          lang={lang}
          title={each.hint}
          aria-checked={each.value === value}
          tabIndex={each.value === value ? 0 : -1}
          onClick={() => onChange(each.value)}
        >
          {each.label}
        </button>
      ))}
    </div>
  );
}
