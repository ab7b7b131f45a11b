/** A number that is typed digit by digit: the text stays as typed until the field is left, and may be empty. */
import { useState } from "react";

interface Props {
  label: string;
  value: number;
  step?: number;
  min?: number;
  /** Is called with every number that is typed; an empty field changes nothing. */
  onChange: (value: number) => void;
}

export function NumberField({ label, value, onChange, ...limits }: Props) {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <input
      type="number"
      aria-label={label}
      value={typed ?? value}
      onChange={({ target }) => {
        setTyped(target.value);
        if (target.value !== "") onChange(target.valueAsNumber);
      }}
      onBlur={() => setTyped(null)}
      {...limits}
    />
  );
}
