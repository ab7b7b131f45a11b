/** Generated pictures, written as PNG files without a library. */
import { deflateSync } from "node:zlib";

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  body.copy(made, 4);
  made.writeUInt32BE(crc(body), body.length + 4);
  return made;
}

function crc(data: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of data) {
    sum ^= byte;
    for (let k = 0; k < 8; k++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function png(width: number, height: number, colour: (x: number, y: number) => number[]): Buffer {
  const channels = colour(0, 0).length;
  const rows = Buffer.alloc((width * channels + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(colour(x, y), y * (width * channels + 1) + 1 + channels * x);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, channels === 4 ? 6 : 2, 0, 0, 0], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const parts = [chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

/** A JPEG that is shown a quarter turn clockwise (EXIF orientation 6), as telephones store upright photographs. */
export function turned(jpeg: Buffer): Buffer {
  const exif = Buffer.from("457869660000" + "4d4d002a00000008" + "0001" + "011200030000000100060000" + "00000000", "hex");
  const head = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, exif, jpeg.subarray(2)]);
}

/** Noise, which is foreign to every model of drawings; it is the same every time. */
export function noise(width: number, height: number): Buffer {
  let state = 1;
  const next = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) >>> 23;
  return png(width, height, () => [next(), next(), next()]);
}

/** Waves of light with grain, like a photograph, so that a drag bends the picture. */
export function waves(width: number, height: number): Buffer {
  let state = 7;
  const grain = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) >>> 27;
  const level = (x: number, y: number, by: number): number =>
    Math.round(112 + 60 * Math.sin((x + by) / 23) + 50 * Math.cos((y - by) / 31)) + grain();
  return png(width, height, (x, y) => [0, 40, 80].map((by) => level(x, y, by)));
}

/** Waves that become more transparent to the right; fully transparent pixels are black. */
export function veil(width: number, height: number): Buffer {
  const level = (x: number, y: number): number => Math.round(112 + 60 * Math.sin(x / 23) + 50 * Math.cos(y / 31));
  return png(width, height, (x, y) => {
    const alpha = Math.max(0, Math.round(255 - (400 * x) / width));
    return alpha ? [level(x, y), level(x + 40, y), level(x, y + 40), alpha] : [0, 0, 0, 0];
  });
}
