/** One option of a request, as its schema describes it: a switch, a choice, a slider or a text. */
import { RotateCcw } from "lucide-react";
import { useId, useState, type InputHTMLAttributes, type ReactNode } from "react";
import { field, useText, type Key } from "../i18n";
import { Button } from "../parts/Button";
import { Segments } from "../parts/Segments";
import { isNumber, rangeOf, resolved, type Range, type Schema } from "./schema";

interface Props {
  name: string;
  schema: Schema;
  root: Schema;
  /** What the user chose; undefined means the model's default. */
  value: unknown;
  /** The value that is used if the user chooses nothing. */
  usual: unknown;
  onChange: (value: unknown) => void;
}

export function Field(props: Props) {
  const { schema, value, usual } = props;
  if (schema.oneOf) return <OneOf {...props} />;
  if (schema.properties) {
    return props.name === "lora" ? <Switched {...props} /> : <Group {...props} />;
  }
  if (schema.enum) return <Choice {...props} />;
  if (schema.type === "boolean") return <Check {...props} />;
  if (schema.type === "array") return <Numbers {...props} />;
  if (isNumber(schema)) return <Number_ {...props} />;
  return (
    <Input
      {...props}
      input={{
        className: "input",
        value: value === undefined ? "" : String(value),
        placeholder: usual === null || usual === undefined ? schema["x-form"] : String(usual),
        onChange: ({ target }) => props.onChange(target.value || undefined),
      }}
    />
  );
}

interface LabelledProps extends Props {
  children: (id: string, describedBy: string) => ReactNode;
  shown?: string;
}

function Labelled({ name, schema, value, onChange, shown, children }: LabelledProps) {
  const text = useText();
  const id = useId();
  const { label, help, lang } = field(name, schema.title, schema.description);
  return (
    <div className="field" data-field={name}>
      <div className="field-head">
        <label htmlFor={id} lang={lang}>
          {label}
          {schema["x-unit"] && <Unit name={schema["x-unit"]} />}
        </label>
        {shown && <output htmlFor={id}>{shown}</output>}
        {value !== undefined && (
          <Button
            icon={RotateCcw}
            name={text("field.reset", { name: label })}
            look="quiet"
            onClick={() => onChange(undefined)}
          />
        )}
      </div>
      {children(id, `${id}-help`)}
      {help && (
        <p className="help" id={`${id}-help`} lang={lang}>
          {help}
        </p>
      )}
    </div>
  );
}

const UNITS: Readonly<Record<string, Key>> = { degrees: "unit.degrees", pixels: "unit.pixels", sigma: "unit.sigma" };

function Unit({ name }: { name: string }) {
  const text = useText();
  const known = UNITS[name];
  return (
    <span className="unit" lang={known ? undefined : "en"}>
      {" "}
      ({known ? text(known) : name})
    </span>
  );
}

interface InputProps extends Props {
  input: InputHTMLAttributes<HTMLInputElement>;
  shown?: string;
}

function Input({ input, ...props }: InputProps) {
  return (
    <Labelled {...props}>
      {(id, describedBy) => <input id={id} aria-describedby={describedBy} {...input} />}
    </Labelled>
  );
}

interface SwitchProps extends Props {
  on: boolean;
  onTurn: (on: boolean) => void;
}

function Switch({ on, onTurn, ...props }: SwitchProps) {
  return (
    <Input
      {...props}
      input={{
        type: "checkbox",
        className: "switch",
        checked: on,
        onChange: ({ target }) => onTurn(target.checked),
      }}
    />
  );
}

interface SelectProps extends Props {
  words: string[];
  now: string;
  onPick: (word: string) => void;
}

function Select({ words, now, onPick, ...props }: SelectProps) {
  return (
    <Labelled {...props}>
      {(id, describedBy) => (
        <select
          id={id}
          aria-describedby={describedBy}
          className="input"
          value={now}
          onChange={({ target }) => onPick(target.value)}
        >
          {words.map((word) => (
            <option key={word} lang="en">
              {word}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

function Number_(props: Props) {
  const { schema, value, usual, onChange } = props;
  const range = rangeOf(schema);
  const text = useText();
  const now = value ?? usual;
  const read = (given: string): void => {
    const number = schema.type === "integer" ? Number.parseInt(given, 10) : Number.parseFloat(given);
    onChange(Number.isFinite(number) ? number : undefined);
  };
  if (!range) {
    return (
      <Input
        {...props}
        input={{
          className: "input",
          type: "number",
          min: schema.minimum,
          max: schema.maximum,
          step: schema.type === "integer" ? 1 : "any",
          value: typeof value === "number" ? value : "",
          placeholder: typeof usual === "number" ? String(usual) : text("field.automatic"),
          onChange: ({ target }) => read(target.value),
        }}
      />
    );
  }
  return <Slider {...props} range={range} now={typeof now === "number" ? now : null} read={read} />;
}

interface SliderProps extends Props {
  range: Range;
  now: number | null;
  read: (given: string) => void;
}

function Slider({ range, now, read, ...props }: SliderProps) {
  const text = useText();
  const [held, setHeld] = useState<number | null>(null);
  // While the slider is dragged its end stays, so that each place on it keeps its value.
  const high = held ?? endOf(range, now);
  const hold = (): void => {
    setHeld(high);
    const release = (): void => {
      setHeld(null);
      removeEventListener("pointerup", release);
      removeEventListener("pointercancel", release);
    };
    addEventListener("pointerup", release);
    addEventListener("pointercancel", release);
  };
  return (
    <Input
      {...props}
      shown={now === null ? text("field.automatic") : String(now)}
      input={{
        className: "slider",
        type: "range",
        min: range.low,
        max: high,
        step: range.step,
        value: now ?? range.low,
        onPointerDown: hold,
        onChange: ({ target }) => read(target.value),
      }}
    />
  );
}

/** Most options are used near their lower end, so a slider ends at four times the value, but at 10 at least. */
function endOf({ high }: Range, now: number | null): number {
  return now === null ? high : Math.min(high, Math.max(now * 4, 10));
}

function Choice(props: Props) {
  const { name, schema, value, usual, onChange } = props;
  const { label } = field(name, schema.title, schema.description);
  const words = schema.enum ?? [];
  const now = String(value ?? usual ?? words[0]);
  if (words.join("").length < 28) {
    return (
      <Labelled {...props}>
        {() => (
          <Segments
            label={label}
            lang="en"
            value={now}
            options={words.map((word) => ({ value: word, label: named(word) }))}
            onChange={onChange}
          />
        )}
      </Labelled>
    );
  }
  return <Select {...props} words={words} now={now} onPick={onChange} />;
}

/** Names of methods, written as in papers. */
const named = (word: string): string => (["ode", "sde"].includes(word) ? word.toUpperCase() : word);

function Check(props: Props) {
  return <Switch {...props} on={Boolean(props.value ?? props.usual)} onTurn={props.onChange} />;
}

/** Several numbers, such as the margins of an expansion. */
function Numbers(props: Props) {
  const { name, schema, value, usual, onChange } = props;
  const { label } = field(name, schema.title, schema.description);
  const count = schema.prefixItems?.length ?? 0;
  const now = (value ?? usual ?? []) as number[];
  if (!count) return null;
  return (
    <Labelled {...props}>
      {(id, describedBy) => (
        <div className="numbers">
          {Array.from({ length: count }, (_, k) => (
            <input
              key={k}
              id={k === 0 ? id : undefined}
              aria-label={`${label} ${k + 1}`}
              aria-describedby={describedBy}
              className="input"
              type="number"
              min={schema.prefixItems?.[k]?.minimum}
              value={now[k] ?? 0}
              onChange={({ target }) => {
                const made = Array.from({ length: count }, (__, j) => now[j] ?? 0);
                made[k] = Number(target.value);
                onChange(made);
              }}
            />
          ))}
        </div>
      )}
    </Labelled>
  );
}

type Held = Record<string, unknown>;

/** A choice between methods, each with its own options. */
function OneOf(props: Props) {
  const { name, schema, value, usual, onChange } = props;
  const kinds = schema.oneOf ?? [];
  const now = (value ?? usual ?? {}) as Held;
  const nameOf = (kind: Schema): string => String(kind.properties?.["name"]?.const);
  const chosen = kinds.find((kind) => nameOf(kind) === now["name"]) ?? kinds[0];
  const own = Object.entries(chosen?.properties ?? {}).filter(
    ([key, told]) => key !== "name" && told.description,
  );
  return (
    <>
      <Select
        {...props}
        words={kinds.map(nameOf)}
        now={String(now["name"] ?? "")}
        onPick={(picked) => onChange({ name: picked })}
      />
      {own.map(([key, told]) => (
        <div className="inner" key={`${name}.${key}`}>
          <Field
            name={key}
            schema={resolved(told, chosen ?? {})}
            root={chosen ?? {}}
            value={(value as Held | undefined)?.[key]}
            usual={now[key] ?? told.default}
            onChange={(each) => onChange(without({ ...now, [key]: each }))}
          />
        </div>
      ))}
    </>
  );
}

/** Options that belong together, such as those of guidance. */
function Group(props: Props) {
  const { schema, root, value, usual, onChange } = props;
  const now = (value ?? {}) as Held;
  return Object.entries(schema.properties ?? {})
    .filter(([, told]) => told.description)
    .map(([key, told]) => (
      <Field
        key={key}
        name={key}
        schema={resolved(told, root)}
        root={root}
        value={now[key]}
        usual={(usual as Held | undefined)?.[key] ?? told.default}
        onChange={(each) => {
          const made = without({ ...now, [key]: each });
          onChange(Object.keys(made).length ? made : undefined);
        }}
      />
    ));
}

/** A group that is off until it is switched on. */
function Switched(props: Props) {
  const { value, onChange } = props;
  return (
    <>
      <Switch
        {...props}
        value={undefined}
        on={value !== undefined}
        onTurn={(on) => onChange(on ? {} : undefined)}
      />
      {value !== undefined && (
        <div className="inner">
          <Group {...props} onChange={(each) => onChange(each ?? {})} />
        </div>
      )}
    </>
  );
}

const without = (held: Held): Held =>
  Object.fromEntries(Object.entries(held).filter(([, each]) => each !== undefined));
