/** The picture in the middle: before, during and after the edit, with everything drawn on it. */
import { useEffect, useRef, useState } from "react";
import { assetUrl } from "../api/client";
import { useText } from "../i18n";
import { looked, original, useStudio } from "../state/store";
import { Compare } from "./Compare";
import { MaskView } from "./MaskView";
import { Overlay } from "./Overlay";
import { attach, fit, styleOf } from "./view";
import { WarpView } from "./WarpView";
import { Welcome } from "./Welcome";

export function Workspace({ holding }: { holding: boolean }) {
  const text = useText();
  const picture = useStudio((studio) => studio.doc.picture);
  const view = useStudio((studio) => studio.view);
  const asset = useStudio(looked);
  const before = useStudio(original);
  const running = useStudio((studio) => (studio.staged ? studio.jobs[studio.staged] : undefined));
  const drag = useStudio((studio) => studio.task === "drag");
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  useEffect(() => {
    attach(frame.current);
    fit();
  }, [picture?.asset, size.width, size.height]);
  const result = running?.result?.pictures.find((each) => each.id === asset);
  const shape = result ?? picture;
  const seen = holding && before ? before : asset;
  return (
    <div className="workspace" ref={frame}>
      {shape && seen ? (
        <div
          className={view.zoom > 8 ? "picture pixels" : "picture"}
          style={{ width: shape.width, height: shape.height, ...styleOf(view) }}
        >
          <img src={assetUrl(seen)} alt={text("canvas.alt")} draggable={false} data-testid="seen" />
          {drag && !running && !holding && <WarpView />}
          {running?.preview && !running.result && !holding && (
            <img className="becoming" src={assetUrl(running.preview)} alt="" data-testid="becoming" />
          )}
          {!running?.result && !holding && <MaskView />}
          <Compare />
        </div>
      ) : (
        <Welcome />
      )}
      {picture && <Overlay width={size.width} height={size.height} />}
    </div>
  );
}

function useSize(of: React.RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!of.current) return;
    const watch = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      setSize({ width, height });
    });
    watch.observe(of.current);
    return () => watch.disconnect();
  }, [of]);
  return size;
}
