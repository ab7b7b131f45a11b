/** The voting page of a pilot: keyboard only, without scripts, both languages, light and dark, a tablet. */
import AxeBuilder from "@axe-core/playwright";
import { expect, test as base, type Page } from "@playwright/test";
import { Pilot } from "./pilot";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const LANGUAGES = {
  en: { pair: (k: number) => `Pair ${k} of 4`, done: "Thank you", missing: "There is nothing under this link" },
  ja: { pair: (k: number) => `4 組中 ${k} 組目`, done: "ありがとうございました", missing: "このリンクの先には何もありません" },
} as const;
const WORDS = LANGUAGES.en;

const test = base.extend<{ quiet: Page }, { pilot: Pilot }>({
  pilot: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from the pattern
    async ({}, use) => {
      const pilot = new Pilot();
      await pilot.start();
      await use(pilot);
      await pilot.end();
    },
    { scope: "worker", timeout: 900_000 },
  ],
  /** A page that contacts no other host and writes nothing to the console. */
  quiet: async ({ page, pilot }, use) => {
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(pilot.service.url)) said.push(request.url());
    });
    await use(page);
    expect(said).toEqual([]);
  },
});

/** Wait for a pair and its pictures, because keys do not vote before they are loaded. */
async function shown(page: Page, text: string): Promise<void> {
  await expect(page.getByText(text)).toBeVisible();
  await page.waitForLoadState("load");
  for (const picture of await page.locator("img").all()) {
    expect(await picture.evaluate((one: HTMLImageElement) => one.complete && one.naturalWidth > 0)).toBe(true);
  }
}

async function vote(page: Page, link: string, keys: string[]): Promise<void> {
  await page.goto(link);
  for (const [k, key] of keys.entries()) {
    await shown(page, WORDS.pair(k + 1));
    await page.keyboard.press(key);
  }
}

const chosen = (page: Page) => page.locator('button[aria-pressed="true"]');

test("a whole session with the keyboard only, then back through all pairs, with a correction", async ({ quiet: page, pilot }) => {
  const link = pilot.links["rater-1"]!;
  await page.goto(link);
  await shown(page, WORDS.pair(1));
  await page.keyboard.press("2");
  await expect(page.getByRole("checkbox", { name: "right" })).toBeChecked();
  await vote(page, link, ["ArrowLeft", "ArrowDown", "ArrowRight"]);
  await shown(page, WORDS.pair(4));
  await page.keyboard.press("1");
  await page.keyboard.press("2");
  await page.keyboard.press("1");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("heading", { name: WORDS.done })).toBeVisible();
  await expect(page.getByText("(4)")).toBeVisible();
  for (const [k, name] of [[4, "Left"], [3, "Right"], [2, "Tie"], [1, "Left"]] as const) {
    await page.waitForLoadState("load");
    await page.keyboard.press("Backspace");
    await shown(page, WORDS.pair(k));
    await expect(chosen(page)).toContainText(name);
    await expect(page.getByRole("checkbox", { name: "right" })).toBeChecked({ checked: k === 4 });
    await expect(page.getByRole("checkbox", { name: "left" })).not.toBeChecked();
  }
  await page.keyboard.press("Backspace"); // there is no pair before the first one
  await page.keyboard.press("ArrowRight"); // corrects the vote on it, after which no pair is left
  await expect(page.getByRole("heading", { name: WORDS.done })).toBeVisible();
  await expect(page.getByText("(4)")).toBeVisible();
  await page.goto(link);
  await expect(page.getByRole("heading", { name: WORDS.done })).toBeVisible();
});

test("a key votes once if it is held down or pressed twice", async ({ quiet: page, pilot }) => {
  await page.goto(pilot.links["rater-2"]!);
  await shown(page, WORDS.pair(1));
  await page.keyboard.down("ArrowLeft");
  await page.keyboard.down("ArrowLeft"); // as if repeated by the keyboard
  await shown(page, WORDS.pair(2));
  await page.keyboard.down("ArrowLeft");
  await page.keyboard.up("ArrowLeft");
  await shown(page, WORDS.pair(2));
  await page.evaluate(() => {
    for (const key of ["ArrowDown", "ArrowDown"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }));
  });
  await shown(page, WORDS.pair(3));
  await expect(page.getByText("2 done")).toBeVisible();
});

test("Tab and Enter are enough, and the focus is visible", async ({ quiet: page, pilot }) => {
  await page.goto(pilot.links["rater-3"]!);
  await shown(page, WORDS.pair(1));
  const names: string[] = [];
  for (let k = 0; k < 7; k++) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    names.push(await focused.evaluate((one) => one.getAttribute("name") ?? one.textContent ?? ""));
    expect(await focused.evaluate((one) => getComputedStyle(one).outlineStyle)).toBe("solid");
  }
  expect(names).toEqual(["English", "日本語", "left_accepted", "right_accepted", "choice", "choice", "choice"]);
  await page.keyboard.press("Enter");
  await shown(page, WORDS.pair(2));
  await page.keyboard.press("Backspace");
  await expect(chosen(page)).toContainText("Right");
});

test("the keys can be turned off, stay off, and can be turned on again", async ({ quiet: page, pilot }) => {
  const keys = page.getByRole("checkbox", { name: "Vote with the keys" });
  await page.goto(pilot.links["rater-11"]!);
  await shown(page, WORDS.pair(1));
  await keys.uncheck();
  await page.keyboard.press("2");
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("checkbox", { name: "right" })).not.toBeChecked();
  await page.reload();
  await shown(page, WORDS.pair(1));
  await expect(keys).not.toBeChecked();
  await page.keyboard.press("ArrowLeft");
  await shown(page, WORDS.pair(1));
  await keys.check();
  await page.keyboard.press("ArrowLeft");
  await shown(page, WORDS.pair(2));
});

test("the page also works without scripts", async ({ browser, pilot }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(pilot.links["rater-4"]!);
  for (const name of ["Left", "Tie", "Right", "Tie"]) await page.getByRole("button", { name }).click();
  await expect(page.getByRole("heading", { name: WORDS.done })).toBeVisible();
  await context.close();
});

for (const [language, words] of Object.entries(LANGUAGES)) {
  for (const colorScheme of ["dark", "light"] as const) {
    test(`every page meets WCAG AA, ${language}, ${colorScheme}`, async ({ browser, pilot }) => {
      const context = await browser.newContext({ colorScheme, locale: language });
      const page = await context.newPage();
      const accessible = async (where: string): Promise<void> => {
        const found = await new AxeBuilder({ page }).withTags(RULES).analyze();
        const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`);
        expect(told, where).toEqual([]);
        expect(found.passes.map(({ id }) => id), where).toContain("color-contrast");
        expect(await page.locator("html").getAttribute("lang"), where).toBe(language);
      };
      const link = pilot.links[`rater-${5 + 2 * Object.keys(LANGUAGES).indexOf(language) + Number(colorScheme === "dark")}`]!;
      await page.goto(link);
      await shown(page, words.pair(1));
      await accessible("a pair");
      await page.keyboard.press("1");
      await page.getByRole("button").nth(1).hover();
      await accessible("a pair under the pointer");
      for (let k = 1; k <= 4; k++) {
        await shown(page, words.pair(k));
        await page.keyboard.press("ArrowDown");
      }
      await expect(page.getByRole("heading", { name: words.done })).toBeVisible();
      await accessible("the end");
      await page.waitForLoadState("load");
      await page.keyboard.press("Backspace");
      await shown(page, words.pair(4));
      await accessible("a pair with a vote");
      await page.goto(link.slice(0, -1));
      await expect(page.getByRole("heading", { name: words.missing })).toBeVisible();
      await accessible("a broken link");
      await context.close();
    });
  }
}

test("the language can be changed, and is remembered", async ({ quiet: page, pilot }) => {
  await page.goto(pilot.links["rater-9"]!);
  await page.getByRole("link", { name: "日本語" }).click();
  await shown(page, LANGUAGES.ja.pair(1));
  await page.keyboard.press("ArrowLeft");
  await shown(page, LANGUAGES.ja.pair(2));
});

for (const [device, width, height] of [["a small notebook", 1280, 720], ["an upright tablet", 820, 1180], ["a tablet", 1180, 820]] as const) {
  test(`${device} shows the whole page at once, and a finger votes`, async ({ browser, pilot }) => {
    const context = await browser.newContext({ viewport: { width, height }, hasTouch: true });
    const page = await context.newPage();
    await page.goto(pilot.links["rater-10"]!);
    await page.waitForLoadState("load");
    for (const each of [page.getByRole("heading"), ...(await page.locator("img").all()), ...(await page.getByRole("button").all())]) {
      await expect(each).toBeInViewport({ ratio: 1 });
    }
    const [left, right] = await Promise.all([page.locator("img").first(), page.locator("img").last()].map((each) => each.boundingBox()));
    for (const side of ["width", "height", "y"] as const) expect(left![side]).toBeCloseTo(right![side], 0);
    expect(left!.width).toBeGreaterThan(256);
    expect(left!.width).toBeCloseTo(left!.height, 0);
    const before = await page.getByText(/done$/).textContent();
    await page.getByRole("button", { name: "Right" }).tap();
    await expect(page.getByText(/done$/)).not.toHaveText(before!);
    await context.close();
  });
}
