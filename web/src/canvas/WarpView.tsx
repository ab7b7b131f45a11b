/** The picture as the drag will warp it: live while the pointer moves, from the service when it rests. */
import { useEffect, useRef, useState } from "react";
import { api, assetUrl } from "../api/client";
import { Warper } from "../drag/warper";
import { geometryOf, moves, type Doc } from "../state/doc";
import { pictureOf } from "../state/pictures";
import { get, shown, useStudio, type Studio } from "../state/store";
import { maskAsset } from "../state/work";
import { Warping } from "./warping";

const LARGEST = 2048;
const REST_MS = 180;
const NONE = {};

export function WarpView() {
  const picture = useStudio((studio) => studio.doc.picture);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!picture) return;
    // A canvas cannot have a new context after its own is freed, so each picture gets its own canvas.
    const canvas = document.createElement("canvas");
    canvas.dataset["testid"] = "warp";
    canvas.hidden = true;
    let warper: Warper;
    try {
      warper = new Warper(canvas, picture.width, picture.height);
    } catch {
      return; // without WebGL 2, the warp is only shown when the pointer rests
    }
    frame.current?.append(canvas);
    let waiting = 0;
    let open = true;
    const later = (): void => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => {
        canvas.hidden = !warping.show(shown(get()), chosen(), shareOf(get()));
      });
    };
    const warping = new Warping(warper, later);
    let leave: (() => void) | undefined;
    void pictureOf(assetUrl(picture.asset)).then((image) => {
      if (!open) return;
      warper.picture(image);
      later();
      leave = useStudio.subscribe((now, before) => {
        const same = shown(now) === shown(before) && now.values === before.values;
        if (!same || shareOf(now) !== shareOf(before)) later();
      });
    });
    return () => {
      open = false;
      cancelAnimationFrame(waiting);
      leave?.();
      warping.stop();
      warper.free();
      canvas.remove();
    };
  }, [picture]);
  return (
    <>
      <div ref={frame} className="live" />
      <Rested />
    </>
  );
}

/** The share of its size at which the picture is warped, so that no invisible pixels are drawn. */
function shareOf({ view, doc: { picture } }: Studio): number {
  const side = Math.max(picture?.width ?? 1, picture?.height ?? 1);
  return Math.min(1, LARGEST / side, view.zoom * devicePixelRatio);
}

const chosen = (): Record<string, unknown> => get().values["drag"] ?? NONE;

/** The warp as the drag computes it, shown when nothing has moved for a moment. */
function Rested() {
  const doc = useStudio((studio) => studio.doc);
  const resting = useStudio((studio) => studio.draft === null);
  const values = useStudio((studio) => studio.values["drag"] ?? NONE);
  const [made, setMade] = useState<{ doc: Doc; values: unknown; url: string } | null>(null);
  useEffect(() => {
    if (!moves(doc) || !resting) return;
    const stop = new AbortController();
    const wait = setTimeout(() => {
      void preview(doc, values, stop.signal)
        .then((url) => setMade({ doc, values, url }))
        .catch(() => undefined); // the run reports what is wrong
    }, REST_MS);
    return () => {
      stop.abort();
      clearTimeout(wait);
    };
  }, [doc, resting, values]);
  useEffect(() => () => (made ? URL.revokeObjectURL(made.url) : undefined), [made]);
  if (!made || made.doc !== doc || made.values !== values || !resting) return null;
  return <img className="warp" src={made.url} alt="" data-testid="rested" draggable={false} />;
}

async function preview(doc: Doc, values: object, signal: AbortSignal): Promise<string> {
  const mask = await maskAsset(doc);
  const asked = { ...values, ...geometryOf(doc), image: doc.picture?.asset, mask };
  const url = URL.createObjectURL(await api.preview(asked, signal));
  await pictureOf(url);
  return url;
}
