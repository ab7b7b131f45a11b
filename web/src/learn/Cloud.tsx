/** Samples in the plane as dots, which move to their positions in the next answer. */
import { useEffect, useRef } from "react";
import type { Clouds } from "../api/client";

interface Props {
  label: string;
  clouds: { cloud: Clouds | undefined; colour: string; name: string }[];
}

const [LOW, HIGH] = [-2.6, 2.6];
const SIDE = 640;
const MOVE_MS = 260;

export function Cloud({ label, clouds }: Props) {
  const own = useRef<HTMLCanvasElement>(null);
  const before = useRef<Map<string, readonly (readonly number[])[]>>(new Map());
  useEffect(() => {
    const canvas = own.current;
    const pen = canvas?.getContext("2d");
    if (!canvas || !pen) return;
    const style = getComputedStyle(canvas);
    const from = before.current;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const began = performance.now();
    let frame = 0;
    const draw = (): void => {
      const share = calm ? 1 : Math.min((performance.now() - began) / MOVE_MS, 1);
      const eased = 1 - (1 - share) ** 3;
      pen.clearRect(0, 0, SIDE, SIDE);
      for (const { cloud, colour } of clouds) {
        if (!cloud) continue;
        const old = from.get(cloud.name) ?? cloud.points;
        pen.fillStyle = style.getPropertyValue(colour.slice(4, -1)) || "#888";
        pen.globalAlpha = 0.6;
        cloud.points.forEach((point, k) => {
          const [x, y] = [0, 1].map((axis) => {
            const start = old[k]?.[axis] ?? point[axis]!;
            return start + (point[axis]! - start) * eased;
          });
          pen.beginPath();
          pen.arc(across(x!), SIDE - across(y!), 3.2, 0, 7);
          pen.fill();
        });
      }
      if (share < 1) frame = requestAnimationFrame(draw);
    };
    draw();
    before.current = new Map(clouds.flatMap(({ cloud }) => (cloud ? [[cloud.name, cloud.points]] : [])));
    return () => cancelAnimationFrame(frame);
  }, [clouds]);
  return (
    <div className="cloud">
      <canvas ref={own} width={SIDE} height={SIDE} role="img" aria-label={label} />
      <ul className="legend">
        {clouds.map(({ name, colour }) => (
          <li key={name}>
            <span style={{ background: colour }} aria-hidden="true" />
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

const across = (value: number): number => ((value - LOW) / (HIGH - LOW)) * SIDE;
