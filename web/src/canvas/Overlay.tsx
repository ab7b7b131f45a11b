/** Draws the points, the regions and the current stroke over the picture, and passes the pointer on. */
import type Konva from "konva";
import { useEffect, useRef } from "react";
import { Layer, Stage } from "react-konva";
import { drawable, shown, useFields, useStudio } from "../state/store";
import { Brush, Outline } from "./Drawing";
import { listenTo } from "./gestures";
import { Points } from "./Points";
import { Regions } from "./Regions";

export function Overlay({ width, height }: { width: number; height: number }) {
  const { view, tool, picked, staged } = useFields("view", "tool", "picked", "staged");
  const doc = useStudio(shown);
  const drag = useStudio((studio) => studio.task === "drag");
  const draws = useStudio(drawable);
  const stage = useRef<Konva.Stage>(null);
  const own = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = own.current;
    if (!element) return undefined;
    return listenTo(element, (event) => {
      const box = element.getBoundingClientRect();
      const spot = { x: event.clientX - box.left, y: event.clientY - box.top };
      return event.button === 0 && Boolean(stage.current?.getIntersection(spot));
    });
  }, []);
  const handles = drag && !staged;
  return (
    <div ref={own} className={`overlay tool-${draws ? tool : "move"}`} data-testid="canvas">
      <Stage ref={stage} width={width} height={height}>
        <Layer
          listening={handles && draws && doc.regions.length > 0}
          x={view.x}
          y={view.y}
          scaleX={view.zoom}
          scaleY={view.zoom}
        >
          {handles && <Regions regions={doc.regions} picked={picked} zoom={view.zoom} />}
          <Outline />
          {handles && <Points points={doc.points} picked={picked} zoom={view.zoom} />}
          <Brush />
        </Layer>
      </Stage>
    </div>
  );
}
