/** Places in whole or broken image pixels: x to the right, y down, pixel centres at whole numbers. */
export type XY = readonly [number, number];
export type Pair = readonly [XY, XY];

/** A map from a place in the result to the place where its content was, in place in `at`. */
export type Flow = (at: Float64Array) => void;
