/** The options of the current task, from its schema; the advanced ones are folded. */
import { useEffect, useMemo, useState } from "react";
import { api, type Values } from "../api/client";
import { useText } from "../i18n";
import { setValue, useFields, useStudio } from "../state/store";
import { Field } from "./Field";
import { optionsOf, type Option } from "./schema";

export function TaskForm() {
  const text = useText();
  const { task, model } = useFields("task", "model");
  const schema = useStudio((studio) => studio.schemas[task]);
  const values = useStudio((studio) => studio.values[task]);
  const options = useMemo(() => (schema ? optionsOf(schema) : []), [schema]);
  const usual = useSettled(task, model, values);
  if (!schema) return null;
  const shown = ({ name, schema: own }: Option) => (
    <Field
      key={`${task}.${name}`}
      name={name}
      schema={own}
      root={schema}
      value={values?.[name]}
      usual={usual[name] ?? own.default}
      onChange={(value) => setValue(name, value)}
    />
  );
  const chosen = options.filter(({ name, advanced }) => advanced && values?.[name] !== undefined);
  return (
    <>
      {options.filter(({ name, advanced }) => !advanced && name !== "num_images").map(shown)}
      <details className="advanced">
        <summary>
          {text("advanced")}
          {chosen.length > 0 && <span className="count">{chosen.length}</span>}
        </summary>
        {options.filter(({ advanced }) => advanced).map(shown)}
      </details>
    </>
  );
}

/** The defaults of the model, given what is already chosen. */
function useSettled(task: string, model: string, values: Values | undefined): Values {
  const [settled, setSettled] = useState<Values>({});
  const asked = JSON.stringify({ model, ...values });
  useEffect(() => {
    let wanted = true;
    const wait = setTimeout(() => {
      api
        .settled(task, JSON.parse(asked) as Values)
        .then((found) => wanted && setSettled(found.values))
        .catch(() => undefined); // invalid values are reported when the request is submitted
    }, 120);
    return () => {
      wanted = false;
      clearTimeout(wait);
    };
  }, [task, asked]);
  return settled;
}
