/** A user's way from an empty page to a saved picture. */
import { readFileSync } from "node:fs";
import { expect, test } from "./fixtures";
import { turned, waves } from "./pictures";

test("drag, look, run, compare, accept, go back, and find all of it after a reload", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(3);
  await expect(page.getByText("It knows this picture")).toBeVisible();

  await studio.drag([150, 48], [110, 60]);
  await studio.drag([150, 230], [140, 230]);
  await expect(studio.points).toHaveCount(2);
  await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("110");
  await expect(page.getByTestId("warp")).toBeVisible();
  await expect(page.getByText("cuts the object out", { exact: true })).toBeVisible();

  await test.step("an end is moved later, and undo and redo restore every step", async () => {
    await studio.drag([110, 60], [116, 64]);
    await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("116");
    await page.keyboard.press("Control+z");
    await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("110");
    await page.keyboard.press("Control+z");
    await expect(studio.points).toHaveCount(1);
    await page.keyboard.press("Control+Shift+z");
    await expect(studio.points).toHaveCount(2);
  });

  await test.step("two candidates in which the model drew nothing are said to be the same", async () => {
    await page.getByRole("button", { name: "One more" }).click();
    await studio.run.click();
    await expect(studio.candidates).toHaveCount(2);
    expect(await studio.candidates.allInnerTexts()).toEqual(["1", "2"]);
    await expect(page.getByText("all 2 pictures are the same")).toBeVisible();
  });

  await test.step("four ways to compare", async () => {
    await page.keyboard.press("c");
    await expect(page.getByRole("slider", { name: "Divide" })).toBeVisible();
    for (const way of ["Hold", "Flicker", "Difference"]) {
      await page.getByRole("radio", { name: way }).click();
    }
    await expect(page.locator(".compared.difference")).toBeVisible();
    await page.keyboard.press("Escape");
  });

  const before = await studio.seen.getAttribute("src");
  await page.keyboard.press("Enter");
  await expect(studio.candidates).toHaveCount(0);
  expect(await studio.seen.getAttribute("src")).toBe(before);

  await test.step("the accepted picture is saved with the request that made it", async () => {
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("dialog").getByText("--point 150,48:110,60")).toBeVisible();
    await page.keyboard.press("Escape");
  });

  await test.step("the history leads back to the picture and its points", async () => {
    await page.getByRole("radio", { name: "History" }).click();
    await expect(page.locator(".step")).toHaveCount(2);
    await page.reload();
    await expect(page.locator(".step")).toHaveCount(0); // the panel opens on Edit
    await page.getByRole("radio", { name: "History" }).click();
    await page.locator(".step").filter({ hasText: "Opened" }).click();
    await page.getByRole("radio", { name: "Edit", exact: true }).click();
    await expect(studio.points).toHaveCount(2);
  });
});

test("candidates that differ are ranked with scores", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(3);
  await studio.drag([157, 180], [157, 165]);
  await page.getByRole("button", { name: "One more" }).click();
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(2);
  const scores = (await studio.candidates.allInnerTexts()).map(Number);
  expect(scores).toEqual([...scores].sort((a, b) => b - a));
  expect(scores[0]).toBeGreaterThan(0);
  expect(scores[0]).toBeLessThan(1);
});

test("a saved picture restores picture, points and settings", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(3);
  await studio.drag([150, 48], [124, 56]);
  await page.getByRole("textbox", { name: "Seed" }).fill("7");
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog").getByText("yuragi drag picture.png")).toBeVisible();
  const files: [string, string, Buffer][] = [];
  for (const [suffix, kind] of [["WEBP", "webp"], ["JPG", "jpeg"], ["PNG", "png"]] as const) {
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: suffix }).click();
    files.push([suffix, `image/${kind}`, readFileSync(await (await saving).path())]);
  }
  await page.keyboard.press("Escape");
  for (const [suffix, kind, data] of files) {
    await studio.openFile(`saved.${suffix}`, data, kind);
    await expect(page.getByText(`saved.${suffix}`)).toBeVisible();
    await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("124");
    await expect(page.getByRole("textbox", { name: "Seed" })).toHaveValue("7");
  }
});

test("a photograph that is stored on its side is shown and edited upright", async ({ studio }) => {
  const { page } = studio;
  const jpeg = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [400, 200];
    const pen = canvas.getContext("2d")!;
    for (let x = 0; x < 400; x += 20) {
      pen.fillStyle = `hsl(${x} 60% 50%)`;
      pen.fillRect(x, 0, 20, 200);
    }
    return canvas.toDataURL("image/jpeg");
  });
  await studio.openFile("photo.jpg", turned(Buffer.from(jpeg.split(",")[1]!, "base64")), "image/jpeg");
  await expect(page.getByText("200 × 400")).toBeVisible();
  const [wide, high] = await studio.seen.evaluate((image: HTMLImageElement) => {
    const { width, height } = image.getBoundingClientRect();
    return [width / image.naturalWidth, height / image.naturalHeight];
  });
  expect(wide).toBeCloseTo(high!, 3);
  await studio.drag([100, 350], [120, 360]);
  await expect(page.getByRole("spinbutton", { name: "Point 1, source y" })).toHaveValue("350");
  await expect(page.getByTestId("rested")).toBeVisible();
});

test("the mask is painted, undone stroke by stroke, inverted, and filled", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  await page.keyboard.press("2");
  await expect(studio.run).toBeDisabled();
  await studio.drag([100, 80], [140, 80]);
  await studio.drag([100, 100], [140, 100]);
  const white = (): Promise<number> =>
    page.getByTestId("mask").evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((each, k) => k % 4 === 3 && each > 127).length;
    });
  await expect.poll(white).toBeGreaterThan(800);
  const two = await white();
  await page.keyboard.press("Control+z");
  await expect.poll(white).toBeLessThan(two);
  const one = await white();
  await page.keyboard.press("i");
  await expect.poll(white).toBe(256 * 256 - one);
  await page.keyboard.press("Control+z");
  await expect.poll(white).toBe(one);
  await studio.fill("Steps", "8");
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
});

test("a lasso selects an object, which can be moved by its handle and with keys", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(3);
  await page.keyboard.press("l");
  const corners: [number, number][] = [[112, 24], [184, 24], [188, 72], [112, 72], [112, 28]];
  const first = await studio.at(corners[0]!);
  await page.mouse.move(first.x, first.y);
  await page.mouse.down();
  for (const corner of corners.slice(1)) {
    const { x, y } = await studio.at(corner);
    await page.mouse.move(x, y, { steps: 5 });
  }
  await page.mouse.up();
  await expect(page.getByRole("spinbutton", { name: "Region 1, moved along x" })).toHaveValue("0");
  await studio.drag([144, 52], [124, 52]);
  await expect(page.getByRole("spinbutton", { name: "Region 1, moved along x" })).toHaveValue("-20");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("spinbutton", { name: "Region 1, moved along x" })).toHaveValue("-21");
  await expect(page.getByTestId("warp")).toBeVisible();
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
});

test("one edit on several pictures, with the points scaled to each of them", async ({ studio, service }) => {
  const { page } = studio;
  await studio.openExample(3);
  await studio.drag([150, 48], [110, 60]);
  await page.getByRole("button", { name: "On other pictures" }).click();
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Choose pictures" }).click();
  await (await chooser).setFiles([
    { name: "small.png", mimeType: "image/png", buffer: waves(128, 128) },
    { name: "wide.png", mimeType: "image/png", buffer: waves(512, 256) },
    { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") },
  ]);
  await expect(page.getByText("3 of 3 finished")).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText("This is not a PNG, JPEG or WebP file")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save 2 pictures" })).toBeVisible();
  const answer = await page.request.get(`${service.url}api/v1/jobs?limit=2`);
  const jobs = (await answer.json()) as { request: { points: number[][][] } }[];
  const points = jobs.map(({ request }) => request.points[0]);
  expect(points).toContainEqual([[75, 24], [55, 30]]);
  expect(points).toContainEqual([[300, 48], [220, 60]]);
});
