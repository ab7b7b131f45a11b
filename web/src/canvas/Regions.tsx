/** Polygons with handles to move, rotate and scale them: the source is dashed, the target is filled. */
import type Konva from "konva";
import { useEffect, useRef } from "react";
import { Line, Transformer } from "react-konva";
import { mean } from "../drag/flow";
import type { XY } from "../drag/points";
import type { Doc, Region } from "../state/doc";
import { change, get, set } from "../state/store";
import { colourOf } from "./colours";

interface Props {
  regions: Region[];
  picked: number | null;
  zoom: number;
}

const flat = (places: readonly XY[]): number[] => places.flatMap(([x, y]) => [x + 0.5, y + 0.5]);

export function Regions({ regions, picked, zoom }: Props) {
  const transformer = useRef<Konva.Transformer>(null);
  const held = useRef<Konva.Line | null>(null);
  useEffect(() => {
    transformer.current?.nodes(held.current ? [held.current] : []);
  }, [picked, regions]);
  return (
    <>
      {regions.map((region) => (
        <Target
          key={region.id}
          region={region}
          zoom={zoom}
          hold={(node) => {
            if (-region.id === picked) held.current = node;
            else if (held.current === node) held.current = null;
          }}
        />
      ))}
      {regions.some(({ id }) => -id === picked) && (
        <Transformer
          ref={transformer}
          rotateAnchorOffset={26}
          anchorSize={12}
          anchorCornerRadius={6}
          anchorStroke="#0b0d12"
          anchorFill="#ffffff"
          borderStroke="#ffffff"
          borderDash={[5, 4]}
          ignoreStroke
        />
      )}
    </>
  );
}

interface TargetProps {
  region: Region;
  zoom: number;
  hold: (node: Konva.Line | null) => void;
}

function Target({ region, zoom, hold }: TargetProps) {
  const [cx, cy] = mean(region.corners);
  const colour = colourOf(region.id + 2);
  const read = (node: Konva.Node): Doc => {
    const changed: Region = {
      ...region,
      move: [node.x() - cx - 0.5, node.y() - cy - 0.5],
      turn: node.rotation(),
      scale: [node.scaleX(), node.scaleY()],
    };
    const { doc } = get();
    const regions = doc.regions.map((each) => (each.id === region.id ? changed : each));
    return { ...doc, regions };
  };
  const follow = ({ target }: Konva.KonvaEventObject<unknown>): void => set({ draft: read(target) });
  const settle = ({ target }: Konva.KonvaEventObject<unknown>): void => change(read(target));
  return (
    <>
      <Line
        points={flat(region.corners)}
        closed
        stroke={colour}
        strokeWidth={1.5 / zoom}
        dash={[5 / zoom, 4 / zoom]}
        listening={false}
      />
      <Line
        ref={hold}
        name="region"
        points={flat(region.corners)}
        closed
        x={cx + 0.5 + region.move[0]}
        y={cy + 0.5 + region.move[1]}
        offsetX={cx + 0.5}
        offsetY={cy + 0.5}
        rotation={region.turn}
        scaleX={region.scale[0]}
        scaleY={region.scale[1]}
        stroke={colour}
        strokeWidth={2.5}
        strokeScaleEnabled={false}
        fill={`${colour}22`}
        draggable
        onPointerDown={() => set({ picked: -region.id })}
        onDragMove={follow}
        onTransform={follow}
        onDragEnd={settle}
        onTransformEnd={settle}
      />
    </>
  );
}
