/** The place of the picture on the screen. Pixel centres are integers, so pixel 0 begins at -0.5. */
import type { XY } from "../drag/points";
import { get, set, type View } from "../state/store";

const [FARTHEST, NEAREST] = [0.05, 40];
/** Space around the picture, and the larger space above it for the bar of the tool. */
const [MARGIN, ABOVE] = [24, 64];

let frame: HTMLElement | null = null;
export const attach = (element: HTMLElement | null): void => {
  frame = element;
};

export function place(clientX: number, clientY: number): XY {
  const box = frame?.getBoundingClientRect();
  const { zoom, x, y } = get().view;
  return [
    (clientX - (box?.left ?? 0) - x) / zoom - 0.5,
    (clientY - (box?.top ?? 0) - y) / zoom - 0.5,
  ];
}

export function fit(): void {
  const { doc, staged, jobs } = get();
  const picture = (staged ? jobs[staged]?.result?.pictures[0] : undefined) ?? doc.picture;
  if (!frame || !picture) return;
  const { width, height } = frame.getBoundingClientRect();
  if (!width || !height) return;
  const room = Math.min(
    (width - 2 * MARGIN) / picture.width,
    (height - MARGIN - ABOVE) / picture.height,
  );
  const zoom = within(room);
  set({
    view: {
      zoom,
      x: (width - zoom * picture.width) / 2,
      y: (height + ABOVE - MARGIN - zoom * picture.height) / 2,
    },
  });
}

/** Zoom by a factor around (clientX, clientY), or around the middle of the frame. */
export function zoomBy(factor: number, clientX?: number, clientY?: number): void {
  const box = frame?.getBoundingClientRect();
  if (!box) return;
  const { view } = get();
  const zoom = within(view.zoom * factor);
  const [cx, cy] = [
    (clientX ?? box.left + box.width / 2) - box.left,
    (clientY ?? box.top + box.height / 2) - box.top,
  ];
  const share = zoom / view.zoom;
  set({ view: { zoom, x: cx - share * (cx - view.x), y: cy - share * (cy - view.y) } });
}

export function pan(dx: number, dy: number): void {
  const { view } = get();
  set({ view: { ...view, x: view.x + dx, y: view.y + dy } });
}

const within = (zoom: number): number => Math.min(Math.max(zoom, FARTHEST), NEAREST);

/** The CSS for the place of the picture; `--px` is a screen pixel in its coordinates. */
export const styleOf = ({ zoom, x, y }: View): Record<string, string> => ({
  transform: `translate(${x}px, ${y}px) scale(${zoom})`,
  "--px": String(1 / zoom),
});
