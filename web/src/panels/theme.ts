import { create } from "zustand";

type Theme = "dark" | "light";
const KEY = "yuragi-theme";

function first(): Theme {
  const held = localStorage.getItem(KEY);
  if (held === "dark" || held === "light") return held;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

function show(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

/** Dark or light: the system's setting, until the user chooses. */
export const useTheme = create<{ theme: Theme; turn: () => void }>((set, get) => ({
  theme: first(),
  turn: () => {
    const theme = get().theme === "dark" ? "light" : "dark";
    localStorage.setItem(KEY, theme);
    show(theme);
    set({ theme });
  },
}));

export const showTheme = (): void => show(useTheme.getState().theme);
