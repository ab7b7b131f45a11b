/** Lets the warp follow the pointer: asks for a grip once per object, then warps every frame. */
import { api, type Layers, type Values } from "../api/client";
import { bend, reachOf } from "../drag/bend";
import { flowOf } from "../drag/flow";
import { hold, type Hold } from "../drag/hold";
import { meshOf } from "../drag/mesh";
import type { Flow } from "../drag/points";
import { Warper, type Gripped } from "../drag/warper";
import { geometryOf, isMoved, moves, pairsOf, type Doc } from "../state/doc";
import { maskOf } from "../state/mask";
import { pictureOf } from "../state/pictures";
import { set } from "../state/store";
import { maskAsset } from "../state/work";

/** The side of the mask, in pixels, at which distances in it are measured. */
const MASK_SIDE = 384;

export class Warping {
  private gripping: AbortController | null = null;
  private gripped = "";
  private motion: "cut" | "bend" | null = null;
  private mask: { steps: Doc["mask"]; canvas: HTMLCanvasElement | null } = { steps: [], canvas: null };
  private held: { of: HTMLCanvasElement; reach: number; hold: Hold } | null = null;

  constructor(
    private readonly warper: Warper,
    private readonly redraw: () => void,
  ) {}

  /** Draw the warp of a doc at a share of its size; false until the grip is known or if nothing moves. */
  show(doc: Doc, values: Values, share: number): boolean {
    this.grip(doc, values);
    if (!doc.picture || !this.motion || !moves(doc)) return false;
    const begun = performance.now();
    const { width, height } = doc.picture;
    this.warper.draw(meshOf(this.flow(doc, values), width, height), share);
    performance.measure("warp", { start: begun, end: performance.now() });
    if (performance.getEntriesByName("warp").length > 400) performance.clearMeasures("warp");
    return true;
  }

  stop(): void {
    this.gripping?.abort();
  }

  private flow(doc: Doc, values: Values): Flow {
    const pairs = pairsOf(doc);
    if (this.motion === "cut") return flowOf(pairs);
    const { width, height } = doc.picture!;
    const given = values["radius"];
    const reach = typeof given === "number" && given > 0 ? given : reachOf(pairs, width, height);
    const rigid = typeof values["rigid"] === "number" ? values["rigid"] : 0;
    return bend(pairs, reach, rigid, this.holdOf(reach));
  }

  private holdOf(reach: number): Hold | null {
    const { canvas } = this.mask;
    if (!canvas) return null;
    if (this.held?.of !== canvas || this.held.reach !== reach) {
      this.held = { of: canvas, reach, hold: measured(canvas, reach) };
    }
    return this.held.hold;
  }

  /** Ask the service what the drag grips, if that can have changed. */
  private grip(doc: Doc, values: Values): void {
    const { points, regions } = geometryOf(doc);
    const asked = {
      points: points.map(([source]) => source),
      regions: doc.regions.filter(isMoved).map(({ corners }) => corners),
      motion: values["motion"] ?? "auto",
    };
    const key = JSON.stringify({ ...asked, image: doc.picture?.asset, mask: doc.mask });
    if (key === this.gripped || (points.length === 0 && regions.length === 0)) return;
    this.gripped = key;
    this.gripping?.abort();
    this.gripping = new AbortController();
    void this.gripAnew(doc, { points, regions, motion: asked.motion }, this.gripping.signal).catch(
      () => undefined, // the run reports what is wrong
    );
  }

  private async gripAnew(doc: Doc, asked: Values, signal: AbortSignal): Promise<void> {
    const mask = await maskAsset(doc);
    const found = await api.layers({ ...asked, image: doc.picture?.asset, mask }, signal);
    const gripped = await pixelsOf(found);
    if (signal.aborted || !doc.picture) return;
    const { width, height } = doc.picture;
    const canvas = mask ? await maskOf(doc.mask, width, height) : null;
    this.mask = { steps: doc.mask, canvas };
    this.warper.may(canvas);
    this.warper.grip(gripped);
    this.motion = found.motion;
    set({ motion: found.motion });
    this.redraw();
  }
}

async function pixelsOf({ box, area, behind }: Layers): Promise<Gripped | null> {
  if (!box || !area || !behind) return null;
  const [first, second] = await Promise.all([pictureOf(area), pictureOf(behind)]);
  return { box: box as Gripped["box"], area: first, behind: second };
}

function measured(canvas: HTMLCanvasElement, reach: number): Hold {
  const scale = Math.max(1, Math.max(canvas.width, canvas.height) / MASK_SIDE);
  const [width, height] = [canvas.width, canvas.height].map((side) => Math.round(side / scale));
  const small = document.createElement("canvas");
  [small.width, small.height] = [width!, height!];
  const pen = small.getContext("2d", { willReadFrequently: true })!;
  pen.drawImage(canvas, 0, 0, width!, height!);
  const { data } = pen.getImageData(0, 0, width!, height!);
  const white = Uint8Array.from({ length: width! * height! }, (_, k) => (data[4 * k]! >= 128 ? 1 : 0));
  return hold(white, width!, height!, scale, reach);
}
