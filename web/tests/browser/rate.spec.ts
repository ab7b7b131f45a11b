/** How many times per second the warp follows the pointer. */
import { expect, test } from "./fixtures";
import { waves } from "./pictures";

// Recording a trace takes pictures of the page, which lowers the rate by a third.
test.use({ trace: "off" });

for (const [width, height] of [[512, 512], [1920, 1080]] as const) {
  test(`the warp follows the pointer at ${width} x ${height}`, async ({ studio }) => {
    const { page } = studio;
    await studio.openFile("waves.png", waves(width, height));
    await expect(page.getByText(`${width} × ${height}`)).toBeVisible();
    await studio.drag([width * 0.4, height * 0.5], [width * 0.5, height * 0.5]);
    await expect(page.getByTestId("rested")).toBeVisible();
    const [a, b] = [await studio.at([width * 0.5, height * 0.5]), await studio.at([width * 0.6, height * 0.6])];
    await page.mouse.move(a.x, a.y);
    await page.mouse.down();
    await page.evaluate(() => {
      performance.clearMeasures("warp");
      performance.mark("moving");
    });
    // Like a mouse, which reports about 125 times a second without waiting for answers.
    const mouse = await page.context().newCDPSession(page);
    const moves: Promise<unknown>[] = [];
    for (const begun = Date.now(); Date.now() < begun + 2000; await page.waitForTimeout(8)) {
      const share = 0.5 - 0.5 * Math.cos((Date.now() - begun) / 160);
      const [x, y] = [a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share];
      moves.push(mouse.send("Input.dispatchMouseEvent", { type: "mouseMoved", button: "left", buttons: 1, x, y }));
    }
    await Promise.all(moves);
    const found = await page.evaluate(() => {
      const all = performance.getEntriesByName("warp");
      const span = performance.now() - performance.getEntriesByName("moving").at(-1)!.startTime;
      const each = all.map(({ duration }) => duration).sort((x, y) => x - y);
      return { rate: (1000 * all.length) / span, median: each[Math.floor(each.length / 2)] };
    });
    await page.mouse.up();
    console.log(`${width} x ${height}: ${found.rate.toFixed(0)} warps a second, ${found.median?.toFixed(1)} ms each`);
    // Without a GPU, and with other programs running, the rate means little, so it is only printed.
    expect(found.rate).toBeGreaterThan(0);
  });
}
