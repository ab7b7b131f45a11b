/** Sources as rings, targets as diamonds, and lines between them; numbers identify the points. */
import { Arrow, Circle, Group, Label, Line, Rect, Tag, Text } from "react-konva";
import type { Point } from "../state/doc";
import { colourOf } from "./colours";

interface Props {
  points: Point[];
  picked: number | null;
  zoom: number;
}

export function Points({ points, picked, zoom }: Props) {
  return points.map((point) => (
    <Handle key={point.id} point={point} zoom={zoom} picked={point.id === picked} />
  ));
}

function Handle({ point, zoom, picked }: { point: Point; zoom: number; picked: boolean }) {
  const px = 1 / zoom;
  const colour = colourOf(point.id);
  const [sx, sy] = [point.source[0] + 0.5, point.source[1] + 0.5];
  const [tx, ty] = [point.target[0] + 0.5, point.target[1] + 0.5];
  const length = Math.hypot(tx - sx, ty - sy);
  const still = length === 0;
  const [ux, uy] = [(tx - sx) / (length || 1), (ty - sy) / (length || 1)];
  const [from, to] = [Math.min(10 * px, length), Math.max(length - 9 * px, 0)];
  const way = [sx + ux * from, sy + uy * from, sx + ux * Math.max(from, to), sy + uy * Math.max(from, to)];
  const outline = "rgba(8, 10, 14, 0.85)";
  return (
    <Group listening={false}>
      {!still && (
        <>
          <Line points={[way[0]!, way[1]!, tx, ty]} stroke={outline} strokeWidth={5 * px} lineCap="round" />
          <Arrow
            points={way}
            stroke={colour}
            fill={colour}
            strokeWidth={2.5 * px}
            pointerLength={8 * px}
            pointerWidth={8 * px}
          />
        </>
      )}
      {picked && <Circle x={sx} y={sy} radius={13 * px} stroke="#fff" strokeWidth={2 * px} />}
      <Circle x={sx} y={sy} radius={7 * px} stroke={outline} strokeWidth={6 * px} />
      <Circle x={sx} y={sy} radius={7 * px} stroke={colour} strokeWidth={3 * px} />
      {still ? (
        <Line
          points={[sx - 3 * px, sy, sx + 3 * px, sy]}
          stroke={colour}
          strokeWidth={3 * px}
        />
      ) : (
        <Rect
          x={tx}
          y={ty}
          offsetX={6 * px}
          offsetY={6 * px}
          width={12 * px}
          height={12 * px}
          rotation={45}
          fill={colour}
          stroke={outline}
          strokeWidth={2 * px}
        />
      )}
      <Label x={sx + 11 * px} y={sy - 24 * px}>
        <Tag fill={outline} cornerRadius={4 * px} />
        <Text
          text={String(point.id)}
          fontSize={11 * px}
          fontStyle="bold"
          fontFamily="system-ui, sans-serif"
          padding={3.5 * px}
          fill={colour}
        />
      </Label>
    </Group>
  );
}
