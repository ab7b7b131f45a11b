import { describe, expect, it } from "vitest";
import { alone, replaced } from "./words";

describe("a word of a prompt", () => {
  it("is replaced where it stands alone, and not within a longer word", () => {
    expect(replaced("red hai and long hair, hai", "hai", "hair")).toBe("red hair and long hair, hair");
    expect(replaced("ha chahai", "hai", "hair")).toBe("ha chahai");
  });

  it("can have accents, other scripts, and characters that mean something in a pattern", () => {
    expect(replaced("un café, cafés", "café", "coffee")).toBe("un coffee, cafés");
    expect(replaced("赤い髪 の 髪", "髪", "hair")).toBe("赤い髪 の hair");
    expect(replaced("what (c++)? c++", "c++", "$&")).toBe("what ($&)? $&");
    expect(replaced("red… hair", "…", "")).toBe("red hair");
  });

  it("is found among others", () => {
    expect("bleu hai, hair".split(alone(["bleu", "hai"]))).toEqual(["", "bleu", " ", "hai", ", hair"]);
  });
});
