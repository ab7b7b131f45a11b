/** An icon, drawn in the common weight and hidden from screen readers, because its button has a name. */
import type { LucideIcon } from "lucide-react";

export function Icon({ of: Drawn, size = 18 }: { of: LucideIcon; size?: number }) {
  return <Drawn size={size} strokeWidth={1.75} aria-hidden="true" focusable="false" />;
}
