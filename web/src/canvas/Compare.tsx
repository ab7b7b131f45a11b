/** Compares the picture with another one: by slider, holding a key, flickering, or difference. */
import { useEffect, useState } from "react";
import { assetUrl } from "../api/client";
import { useText } from "../i18n";
import { original, useStudio } from "../state/store";

const FLICKER_MS = 450;

export function Compare() {
  const text = useText();
  const compare = useStudio((studio) => studio.compare);
  const usual = useStudio(original);
  const other = compare?.with ?? usual;
  const [share, setShare] = useState(0.5);
  const seen = useFlicker(compare?.way === "flicker");
  if (!compare || !other) return null;
  const shown = compare.way === "flicker" ? seen : compare.way !== "hold";
  const clip = compare.way === "slider" ? `inset(0 ${100 - 100 * share}% 0 0)` : undefined;
  const labels = compare.labels ?? [text("compare.before"), text("compare.after")];
  return (
    <>
      {shown && (
        <img
          className={`compared ${compare.way}`}
          src={assetUrl(other)}
          alt={labels[0]}
          style={{ clipPath: clip }}
          draggable={false}
        />
      )}
      {compare.way === "slider" && (
        <>
          <div className="divider" style={{ left: `${100 * share}%` }} />
          <input
            className="divide"
            type="range"
            aria-label={text("compare.divide")}
            min={0}
            max={1}
            step={0.005}
            value={share}
            onChange={({ target }) => setShare(Number(target.value))}
          />
          <span className="tag left">{labels[0]}</span>
          <span className="tag right">{labels[1]}</span>
        </>
      )}
    </>
  );
}

/** Alternates between the two pictures, at half the speed for users who prefer reduced motion. */
function useFlicker(on: boolean): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!on) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const each = setInterval(() => setSeen((before) => !before), calm ? 2 * FLICKER_MS : FLICKER_MS);
    return () => clearInterval(each);
  }, [on]);
  return on && seen;
}
