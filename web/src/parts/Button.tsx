import type { LucideIcon } from "lucide-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Icon } from "./Icon";

interface Props extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "title"> {
  icon?: LucideIcon;
  /** The name of a button that only shows an icon; it is also the tooltip, together with the key. */
  name?: string;
  keys?: string;
  look?: "plain" | "quiet" | "primary" | "danger";
  pressed?: boolean;
  children?: ReactNode;
}

export function Button({ icon, name, keys, look = "plain", pressed, children, ...rest }: Props) {
  const title = name ? (keys ? `${name} (${keys})` : name) : undefined;
  return (
    <button
      type="button"
      className={`button ${look}${children ? "" : " square"}`}
      title={title}
      aria-label={children ? undefined : name}
      aria-keyshortcuts={keys?.length === 1 ? keys : undefined}
      aria-pressed={pressed}
      {...rest}
    >
      {icon && <Icon of={icon} />}
      {children}
    </button>
  );
}
