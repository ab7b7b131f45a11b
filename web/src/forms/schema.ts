/** The JSON schemas of requests, and which of their options a form shows. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  prefixItems?: Schema[];
  format?: string;
  required?: string[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  "x-advanced"?: boolean;
  "x-unit"?: string;
  "x-form"?: string;
}

/** Options that are set on the canvas, in the prompts and in the run bar. */
const ELSEWHERE = new Set([
  "kind",
  "model",
  "prompt",
  "source_prompt",
  "negative_prompt",
  "seed",
  "image",
  "mask",
  "points",
  "regions",
  "select",
  "move",
  "rotate",
  "enlarge",
  "latents",
]);
/** The only options that are not folded; the others have good defaults. */
const FIRST = new Set(["motion", "strength", "num_images", "expand", "width", "height"]);

export interface Option {
  name: string;
  schema: Schema;
  advanced: boolean;
}

/** The schema with its reference resolved, and without null. */
export function resolved(schema: Schema, root: Schema): Schema {
  const { anyOf, $ref, ...own } = schema;
  if ($ref) {
    const found = root.$defs?.[$ref.replace("#/$defs/", "")];
    return found ? { ...resolved(found, root), ...own } : own;
  }
  const kinds = (anyOf ?? []).filter((each) => each.type !== "null");
  if (kinds.length === 1) return { ...resolved(kinds[0]!, root), ...own };
  return kinds.length ? { ...own, anyOf: kinds } : schema;
}

/** The options of a task that a form shows. */
export function optionsOf(root: Schema): Option[] {
  const made: Option[] = [];
  for (const [name, told] of Object.entries(root.properties ?? {})) {
    const schema = resolved(told, root);
    if (ELSEWHERE.has(name) || schema.const !== undefined || schema.type === "null") continue;
    if (schema.description === undefined && !schema.properties) continue;
    made.push({ name, schema, advanced: !FIRST.has(name) });
  }
  return made;
}

export function isNumber(schema: Schema): boolean {
  return schema.type === "number" || schema.type === "integer";
}

export interface Range {
  low: number;
  high: number;
  step: number;
}

/** The range of a slider; null if the range is open or too large for one. */
export function rangeOf(schema: Schema): Range | null {
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const high = schema.maximum ?? schema.exclusiveMaximum;
  if (low === undefined || high === undefined || high > 200) return null;
  const step = schema.type === "integer" ? 1 : high <= 2 ? 0.01 : 0.1;
  return { low: schema.exclusiveMinimum === low ? low + step : low, high, step };
}
