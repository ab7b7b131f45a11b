/** A first tour in four steps, each shown next to the part of the page that it explains. */
import { useEffect, useState } from "react";
import { useText, type Key } from "../i18n";
import { Button } from "../parts/Button";
import { set, useStudio } from "../state/store";

const DONE = "yuragi-toured";
const STOPS: readonly { at: string; text: Key }[] = [
  { at: ".workspace", text: "tour.open" },
  { at: ".tools", text: "tour.draw" },
  { at: ".runbar", text: "tour.run" },
  { at: ".side-tabs", text: "tour.back" },
];

/** Show the tour to users who have not seen it yet. */
export function firstTour(): void {
  if (!localStorage.getItem(DONE)) set({ tour: 0 });
}

/** Close the tour, and do not show it by itself again. */
export function endTour(): void {
  localStorage.setItem(DONE, "1");
  set({ tour: null });
}

export function Tour() {
  const text = useText();
  const tour = useStudio((studio) => studio.tour);
  const stop = tour === null ? undefined : STOPS[tour];
  const [box, setBox] = useState<DOMRect | null>(null);
  useEffect(() => {
    const measure = (): void =>
      setBox(stop ? (document.querySelector(stop.at)?.getBoundingClientRect() ?? null) : null);
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [stop]);
  if (tour === null || !stop || !box) return null;
  const right = box.left > innerWidth / 2;
  const style = right
    ? { right: innerWidth - box.left + 16, top: Math.min(box.top + 24, innerHeight - 240) }
    : box.width > 100
      ? { left: box.left + 24, bottom: innerHeight - box.bottom + 24 }
      : { left: box.right + 16, top: box.top + 24 };
  return (
    <div className="tour" role="dialog" aria-label={text("tour")} style={style}>
      <p className="tour-count">
        {tour + 1} / {STOPS.length}
      </p>
      <p>{text(stop.text)}</p>
      <div className="row">
        <Button look="quiet" onClick={endTour}>
          {text("tour.skip")}
        </Button>
        <span className="spring" />
        {tour > 0 && (
          <Button onClick={() => set({ tour: tour - 1 })}>{text("previous")}</Button>
        )}
        <Button look="primary" onClick={() => (tour + 1 < STOPS.length ? set({ tour: tour + 1 }) : endTour())}>
          {text(tour + 1 < STOPS.length ? "next" : "tour.done")}
        </Button>
      </div>
    </div>
  );
}
