import { describe, expect, it } from "vitest";
import schemas from "../api/schemas.json";
import { optionsOf, type Schema } from "../forms/schema";
import { en } from "./en";
import { fieldsJa } from "./fields";
import { ja } from "./ja";

const holes = (words: string): string[] => (words.match(/\{\w+\}/g) ?? []).sort();

describe("the Japanese page", () => {
  it("has the same texts as the English one", () => {
    expect(Object.keys(ja).sort()).toEqual(Object.keys(en).sort());
  });

  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    it(`has the same placeholders in ${key}`, () => {
      expect(ja[key].trim()).not.toBe("");
      expect(holes(ja[key])).toEqual(holes(en[key]));
    });
  }

  it("has a name and a help text for every option of every task", () => {
    const missing = new Set<string>();
    const look = (name: string, schema: Schema): void => {
      if (schema.description && name !== "guidance" && name !== "method" && !fieldsJa[name]) missing.add(name);
      for (const kind of [schema, ...(schema.oneOf ?? [])]) {
        for (const [inner, told] of Object.entries(kind.properties ?? {})) {
          if (inner !== "name") look(inner, told);
        }
      }
    };
    for (const [task, schema] of Object.entries(schemas as unknown as Record<string, Schema>)) {
      if (task === "invert") continue; // not a task of the canvas
      for (const { name, schema: own } of optionsOf(schema)) look(name, own);
    }
    expect([...missing]).toEqual([]);
  });
});
