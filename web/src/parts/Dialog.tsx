/** A native dialog: it traps the focus, closes with Escape, and then restores the focus. */
import { X } from "lucide-react";
import { useEffect, useRef, type ReactNode } from "react";
import { useText } from "../i18n";
import { set } from "../state/store";
import { Button } from "./Button";

interface Props {
  title: string;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ title, wide = false, children }: Props) {
  const text = useText();
  const own = useRef<HTMLDialogElement>(null);
  const close = (): void => set({ dialog: null });
  useEffect(() => {
    const dialog = own.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => (before instanceof HTMLElement ? before.focus() : undefined);
  }, []);
  return (
    <dialog
      ref={own}
      className={wide ? "dialog wide" : "dialog"}
      aria-label={title}
      onClose={close}
      onPointerDown={(event) => event.target === own.current && close()}
    >
      <div className="dialog-body">
        <header className="dialog-head">
          <h2>{title}</h2>
          <Button icon={X} name={text("close")} keys="Esc" look="quiet" onClick={close} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
