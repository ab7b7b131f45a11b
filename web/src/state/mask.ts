/** The mask as pixels: its steps are drawn onto a canvas, and the last result is kept for the next step. */
import { assetUrl } from "../api/client";
import type { XY } from "../drag/points";
import type { MaskStep } from "./doc";
import { pictureOf } from "./pictures";

interface Drawn {
  steps: readonly MaskStep[];
  canvas: HTMLCanvasElement;
}
let last: Drawn | null = null;

/** White where the picture may change, black elsewhere. Callers must not write to the canvas. */
export async function maskOf(
  steps: readonly MaskStep[],
  width: number,
  height: number,
): Promise<HTMLCanvasElement> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const pen = canvas.getContext("2d", { willReadFrequently: true })!;
  const done = reusable(steps, width, height);
  if (done) pen.drawImage(done.canvas, 0, 0);
  else {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, width, height);
  }
  for (const step of steps.slice(done?.steps.length ?? 0)) await apply(pen, step);
  last = { steps, canvas };
  return canvas;
}

function reusable(steps: readonly MaskStep[], width: number, height: number): Drawn | null {
  if (!last || last.canvas.width !== width || last.canvas.height !== height) return null;
  const same = last.steps.every((step, k) => step === steps[k]);
  return same && last.steps.length <= steps.length ? last : null;
}

async function apply(pen: CanvasRenderingContext2D, step: MaskStep): Promise<void> {
  const { width, height } = pen.canvas;
  if (step.kind === "stroke" || step.kind === "area") draw(pen, step);
  else if (step.kind === "load") {
    pen.drawImage(await pictureOf(assetUrl(step.asset)), 0, 0, width, height);
    levels(pen, (level) => (level >= 128 ? 255 : 0));
  } else if (step.kind === "invert") levels(pen, (level) => 255 - level);
  else {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [width, height];
    copy.getContext("2d")!.drawImage(pen.canvas, 0, 0);
    pen.filter = `blur(${step.radius}px)`;
    pen.drawImage(copy, 0, 0);
    pen.filter = "none";
    levels(pen, (level) => (level >= 32 ? 255 : 0)); // wider by about the radius, and with rounder corners
  }
}

/** Draw a stroke of the brush, or fill an area, in pixels of the picture. */
export function draw(
  pen: CanvasRenderingContext2D,
  step: Extract<MaskStep, { path: XY[] }>,
  colour = step.white ? "#fff" : "#000",
): void {
  pen.fillStyle = pen.strokeStyle = colour;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  step.path.forEach(([x, y], k) => {
    if (k === 0) pen.moveTo(x + 0.5, y + 0.5);
    else pen.lineTo(x + 0.5, y + 0.5);
  });
  if (step.kind === "area") {
    pen.fill();
    return;
  }
  pen.lineWidth = step.size;
  if (step.path.length === 1) pen.lineTo(step.path[0]![0] + 0.51, step.path[0]![1] + 0.5);
  pen.stroke();
}

function levels(pen: CanvasRenderingContext2D, map: (level: number) => number): void {
  const { width, height } = pen.canvas;
  const image = pen.getImageData(0, 0, width, height);
  for (let k = 0; k < image.data.length; k += 4) {
    const level = map(image.data[k]!);
    image.data.set([level, level, level, 255], k);
  }
  pen.putImageData(image, 0, 0);
}

/** The mask as a PNG in black and white only, because the edges of strokes are drawn soft. */
export async function maskFile(canvas: HTMLCanvasElement): Promise<Blob> {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const pen = copy.getContext("2d")!;
  pen.drawImage(canvas, 0, 0);
  levels(pen, (level) => (level >= 128 ? 255 : 0));
  return new Promise((done, fail) => {
    copy.toBlob((blob) => (blob ? done(blob) : fail(new Error("the mask has no pixels"))));
  });
}

/** Whether any pixel is white. */
export function hasWhite(canvas: HTMLCanvasElement): boolean {
  const { data } = canvas
    .getContext("2d", { willReadFrequently: true })!
    .getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < data.length; k += 4) if (data[k]! >= 128) return true;
  return false;
}
