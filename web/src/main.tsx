import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { useLanguage } from "./i18n";
import { showTheme } from "./panels/theme";
import { firstTour } from "./panels/Tour";
import { followJobs } from "./state/following";
import { keepSession, restoreSession } from "./state/session";
import { connect, keepConnected } from "./state/work";
import "./style/base.css";
import "./style/layout.css";
import "./style/parts.css";
import "./style/panels.css";
import "./style/canvas.css";

showTheme();
document.documentElement.lang = useLanguage.getState().language;

async function begin(): Promise<void> {
  const root = document.getElementById("root");
  if (!root) return;
  const session = await restoreSession();
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
  keepSession(session);
  await connect();
  keepConnected();
  followJobs();
  firstTour();
}

void begin();
