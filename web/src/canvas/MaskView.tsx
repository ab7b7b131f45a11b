/** Tints where the picture may change; the current stroke is drawn immediately. */
import { useEffect, useRef, useState } from "react";
import { draw, maskOf } from "../state/mask";
import { useStudio } from "../state/store";

const TINT = "#ff4fa3";

export function MaskView() {
  const picture = useStudio((studio) => studio.doc.picture);
  const steps = useStudio((studio) => studio.doc.mask);
  const draft = useStudio((studio) => studio.draft?.mask);
  const own = useRef<HTMLCanvasElement>(null);
  const [base, setBase] = useState<HTMLCanvasElement | null>(null);
  const { width, height } = picture ?? { width: 1, height: 1 };
  useEffect(() => {
    let wanted = true;
    if (steps.length === 0) setBase(null);
    else void maskOf(steps, width, height).then((mask) => wanted && setBase(tinted(mask)));
    return () => {
      wanted = false;
    };
  }, [steps, width, height]);
  const painted = draft && draft.length > steps.length ? draft.at(-1) : undefined;
  useEffect(() => {
    const pen = own.current?.getContext("2d");
    if (!pen) return;
    pen.globalCompositeOperation = "copy";
    if (base) pen.drawImage(base, 0, 0);
    else pen.clearRect(0, 0, width, height);
    if (painted && (painted.kind === "stroke" || painted.kind === "area")) {
      pen.globalCompositeOperation = painted.white ? "source-over" : "destination-out";
      draw(pen, painted, TINT);
    }
  }, [base, painted, width, height]);
  return (
    <canvas
      ref={own}
      className="mask-view"
      width={width}
      height={height}
      hidden={!base && !painted}
      data-testid="mask"
    />
  );
}

function tinted(mask: HTMLCanvasElement): HTMLCanvasElement {
  const made = document.createElement("canvas");
  [made.width, made.height] = [mask.width, mask.height];
  const pen = made.getContext("2d", { willReadFrequently: true })!;
  pen.drawImage(mask, 0, 0);
  const image = pen.getImageData(0, 0, made.width, made.height);
  const [r, g, b] = [1, 3, 5].map((k) => Number.parseInt(TINT.slice(k, k + 2), 16));
  for (let k = 0; k < image.data.length; k += 4) {
    const level = image.data[k]!;
    image.data.set([r!, g!, b!, level], k);
  }
  pen.putImageData(image, 0, 0);
  return made;
}
