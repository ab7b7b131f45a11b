/** What goes wrong, and what the page says about it. */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { noise } from "./pictures";

/** The step that the page shows; 0 if it shows none. */
async function step(page: Page): Promise<number> {
  const told = await page.locator(".progress-head").innerText();
  return Number(/Step (\d+)/.exec(told)?.[1] ?? 0);
}

test("Stop ends a run within a second", async ({ studio }) => {
  const { page } = studio;
  await studio.startLong();
  await expect(page.getByText(/s left/)).toBeVisible();
  const begun = Date.now();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped. Nothing was changed.")).toBeVisible();
  const took = Date.now() - begun;
  console.log(`stopped after ${took} ms`);
  expect(took).toBeLessThan(2000);
});

test("a restarted service resumes the job", async ({ studio, service }) => {
  test.slow(); // the service starts twice
  const { page } = studio;
  await studio.startLong();
  const before = await step(page);
  await service.stop();
  await expect(page.getByText("The service does not answer")).toBeVisible();
  await service.start();
  await expect(page.getByText("The service does not answer")).toBeHidden();
  await expect.poll(() => step(page)).toBeGreaterThan(before);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.getByText("Stopped. Nothing was changed.")).toBeVisible();
  await service.warm(); // for the tests that follow
});

test("a lost connection is reported, what was drawn is kept, and work can continue", async ({ studio, context }) => {
  const { page } = studio;
  await studio.openExample(1);
  await studio.drag([120, 80], [132, 88]);
  await context.setOffline(true);
  await studio.run.click();
  await expect(page.getByText("The service does not answer")).toBeVisible();
  await expect(studio.points).toHaveCount(1);
  await context.setOffline(false);
  await expect(page.getByText("The service does not answer")).toBeHidden();
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
});

test("a wrong file is refused with an explanation", async ({ studio }) => {
  const { page } = studio;
  await studio.openFile("notes.txt", Buffer.from("hello"), "text/plain");
  await expect(page.getByRole("alert")).toContainText("This is not a PNG, JPEG or WebP file");
  await studio.openFile("broken.png", Buffer.from("hello"), "image/png");
  await expect(page.getByRole("alert")).toContainText("picture file (PNG, JPEG or WebP)");
  await expect(page.getByRole("alert")).toContainText("Open a PNG, JPEG or WebP file.");
});

test("a foreign picture is reported as foreign", async ({ studio }) => {
  const { page } = studio;
  await studio.openFile("noise.png", noise(96, 80));
  await expect(page.getByText("This picture is foreign to it")).toBeVisible();
});

test("unknown words are underlined, and can be replaced by known ones", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  await page.getByRole("textbox", { name: "Prompt" }).fill("a person with bleu eyes");
  await expect(page.locator(".underlines mark")).toHaveText("bleu");
  await page.getByRole("button", { name: "blue", exact: true }).click();
  await expect(page.getByRole("textbox", { name: "Prompt" })).toHaveValue("a person with blue eyes");
  await expect(page.locator(".underlines mark")).toHaveCount(0);
});

test("a refused option is named, with advice", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(1);
  await page.keyboard.press("3");
  await page.getByRole("textbox", { name: "Prompt" }).fill("qwxz");
  await studio.run.click();
  await expect(page.getByRole("alert")).toContainText("none of these words");
});
