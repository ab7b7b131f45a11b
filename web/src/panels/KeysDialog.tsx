import { useText } from "../i18n";
import { Dialog } from "../parts/Dialog";
import { BINDINGS } from "./keys";

const SHOWN: Record<string, string> = {
  arrow: "← ↑ → ↓",
  escape: "Esc",
  backspace: "⌫",
  delete: "Del",
  enter: "↵",
};

export function KeysDialog() {
  const text = useText();
  return (
    <Dialog title={text("keys")}>
      <dl className="keys">
        {BINDINGS.map(({ keys, name }) => (
          <div key={keys[0]}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>
                  {written(key)}
                </kbd>
              ))}
            </dt>
            <dd>{text(name)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** A key as it is labelled on keyboards. */
function written(key: string): string {
  const parts = key === "+" ? ["+"] : key.split("+");
  return parts
    .map((part) => SHOWN[part] ?? part.charAt(0).toUpperCase() + part.slice(1))
    .join(" ");
}
