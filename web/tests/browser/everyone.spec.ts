/** Keyboard only, screen readers, both languages, light and dark, a tablet. */
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

async function accessible(page: Page, where: string): Promise<void> {
  const found = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]).analyze();
  const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
  expect(told, where).toEqual([]);
}

for (const theme of ["dark", "light"] as const) {
  test(`every screen meets WCAG AA, ${theme}`, async ({ studio }) => {
    const { page } = studio;
    await page.emulateMedia({ reducedMotion: "reduce" }); // colours change at once
    if (theme === "light") await page.getByRole("button", { name: "Dark or light" }).click();
    await expect(page.locator(".examples img").first()).toBeVisible();
    await accessible(page, "welcome");
    await studio.openExample(1);
    await studio.drag([120, 80], [132, 88]);
    await page.getByRole("textbox", { name: "Prompt" }).fill("a bleu person");
    await expect(page.locator(".underlines mark")).toBeVisible();
    await page.locator("details.advanced summary").first().click();
    await accessible(page, "drag");
    for (const [key, name] of [["?", "Keys"], ["o", "Open"], ["g", "Gallery"]] as const) {
      await page.locator(".overlay").click({ position: { x: 5, y: 5 }, button: "right" });
      await page.keyboard.press(key);
      await expect(page.getByRole("dialog", { name })).toBeVisible();
      await accessible(page, name);
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Learn" }).click();
    await expect(page.getByText(/KL divergence from the distribution: \d/)).toBeVisible();
    await accessible(page, "learn");
  });
}

test("with reduced motion, colours change in the same frame as the theme", async ({ studio }) => {
  const { page } = studio;
  await page.emulateMedia({ reducedMotion: "reduce" });
  const turn = page.getByRole("button", { name: "Dark or light" });
  await expect(page.locator(".examples button").first()).toBeVisible();
  const [before, after] = await turn.evaluate((button: HTMLButtonElement) => {
    const border = () => getComputedStyle(document.querySelector(".examples button")!).borderColor;
    const dark = border();
    button.click();
    return [dark, border()];
  });
  expect(after).not.toBe(before);
});

test("a whole drag with the keyboard only", async ({ studio }) => {
  const { page } = studio;
  await page.getByRole("button", { name: "Example 3" }).focus();
  await page.keyboard.press("Enter");
  await expect(studio.seen).toBeVisible();
  await page.getByRole("button", { name: "Add a point" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Alt+Shift+ArrowUp");
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("spinbutton", { name: "Point 1, source y" })).toHaveValue("118");
  await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("118");
  await expect(page.getByRole("spinbutton", { name: "Point 1, target y" })).toHaveValue("129");
  await expect(studio.run).toBeEnabled();
  await page.keyboard.press("Control+Enter");
  await expect(studio.candidates).toHaveCount(1);
  await page.keyboard.press("Backspace");
  await expect(studio.candidates).toHaveCount(0);
});

test("the page can be switched to Japanese, and remembers it", async ({ studio }) => {
  const { page } = studio;
  await page.getByRole("button", { name: "日本語" }).click();
  await expect(page.getByRole("heading", { name: "点をドラッグ。画像が付いてくる。" })).toBeVisible();
  await page.reload();
  await expect(page.getByRole("radio", { name: "描き直し" })).toBeVisible();
  expect(await page.locator("html").getAttribute("lang")).toBe("ja");
});

test("an upright tablet shows the whole page, and a finger drags", async ({ browser, service }) => {
  const context = await browser.newContext({ viewport: { width: 820, height: 1180 }, hasTouch: true, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.addInitScript(() => localStorage.setItem("yuragi-toured", "1"));
  await page.goto(service.url);
  await page.getByRole("button", { name: "Example 3" }).first().tap();
  const picture = page.getByTestId("seen");
  await expect(picture).toBeVisible();
  await page.waitForTimeout(200);
  const box = (await picture.boundingBox())!;
  const spot = (x: number, y: number) => ({
    x: box.x + ((x + 0.5) / 256) * box.width,
    y: box.y + ((y + 0.5) / 256) * box.height,
  });
  const finger = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", at?: { x: number; y: number }) =>
    finger.send("Input.dispatchTouchEvent", { type, touchPoints: at ? [at] : [] });
  await touch("touchStart", spot(150, 48));
  await touch("touchMove", spot(140, 52));
  await touch("touchMove", spot(130, 56));
  await touch("touchEnd");
  await expect(page.getByRole("spinbutton", { name: "Point 1, source x" })).toHaveValue("150");
  await expect(page.getByRole("spinbutton", { name: "Point 1, target x" })).toHaveValue("130");
  await expect(page.getByTestId("run")).toBeInViewport();
  await context.close();
});
