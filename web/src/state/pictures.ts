/** The most recent decoded pictures, by address. */
const held = new Map<string, Promise<HTMLImageElement>>();
const MOST = 24;

export function pictureOf(url: string): Promise<HTMLImageElement> {
  let found = held.get(url);
  if (!found) {
    const image = new Image();
    image.src = url;
    found = image.decode().then(() => image);
    found.catch(() => held.delete(url));
    held.set(url, found);
    for (const oldest of held.keys()) {
      if (held.size <= MOST) break;
      held.delete(oldest);
    }
  }
  return found;
}
