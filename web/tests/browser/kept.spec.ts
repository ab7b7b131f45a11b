/** What the user made is not lost by a press, a held key, a second tab, or a job that is gone. */
import type { Page } from "@playwright/test";
import { expect, test, type Studio } from "./fixtures";

async function press(studio: Studio, at: [number, number]): Promise<void> {
  const { x, y } = await studio.at(at);
  await studio.page.mouse.move(x, y);
  await studio.page.mouse.down();
}

async function jobsOf(page: Page): Promise<string[]> {
  const answer = await page.request.get("api/v1/jobs?limit=200");
  return ((await answer.json()) as { id: string }[]).map(({ id }) => id);
}

test.use({ baseURL: async ({ service }, use) => use(service.url) });

test("a press on the picture keeps the run, the results and the comparison", async ({ studio }) => {
  const { page } = studio;
  await studio.startLong();
  await studio.click([60, 60]);
  await expect(page.getByRole("progressbar")).toBeVisible();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped. Nothing was changed.")).toBeVisible();
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await studio.choose("preset", "warp");
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
  for (const key of ["b", "l", "p"]) {
    await page.keyboard.press(key);
    await studio.drag([60, 60], [64, 60]);
  }
  await page.keyboard.press("c");
  await page.getByRole("radio", { name: "Hold" }).click();
  const made = await studio.seen.getAttribute("src");
  await press(studio, [60, 60]);
  await expect(studio.seen).not.toHaveAttribute("src", made!);
  await page.mouse.up();
  await expect(studio.seen).toHaveAttribute("src", made!);
  await expect(page.getByRole("radio", { name: "Hold" })).toBeChecked();
  await expect(studio.candidates).toHaveCount(1);
  await expect(studio.points).toHaveCount(1);
  await page.getByRole("button", { name: "Accept" }).click();
  await studio.drag([60, 60], [70, 60]);
  await expect(studio.points).toHaveCount(1);
});

test("a held key runs once, and so does a key that is pressed again at once", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(2);
  await studio.drag([128, 80], [140, 92]);
  await expect(studio.run).toBeEnabled();
  const before = await jobsOf(page);
  await page.keyboard.down("Control");
  for (let k = 0; k < 4; k++) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  await page.keyboard.up("Control");
  await expect(studio.candidates).toHaveCount(1);
  expect(await jobsOf(page)).toHaveLength(before.length + 1);
  await studio.choose("preset", "paper"); // takes so long that no key is pressed after its end
  await page.keyboard.down("Control");
  for (let k = 0; k < 4; k++) await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await expect(page.getByText(/Step \d+ of \d+/)).toBeVisible();
  expect(await jobsOf(page)).toHaveLength(before.length + 2);
  await page.keyboard.press("Escape");
  await expect(studio.run).toBeEnabled();
  await studio.choose("preset", "warp");
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
  await page.keyboard.down("Backspace");
  await page.keyboard.down("Backspace"); // would delete the point that was picked last
  await expect(studio.candidates).toHaveCount(0);
  await expect(studio.points).toHaveCount(1);
});

test("a held arrow and typed digits are one step for undo each, and an emptied field changes nothing", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  await studio.drag([120, 80], [132, 88]);
  for (let k = 0; k < 5; k++) await page.keyboard.down("ArrowRight");
  await page.keyboard.up("ArrowRight");
  const field = page.getByRole("spinbutton", { name: "Point 1, target x" });
  await expect(field).toHaveValue("137");
  await page.keyboard.press("Control+z");
  await expect(field).toHaveValue("132");
  await field.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await expect(field).toHaveValue("");
  await field.blur();
  await expect(field).toHaveValue("132");
  await field.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("204");
  await field.blur();
  await expect(field).toHaveValue("204");
  await page.keyboard.press("Control+z");
  await expect(field).toHaveValue("132");
});

test("what is drawn while a mask is uploaded stays", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  let release = (): void => undefined;
  const waiting = new Promise<void>((done) => (release = done));
  await page.route("**/api/v1/assets", async (route) => {
    await waiting;
    await route.continue();
  });
  await page.keyboard.press("b");
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Load a mask" }).click();
  const mask = await page.request.get((await studio.seen.getAttribute("src"))!);
  await (await chooser).setFiles({ name: "mask.png", mimeType: "image/png", buffer: await mask.body() });
  await page.keyboard.press("p");
  await studio.drag([120, 80], [132, 88]);
  await expect(studio.points).toHaveCount(1);
  release();
  await expect(page.getByTestId("mask")).toBeVisible();
  await expect(studio.points).toHaveCount(1);
});

test("every tab keeps its own session", async ({ studio, context, service }) => {
  const { page } = studio;
  const nameOf = (tab: Page) => tab.locator(".file-name");
  const saved = () => page.waitForTimeout(600); // sessions are saved after a quarter of a second
  await studio.openExample(1);
  await expect(nameOf(page)).toContainText("portrait-0");
  await saved();
  const second = await context.newPage();
  await second.goto(service.url);
  await expect(nameOf(second)).toContainText("portrait-0");
  await second.getByRole("button", { name: "Open" }).first().click();
  await second.getByRole("button", { name: "Example 3:" }).click();
  await expect(nameOf(second)).toContainText("portrait-4");
  await saved();
  await page.reload();
  await expect(nameOf(page)).toContainText("portrait-0");
  await page.close(); // has changed nothing since, so that the second is still the newest
  await second.reload();
  await expect(nameOf(second)).toContainText("portrait-4");
  const third = await context.newPage();
  await third.goto(service.url);
  await expect(nameOf(third)).toContainText("portrait-4");
});

test("a job that the service does not know any more has failed, and Run is back", async ({ studio }) => {
  const { page } = studio;
  await studio.startLong();
  const [job] = await jobsOf(page);
  await page.waitForTimeout(600);
  const json = { message: `there is no job ${job}` };
  await page.route(`**/api/v1/jobs/${job}/events`, (route) => route.fulfill({ status: 404, json }));
  await page.reload();
  await expect(page.getByText(`there is no job ${job}`)).toBeVisible();
  await expect(studio.run).toBeEnabled();
  await page.getByRole("button", { name: "Back", exact: true }).click();
  await expect(studio.points).toHaveCount(1);
  await page.request.post(`api/v1/jobs/${job}/cancel`);
});

test("with many unfinished runs the page still reaches the service, and the gallery lists them", async ({ studio, service }) => {
  const { page } = studio;
  await studio.openExample(2);
  await studio.drag([128, 80], [140, 92]);
  await page.request.post("api/v1/queue/pause");
  const answers = () =>
    page.evaluate(async (url) => (await fetch(url, { signal: AbortSignal.timeout(5000) })).ok, `${service.url}healthz`);
  for (let k = 0; k < 7; k++) {
    await studio.run.click();
    await expect(page.getByText(/Waiting, number \d+ in the queue/)).toBeVisible();
    await page.keyboard.press("1"); // leaves the run, which still waits
    expect(await answers()).toBe(true);
  }
  await page.waitForTimeout(600); // the session is saved after a quarter of a second
  await page.reload();
  await expect(studio.run).toBeEnabled();
  expect(await answers()).toBe(true);
  await page.request.post("api/v1/queue/cancel-waiting");
  await page.request.post("api/v1/queue/resume");
  await page.getByRole("button", { name: "Gallery" }).click();
  await page.getByRole("combobox", { name: "State" }).selectOption("Stopped");
  await expect(page.locator(".gallery .no-picture").nth(6)).toHaveText("Stopped");
});

test("a slider that is dragged follows the pointer", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  await page.keyboard.press("3");
  await page.locator("details.advanced summary").first().click();
  const slider = page.locator('[data-field="guidance_scale"] input[type=range]').first();
  await slider.scrollIntoViewIfNeeded();
  const box = (await slider.boundingBox())!;
  const high = Number(await slider.getAttribute("max"));
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + 0.25 * box.width, y);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.45 * box.width, y, { steps: 20 });
  expect(Math.abs(Number(await slider.inputValue()) - 0.45 * high)).toBeLessThan(0.05 * high);
  await page.mouse.up();
});
