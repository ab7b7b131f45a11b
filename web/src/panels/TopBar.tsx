import {
  BookOpen,
  CircleHelp,
  Download,
  FolderOpen,
  Images,
  Languages,
  Maximize,
  Moon,
  Redo2,
  SplitSquareHorizontal,
  Sun,
  Undo2,
  ZoomIn,
  ZoomOut,
} from "lucide-react";
import { fit, zoomBy } from "../canvas/view";
import { speak, useLanguage, useText } from "../i18n";
import { Button } from "../parts/Button";
import { drawable, original, looked, redo, set, undo, useFields, useStudio } from "../state/store";
import { useTheme } from "./theme";

export function TopBar() {
  const text = useText();
  const { doc, past, future, view, compare, online } = useFields("doc", "past", "future", "view", "compare", "online");
  const both = useStudio((studio) => {
    const [a, b] = [original(studio), looked(studio)];
    return Boolean(a && b && a !== b);
  });
  const draws = useStudio(drawable);
  const { language } = useLanguage();
  const { theme, turn } = useTheme();
  const picture = doc.picture;
  return (
    <header className="topbar">
      <div className="brand">
        <img src="./icon.svg" alt="" width="24" height="24" />
        <span>Yuragi</span>
      </div>
      <Button icon={FolderOpen} keys="O" onClick={() => set({ dialog: "open" })}>
        {text("open")}
      </Button>
      <span className="file-name" title={picture?.name}>
        {picture && (
          <>
            {picture.name}{" "}
            <small>
              {picture.width} × {picture.height}
            </small>
          </>
        )}
      </span>
      <div className="group">
        <Button icon={Undo2} name={text("undo")} keys="Ctrl+Z" look="quiet" disabled={!draws || !past.length} onClick={undo} />
        <Button icon={Redo2} name={text("redo")} keys="Ctrl+Shift+Z" look="quiet" disabled={!draws || !future.length} onClick={redo} />
      </div>
      <div className="group">
        <Button icon={ZoomOut} name={text("zoom.out")} keys="-" look="quiet" onClick={() => zoomBy(0.8)} />
        <output className="zoom" aria-label={text("zoom")}>
          {Math.round(view.zoom * 100)}%
        </output>
        <Button icon={ZoomIn} name={text("zoom.in")} keys="+" look="quiet" onClick={() => zoomBy(1.25)} />
        <Button icon={Maximize} name={text("zoom.fit")} keys="0" look="quiet" onClick={fit} />
      </div>
      <Button
        icon={SplitSquareHorizontal}
        name={text("compare")}
        keys="C"
        look="quiet"
        pressed={Boolean(compare)}
        disabled={!both && !compare}
        onClick={() => set({ compare: compare ? null : { way: "slider", with: null, labels: null } })}
      />
      <div className="spring" />
      <span className={online ? "link" : "link lost"} role="status">
        {online ? "" : text("lost")}
      </span>
      <Button icon={Download} disabled={!picture} onClick={() => set({ dialog: "take" })}>
        {text("take")}
      </Button>
      <div className="group">
        <Button icon={Images} name={text("gallery")} keys="G" look="quiet" onClick={() => set({ dialog: "gallery" })} />
        <Button icon={BookOpen} name={text("learn")} look="quiet" onClick={() => set({ dialog: "learn" })} />
        <Button icon={CircleHelp} name={text("keys")} keys="?" look="quiet" onClick={() => set({ dialog: "keys" })} />
        <Button
          icon={Languages}
          name={language === "en" ? "日本語" : "English"}
          look="quiet"
          onClick={() => speak(language === "en" ? "ja" : "en")}
        />
        <Button icon={theme === "dark" ? Sun : Moon} name={text("theme")} look="quiet" onClick={turn} />
      </div>
    </header>
  );
}
