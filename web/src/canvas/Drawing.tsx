/** What follows the pointer: the brush's circle, and the outline of a region that is not closed yet. */
import { Circle, Line } from "react-konva";
import { drawable, useFields, useStudio } from "../state/store";

export function Brush() {
  const { tool, brush } = useFields("tool", "brush");
  const paints = useStudio(drawable) && (tool === "brush" || tool === "eraser");
  const pointer = useStudio((studio) => (paints ? studio.pointer : null));
  const zoom = useStudio((studio) => studio.view.zoom);
  if (!pointer) return null;
  return (
    <Circle
      x={pointer[0] + 0.5}
      y={pointer[1] + 0.5}
      radius={brush / 2}
      stroke="#fff"
      strokeWidth={1.5 / zoom}
      shadowColor="#000"
      shadowBlur={3}
      dash={tool === "eraser" ? [4 / zoom, 3 / zoom] : undefined}
      listening={false}
    />
  );
}

export function Outline() {
  const corners = useStudio((studio) => studio.corners);
  const pointer = useStudio((studio) => (studio.corners.length ? studio.pointer : null));
  const zoom = useStudio((studio) => studio.view.zoom);
  if (!corners.length) return null;
  const open = pointer ? [...corners, pointer] : corners;
  return (
    <Line
      points={open.flatMap(([x, y]) => [x + 0.5, y + 0.5])}
      stroke="#ffffff"
      strokeWidth={2 / zoom}
      shadowColor="#000"
      shadowBlur={4}
      listening={false}
    />
  );
}
