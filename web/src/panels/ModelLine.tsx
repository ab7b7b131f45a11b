/** The model, what it knows, and whether it knows this picture. */
import { useEffect, useId, useState } from "react";
import { api, type ModelFacts } from "../api/client";
import { useText } from "../i18n";
import { set, useFields, useStudio } from "../state/store";

export function ModelLine() {
  const text = useText();
  const id = useId();
  const { models, model } = useFields("models", "model");
  const picture = useStudio((studio) => studio.doc.picture?.asset);
  const [facts, setFacts] = useState<ModelFacts | null>(null);
  const [known, setKnown] = useState<{ value: number | null; foreign: boolean } | null>(null);
  useEffect(() => {
    let wanted = true;
    void api
      .facts(model)
      .then((found) => wanted && setFacts(found))
      .catch(() => undefined); // the page already reports a lost connection
    return () => {
      wanted = false;
    };
  }, [model]);
  useEffect(() => {
    let wanted = true;
    setKnown(null);
    if (picture) {
      void api
        .familiarity(model, picture)
        .then((found) => {
          if (wanted) setKnown({ value: found.familiarity, foreign: found.foreign });
        })
        .catch(() => undefined); // the page already reports a lost connection
    }
    return () => {
      wanted = false;
    };
  }, [model, picture]);
  const measured = known?.value ?? null;
  return (
    <div className="model">
      <div className="field-head">
        <label htmlFor={id}>{text("model")}</label>
        <select
          id={id}
          className="input"
          value={model}
          onChange={({ target }) => set({ model: target.value })}
        >
          {models.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </div>
      <p className={known?.foreign ? "knows foreign" : "knows"} role="status">
        {facts?.knows ? <Knows what={facts.knows} /> : text("model.open")}{" "}
        {measured !== null &&
          (known?.foreign
            ? text("model.foreign", { familiarity: measured.toPrecision(2) })
            : text("model.familiar", { familiarity: measured.toPrecision(2) }))}
      </p>
    </div>
  );
}

/** What a model knows, which the model itself says in English. */
function Knows({ what }: { what: string }) {
  const [before, after] = useText()("model.knows", { what: "|" }).split("|");
  return (
    <>
      {before}
      <span lang="en">{what}</span>
      {after}
    </>
  );
}
