/** The bar of the current tool: a hint, or the size of the brush and actions on the whole mask. */
import { Contrast, Download, Feather, Trash2, Upload } from "lucide-react";
import { api } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import type { MaskStep } from "../state/doc";
import { maskFile, maskOf } from "../state/mask";
import { change, get, set, useFields, useStudio, type Way } from "../state/store";
import { doing } from "../state/doing";
import { Segments } from "../parts/Segments";
import { download, pickFile } from "./files";

export function ContextBar() {
  const { tool, doc, compare, staged, task } = useFields("tool", "doc", "compare", "staged", "task");
  const text = useText();
  if (!doc.picture) return null;
  if (compare) return <CompareBar />;
  if (staged) return null;
  if (tool === "brush" || tool === "eraser") return <BrushBar />;
  const hint = { point: "hint.point", move: "hint.move", polygon: "hint.polygon", lasso: "hint.lasso" } as const;
  const own = task !== "drag" && (tool === "polygon" || tool === "lasso") ? "hint.area" : hint[tool];
  if (task !== "drag" && tool === "point") return null;
  return (
    <div className="context" role="note">
      <span>{text(own)}</span>
      {doc.points.length + doc.regions.length > 0 && (
        <Button
          icon={Trash2}
          look="quiet"
          onClick={() => change({ ...doc, points: [], regions: [] })}
        >
          {text("points.clear")}
        </Button>
      )}
    </div>
  );
}

function BrushBar() {
  const text = useText();
  const { brush, doc } = useFields("brush", "doc");
  const add = (step: MaskStep): void => change({ ...doc, mask: [...doc.mask, step] });
  return (
    <div className="context" role="toolbar" aria-label={text("mask")}>
      <label className="brush-size">
        <span>{text("brush.size")}</span>
        <input
          type="range"
          className="slider"
          min={1}
          max={Math.max(64, Math.round(Math.max(doc.picture?.width ?? 0, doc.picture?.height ?? 0) / 3))}
          value={brush}
          onChange={({ target }) => set({ brush: Number(target.value) })}
        />
        <output>{brush}</output>
      </label>
      <Button icon={Contrast} name={text("mask.invert")} keys="I" look="quiet" onClick={() => add({ kind: "invert" })} />
      <Button
        icon={Feather}
        name={text("mask.feather")}
        look="quiet"
        disabled={!doc.mask.length}
        onClick={() => add({ kind: "feather", radius: Math.max(2, Math.round(brush / 6)) })}
      />
      <Button
        icon={Trash2}
        name={text("mask.clear")}
        look="quiet"
        disabled={!doc.mask.length}
        onClick={() => change({ ...doc, mask: [] })}
      />
      <Button icon={Upload} name={text("mask.load")} look="quiet" onClick={() => pickFile(loadMask)} />
      <Button
        icon={Download}
        name={text("mask.save")}
        look="quiet"
        disabled={!doc.mask.length}
        onClick={() => void saveMask()}
      />
    </div>
  );
}

function loadMask(file: File): void {
  void doing("", async () => {
    const { id } = await api.upload(file);
    change({ ...get().doc, mask: [{ kind: "load", asset: id }] });
  });
}

async function saveMask(): Promise<void> {
  const { doc } = get();
  if (!doc.picture) return;
  const file = await maskFile(await maskOf(doc.mask, doc.picture.width, doc.picture.height));
  const url = URL.createObjectURL(file);
  download(url, "mask.png");
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function CompareBar() {
  const text = useText();
  const compare = useStudio((studio) => studio.compare);
  if (!compare) return null;
  const ways = ["slider", "hold", "flicker", "difference"] as const;
  return (
    <div className="context">
      <Segments<Way>
        label={text("compare")}
        value={compare.way}
        options={ways.map((way) => ({ value: way, label: text(`compare.${way}`) }))}
        onChange={(way) => set({ compare: { ...compare, way } })}
      />
      {compare.way === "hold" && <span>{text("compare.holding")}</span>}
      <Button look="quiet" onClick={() => set({ compare: null })}>
        {text("close")}
      </Button>
    </div>
  );
}
