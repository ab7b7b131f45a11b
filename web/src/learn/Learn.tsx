/** Why randomness helps and what guidance does, shown on a known distribution in the plane. */
import { useEffect, useId, useState } from "react";
import { api, type Clouds } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { Segments } from "../parts/Segments";
import { set } from "../state/store";
import { Cloud } from "./Cloud";

const WAIT_MS = 60;

export function Learn() {
  const text = useText();
  const [page, setPage] = useState<"randomness" | "guidance">("randomness");
  return (
    <Dialog title={text("learn")} wide>
      <div className="row">
        <Segments
          label={text("learn")}
          value={page}
          options={[
            { value: "randomness", label: text("learn.randomness") },
            { value: "guidance", label: text("learn.guidance") },
          ]}
          onChange={setPage}
        />
        <span className="spring" />
        <Button look="quiet" onClick={() => set({ dialog: null, tour: 0 })}>
          {text("tour")}
        </Button>
      </div>
      {page === "randomness" ? <Randomness /> : <GuidancePage />}
    </Dialog>
  );
}

function Randomness() {
  const text = useText();
  const [eta, setEta] = useState(0);
  const [level, setLevel] = useState(0.7);
  const clouds = useClouds((signal) => api.randomness(eta, level, signal), `${eta} ${level}`);
  const of = (name: string): Clouds | undefined => clouds.find((each) => each.name === name);
  return (
    <div className="learn">
      <div>
        <p>{text("learn.randomness.lead")}</p>
        <Slider label={text("learn.eta")} value={eta} low={0} high={1} step={0.05} onChange={setEta} ends={["ODE", "SDE"]} />
        <Slider label={text("learn.level")} value={level} low={0.2} high={3} step={0.05} onChange={setLevel} />
        <p className="kl" aria-live="polite">
          {text("learn.kl", {
            before: of("edited")?.kl.toFixed(2) ?? "…",
            after: of("sampled")?.kl.toFixed(3) ?? "…",
          })}
        </p>
        <p className="help">{text("learn.randomness.note")}</p>
      </div>
      <Cloud
        label={text("learn.randomness")}
        clouds={[
          { cloud: of("law"), colour: "var(--muted)", name: text("learn.law") },
          { cloud: of("edited"), colour: "var(--orange)", name: text("learn.edited") },
          { cloud: of("sampled"), colour: "var(--accent)", name: text("learn.sampled") },
        ]}
      />
    </div>
  );
}

function GuidancePage() {
  const text = useText();
  const [scale, setScale] = useState(3);
  const clouds = useClouds((signal) => api.guidance(scale, signal), String(scale));
  const names = ["cfg", "reg", "ratio"] as const;
  return (
    <div className="learn-guidance">
      <p>{text("learn.guidance.lead")}</p>
      <Slider label={text("learn.scale")} value={scale} low={1} high={8} step={0.25} onChange={setScale} />
      <div className="clouds">
        {names.map((name) => {
          const cloud = clouds.find((each) => each.name === name);
          const free = clouds.find((each) => each.name === "unguided");
          return (
            <figure key={name}>
              <Cloud
                label={text(`learn.${name}`)}
                clouds={[
                  { cloud: free, colour: "var(--muted)", name: text("learn.unguided") },
                  { cloud, colour: "var(--accent)", name: text(`learn.${name}`) },
                ]}
              />
              <figcaption>
                {text(`learn.${name}`)} · KL <output>{cloud?.kl.toFixed(2) ?? "…"}</output>
              </figcaption>
            </figure>
          );
        })}
      </div>
      <p className="help">{text("learn.guidance.note")}</p>
    </div>
  );
}

interface SliderProps {
  label: string;
  value: number;
  low: number;
  high: number;
  step: number;
  ends?: [string, string];
  onChange: (value: number) => void;
}

function Slider({ label, value, low, high, step, ends, onChange }: SliderProps) {
  const id = useId();
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
        <output htmlFor={id}>{value}</output>
      </div>
      <input
        id={id}
        className="slider"
        type="range"
        min={low}
        max={high}
        step={step}
        value={value}
        onChange={({ target }) => onChange(Number(target.value))}
      />
      {ends && (
        <div className="ends" aria-hidden="true">
          <span>{ends[0]}</span>
          <span>{ends[1]}</span>
        </div>
      )}
    </div>
  );
}

/** The latest answer of the service; the previous one stays until it arrives. */
function useClouds(asked: (signal: AbortSignal) => Promise<Clouds[]>, key: string): Clouds[] {
  const [found, setFound] = useState<Clouds[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(() => {
      void asked(stop.signal)
        .then(setFound)
        .catch(() => undefined); // the page already reports a lost connection
    }, WAIT_MS);
    return () => {
      stop.abort();
      clearTimeout(wait);
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` changes when the question does
  }, [key]);
  return found;
}
