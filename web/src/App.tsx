import { useEffect, useLayoutEffect, useState } from "react";
import { Workspace } from "./canvas/Workspace";
import { useText } from "./i18n";
import { Learn } from "./learn/Learn";
import { ContextBar } from "./panels/ContextBar";
import { receiveFiles } from "./panels/files";
import { Gallery } from "./panels/Gallery";
import { History } from "./panels/History";
import { listen } from "./panels/keys";
import { KeysDialog } from "./panels/KeysDialog";
import { ManyDialog } from "./panels/ManyDialog";
import { OpenDialog } from "./panels/OpenDialog";
import { Queue } from "./panels/Queue";
import { RunBar } from "./panels/RunBar";
import { Staging } from "./panels/Staging";
import { TakeDialog } from "./panels/TakeDialog";
import { TaskPanel } from "./panels/TaskPanel";
import { Tools } from "./panels/Tools";
import { TopBar } from "./panels/TopBar";
import { Tour } from "./panels/Tour";
import { Segments } from "./parts/Segments";
import { set, useFields, useStudio } from "./state/store";

export function App() {
  const text = useText();
  const { side, dialog } = useFields("side", "dialog");
  const waiting = useStudio((studio) => (studio.queue?.queued.length ?? 0) + (studio.queue?.running.length ?? 0));
  const [holding, setHolding] = useState(false);
  const [over, setOver] = useState(false);
  const compare = useStudio((studio) => studio.compare?.way === "hold");
  useEffect(() => listen(setHolding), []);
  // Before the page can be seen, so that a file dropped at once is not lost.
  useLayoutEffect(() => receiveFiles(setOver), []);
  return (
    <div className={over ? "app over" : "app"}>
      <TopBar />
      <Tools />
      <main
        className="middle"
        onPointerDownCapture={() => compare && setHolding(true)}
        onPointerUpCapture={() => setHolding(false)}
      >
        <h1 className="sr">{text("studio")}</h1>
        <Workspace holding={holding} />
        <ContextBar />
        <Staging />
        <Notice />
      </main>
      <aside className="side" aria-label={text("side")}>
        <div className="side-tabs">
          <Segments
            label={text("side")}
            value={side}
            options={[
              { value: "edit", label: text("side.edit") },
              { value: "history", label: text("side.history") },
              { value: "queue", label: waiting ? `${text("side.queue")} ${waiting}` : text("side.queue") },
            ]}
            onChange={(value) => set({ side: value })}
          />
        </div>
        <div className="side-body">
          {side === "edit" && <TaskPanel />}
          {side === "history" && <History />}
          {side === "queue" && <Queue />}
        </div>
        <RunBar />
      </aside>
      {dialog === "open" && <OpenDialog />}
      {dialog === "take" && <TakeDialog />}
      {dialog === "many" && <ManyDialog />}
      {dialog === "gallery" && <Gallery />}
      {dialog === "learn" && <Learn />}
      {dialog === "keys" && <KeysDialog />}
      <Tour />
    </div>
  );
}

/** Says what went wrong and what to do about it, or what the page is waiting for. */
function Notice() {
  const text = useText();
  const { error, busy } = useFields("error", "busy");
  if (error) {
    return (
      <div className="toast bad" role="alert">
        <p lang={error.lang}>{error.text}</p>
        <p>{error.advice}</p>
        <button type="button" className="button quiet" onClick={() => set({ error: null })}>
          {text("close")}
        </button>
      </div>
    );
  }
  return busy ? (
    <div className="toast" role="status">
      <p>{busy}</p>
    </div>
  ) : null;
}
