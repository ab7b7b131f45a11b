/** The live warp equals that of the drag itself, and is fast enough. */
import { expect, test, type Studio } from "./fixtures";
import { veil, waves } from "./pictures";

/** The difference between the two warps in levels, at the size of the live one; only their sampling differs. */
async function difference(studio: Studio): Promise<{ mean: number; share: number; width: number }> {
  const { page } = studio;
  await expect(page.getByTestId("rested")).toBeVisible();
  return page.evaluate(() => {
    const pixels = (of: CanvasImageSource, width: number, height: number): Uint8ClampedArray => {
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [width, height];
      const pen = canvas.getContext("2d")!;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(of, 0, 0, width, height);
      return pen.getImageData(0, 0, width, height).data;
    };
    const live = document.querySelector<HTMLCanvasElement>("[data-testid=warp]")!;
    const rested = document.querySelector<HTMLImageElement>("[data-testid=rested]")!;
    const size = [live.width, live.height] as const;
    const [a, b] = [pixels(live, ...size), pixels(rested, ...size)];
    let [sum, far] = [0, 0];
    a.forEach((each, k) => {
      const off = Math.abs(each - b[k]!);
      sum += off;
      if (off > 24) far++;
    });
    return { mean: sum / a.length, share: far / a.length, width: live.width };
  });
}

test("a cut agrees with the service's own warp", async ({ studio }) => {
  await studio.openExample(3);
  await studio.drag([150, 48], [110, 60]);
  await studio.drag([150, 230], [140, 230]);
  const found = await difference(studio);
  expect(found.width).toBe(256);
  expect(found.mean).toBeLessThan(1);
  expect(found.share).toBeLessThan(0.005);
});

test("a bend agrees with the service's own warp, with and without a mask", async ({ studio }) => {
  const { page } = studio;
  await studio.openFile("waves.png", waves(512, 384));
  await expect(page.getByText("512 × 384")).toBeVisible();
  await studio.drag([200, 180], [260, 200]);
  await expect(page.getByText("bends the picture", { exact: true })).toBeVisible();
  const free = await difference(studio);
  expect(free.mean).toBeLessThan(1.5);
  await page.keyboard.press("b");
  for (let k = 0; k < 6; k++) await page.keyboard.press("]");
  await studio.drag([120, 190], [340, 190], 4);
  const held = await difference(studio);
  expect(held.mean).toBeLessThan(1.5);
  expect(held.share).toBeLessThan(0.02);
});

test("a transparent picture is warped on white, as the service does", async ({ studio }) => {
  await studio.openFile("veil.png", veil(512, 384));
  await expect(studio.page.getByText("512 × 384")).toBeVisible();
  await studio.drag([260, 180], [310, 200]);
  const found = await difference(studio);
  expect(found.mean).toBeLessThan(1.5);
  expect(found.share).toBeLessThan(0.005);
});

test("a picture that is shown smaller is warped the same way, at the size that is shown", async ({ studio }) => {
  await studio.openFile("waves.png", waves(1920, 1080));
  await expect(studio.page.getByText("1920 × 1080")).toBeVisible();
  await studio.drag([760, 540], [900, 600]);
  const found = await difference(studio);
  const shown = await studio.seen.evaluate((image) => image.getBoundingClientRect().width);
  expect(Math.abs(found.width - shown)).toBeLessThan(1);
  expect(found.mean).toBeLessThan(1.5);
  expect(found.share).toBeLessThan(0.005);
});

test("pictures that are no longer shown keep no WebGL context", async ({ studio }) => {
  const { page } = studio;
  await page.addInitScript(() => {
    const contexts: WebGL2RenderingContext[] = [];
    Object.assign(window, { open3d: () => contexts.filter((each) => !each.isContextLost()).length });
    const before = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
      const made = (before as (...given: unknown[]) => unknown).call(this, kind, ...rest);
      if (kind === "webgl2") contexts.push(made as WebGL2RenderingContext);
      return made;
    } as typeof before;
  });
  await page.reload();
  for (const number of [1, 2, 3]) {
    if (number > 1) await page.keyboard.press("o");
    await studio.openExample(number);
    await studio.drag([120, 80], [132, 88]);
    await expect(page.getByTestId("warp")).toBeVisible();
  }
  expect(await page.evaluate(() => (window as unknown as { open3d: () => number }).open3d())).toBe(1);
});

test("the page and the first preview of a run appear soon", async ({ studio }) => {
  const { page } = studio;
  const paint = await page.evaluate(
    () =>
      new Promise<number>((found) => {
        new PerformanceObserver((list) => {
          for (const { startTime } of list.getEntriesByName("first-contentful-paint")) found(startTime);
        }).observe({ type: "paint", buffered: true });
      }),
  );
  await studio.openExample(2);
  await page.keyboard.press("3");
  await page.getByRole("textbox", { name: "Prompt" }).fill("a person with red hair");
  await studio.fill("Steps", "1000"); // it is still running when it is stopped
  await studio.run.click();
  const begun = Date.now();
  await expect(page.getByTestId("becoming")).toBeVisible();
  console.log(`first paint ${paint.toFixed(0)} ms, first preview ${Date.now() - begun} ms after Run`);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped. Nothing was changed.")).toBeVisible();
});
