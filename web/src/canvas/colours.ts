/** Colours that are distinct for every colour vision (Okabe and Ito 2008); points also have numbers. */
const COLOURS = ["#e69f00", "#56b4e9", "#cc79a7", "#f0e442", "#009e73", "#d55e00", "#7aa6ff"];

export const colourOf = (id: number): string => COLOURS[(id - 1) % COLOURS.length]!;
