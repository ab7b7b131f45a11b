/** Words of a prompt. */

const LETTER = "[\\p{L}\\p{M}\\p{N}_]";
const INSIDE = `(?<=${LETTER})(?=${LETTER})`;

/** Matches some words where they stand alone, and not as a part of a longer word. */
export function alone(words: readonly string[]): RegExp {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&"));
  return new RegExp(`(?!${INSIDE})(${escaped.join("|")})(?!${INSIDE})`, "gu");
}

export const replaced = (text: string, word: string, by: string): string => text.replace(alone([word]), () => by);
