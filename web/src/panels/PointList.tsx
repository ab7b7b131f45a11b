/** A list of all points and regions in words and numbers, in which they can be edited and deleted. */
import { Plus, Trash2 } from "lucide-react";
import { colourOf } from "../canvas/colours";
import { removePoint, withEnd } from "../canvas/pointer";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { NumberField } from "../parts/NumberField";
import { isMoved, nextId, type Point, type Region } from "../state/doc";
import { change, get, set, shown, useStudio } from "../state/store";

export function PointList() {
  const text = useText();
  const doc = useStudio(shown);
  const picked = useStudio((studio) => studio.picked);
  const motion = useStudio((studio) => studio.motion);
  if (!doc.picture) return null;
  const none = doc.points.length + doc.regions.length === 0;
  return (
    <section className="points" aria-label={text("points")}>
      <div className="field-head">
        <h3>{text("points")}</h3>
        {!none && <span className="badge">{text(`motion.${motion ?? "none"}`)}</span>}
        <Button icon={Plus} name={text("points.add")} look="quiet" onClick={addPoint} />
      </div>
      {none && <p className="help">{text("points.none")}</p>}
      <ul>
        {doc.points.map((point) => (
          <Row key={point.id} point={point} picked={picked === point.id} />
        ))}
        {doc.regions.map((region) => (
          <RegionRow key={-region.id} region={region} picked={picked === -region.id} />
        ))}
      </ul>
    </section>
  );
}

/** Add a point in the middle of the picture, which can then be moved with keys. */
function addPoint(): void {
  const { doc } = get();
  if (!doc.picture) return;
  const id = nextId(doc.points);
  const [x, y] = [Math.round(doc.picture.width / 2), Math.round(doc.picture.height / 2)];
  const taken = (at: number): boolean => doc.points.some(({ source }) => source[0] === at && source[1] === y);
  let at = x;
  while (taken(at)) at++;
  change({ ...doc, points: [...doc.points, { id, source: [at, y], target: [at, y] }] });
  set({ picked: id, tool: "point" });
}

function Row({ point, picked }: { point: Point; picked: boolean }) {
  const text = useText();
  const ends = ["source", "target"] as const;
  return (
    <li className={picked ? "picked" : ""} onFocus={() => set({ picked: point.id })}>
      <span className="number" style={{ background: colourOf(point.id) }} aria-hidden="true">
        {point.id}
      </span>
      {ends.map((end, k) => (
        <span key={end} className="end">
          {k === 1 && <span aria-hidden="true">→</span>}
          {[0, 1].map((axis) => (
            <NumberField
              key={axis}
              label={text(`point.${end}`, { number: point.id, axis: axis ? "y" : "x" })}
              value={point[end][axis]!}
              onChange={(value) => {
                const at: [number, number] = [point[end][0], point[end][1]];
                at[axis] = value;
                change(withEnd(get().doc, point.id, end, at), `${end} of point ${point.id}`);
              }}
            />
          ))}
        </span>
      ))}
      <Button
        icon={Trash2}
        name={text("points.delete", { number: point.id })}
        look="quiet"
        onClick={() => removePoint(point.id)}
      />
    </li>
  );
}

function RegionRow({ region, picked }: { region: Region; picked: boolean }) {
  const text = useText();
  const edit = <Name extends "move" | "turn" | "scale">(name: Name, value: Region[Name]): void => {
    const { doc } = get();
    const regions = doc.regions.map((each) => (each.id === region.id ? { ...each, [name]: value } : each));
    change({ ...doc, regions }, `${name} of region ${region.id}`);
  };
  const remove = (): void => {
    const { doc } = get();
    change({ ...doc, regions: doc.regions.filter(({ id }) => id !== region.id) });
  };
  const [dx, dy] = region.move.map(Math.round) as [number, number];
  return (
    <li className={picked ? "picked" : ""} onFocus={() => set({ picked: -region.id, tool: "move" })}>
      <span className="number square" style={{ background: colourOf(region.id + 2) }} aria-hidden="true">
        {region.id}
      </span>
      <span className="end">
        {(["x", "y"] as const).map((axis, k) => (
          <NumberField
            key={axis}
            label={text("region.move", { number: region.id, axis })}
            value={k ? dy : dx}
            onChange={(value) => edit("move", k ? [region.move[0], value] : [value, region.move[1]])}
          />
        ))}
        <NumberField
          label={text("region.turn", { number: region.id })}
          value={Math.round(region.turn)}
          onChange={(value) => edit("turn", value)}
        />
        <span aria-hidden="true">°</span>
        <NumberField
          step={0.05}
          min={0.05}
          label={text("region.scale", { number: region.id })}
          value={Math.round(region.scale[0] * 100) / 100}
          onChange={(value) => {
            const size = Math.max(value, 0.05);
            edit("scale", [size, size]);
          }}
        />
        <span aria-hidden="true">×</span>
      </span>
      {!isMoved(region) && <span className="sr">{text("region.still")}</span>}
      <Button
        icon={Trash2}
        name={text("region.delete", { number: region.id })}
        look="quiet"
        onClick={remove}
      />
    </li>
  );
}
