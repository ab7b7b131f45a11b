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
                  {key
                    .split("+")
                    .map((part) => SHOWN[part] ?? (part === "" ? "+" : part.length > 1 ? part[0]!.toUpperCase() + part.slice(1) : part.toUpperCase()))
                    .join(" ")}
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
