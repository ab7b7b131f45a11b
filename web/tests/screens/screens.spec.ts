/** Takes the screenshots of the main screens for docs/studio.md. */
import { resolve } from "node:path";
import { expect, test } from "../browser/fixtures";

const INTO = resolve(import.meta.dirname, "../../../docs/img/studio");

test("a drag, and the comparison of its result", async ({ studio }) => {
  const { page } = studio;
  await studio.openExample(3);
  await page.getByRole("textbox", { name: "Prompt" }).fill("a person with a full beard");
  await studio.drag([150, 48], [110, 60]);
  await studio.drag([150, 230], [140, 230]);
  await expect(page.getByText("cuts the object out", { exact: true })).toBeVisible();
  await expect(page.getByTestId("warp")).toBeVisible();
  await page.screenshot({ path: `${INTO}/drag.png` });
  await studio.run.click();
  await expect(studio.candidates).toHaveCount(1);
  await page.keyboard.press("c");
  await expect(page.getByRole("slider", { name: "Divide" })).toBeVisible();
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${INTO}/compare.png` });
});

test("randomness and guidance", async ({ studio }) => {
  const { page } = studio;
  await page.getByRole("button", { name: "Learn" }).click();
  await expect(page.getByText(/\d nats after the edit/)).toBeVisible();
  await page.waitForTimeout(1000);
  await page.screenshot({ path: `${INTO}/learn.png` });
  await page.getByRole("radio", { name: "Guidance" }).click();
  for (const name of ["CFG", "REG", "Ratio"]) await expect(page.getByText(new RegExp(`${name} · KL \\d`))).toBeVisible();
  await page.waitForTimeout(1000);
  await page.screenshot({ path: `${INTO}/guidance.png` });
});
