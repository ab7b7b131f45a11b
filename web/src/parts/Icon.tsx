/** Icons from one set, drawn in one weight, hidden from screen readers: their buttons have names. */
import type { LucideIcon } from "lucide-react";

export function Icon({ of: Drawn, size = 18 }: { of: LucideIcon; size?: number }) {
  return <Drawn size={size} strokeWidth={1.75} aria-hidden="true" focusable="false" />;
}
