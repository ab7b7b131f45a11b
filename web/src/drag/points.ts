/** Places in pixels, whole or fractional: x to the right, y down, pixel centres at integers. */
export type XY = readonly [number, number];
export type Pair = readonly [XY, XY];

/** Maps places in the result to the places where their content was, by overwriting `at`. */
export type Flow = (at: Float64Array) => void;
