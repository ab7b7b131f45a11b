/** A page of the studio as a new user sees it, and one service for all tests. */
import { expect, test as base, type Locator, type Page } from "@playwright/test";
import { Service } from "./service";

export { expect };

interface Own {
  studio: Studio;
}

export const test = base.extend<Own, { service: Service }>({
  service: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the fixtures' names from the pattern
    async ({}, use) => {
      const service = new Service();
      await service.start();
      await service.warm();
      await use(service);
      await service.end();
    },
    { scope: "worker", timeout: 600_000 },
  ],
  studio: async ({ page, service }, use, test) => {
    const foreign: string[] = [];
    const wrong: string[] = [];
    const broken: string[] = [];
    page.on("request", (request) => {
      const { protocol, host } = new URL(request.url());
      if (protocol.startsWith("http") && host !== new URL(service.url).host) foreign.push(request.url());
    });
    page.on("response", (answer) => {
      if (answer.status() === 500) broken.push(`${answer.request().method()} ${answer.url()}`);
    });
    page.on("pageerror", (error) => wrong.push(error.message));
    await page.addInitScript(() => localStorage.setItem("yuragi-toured", "1"));
    await page.goto(service.url);
    await use(new Studio(page));
    expect(foreign, "no request goes to another host").toEqual([]);
    expect(wrong, "no script fails").toEqual([]);
    if (broken.length || test.status !== test.expectedStatus) {
      await test.attach("log of the service", { body: service.log.slice(-4000), contentType: "text/plain" });
    }
    expect(broken, "no request fails within the service").toEqual([]);
  },
});

/** The actions of a user. */
export class Studio {
  constructor(readonly page: Page) {}

  async openExample(number: number): Promise<void> {
    await this.page.getByRole("button", { name: `Example ${number}:` }).first().click();
    await expect(this.seen).toBeVisible();
    await this.page.waitForTimeout(100); // the picture is being fitted into its frame
  }

  async openFile(name: string, data: Buffer, type = "image/png"): Promise<void> {
    const data64 = data.toString("base64");
    const transfer = await this.page.evaluateHandle(
      ([bytes, called, kind]) => {
        const made = new DataTransfer();
        const raw = Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0));
        made.items.add(new File([raw], called, { type: kind }));
        return made;
      },
      [data64, name, type] as const,
    );
    await this.page.dispatchEvent(".workspace", "drop", { dataTransfer: transfer });
  }

  /** Start a drag that takes long, and wait for its first step. */
  async startLong(): Promise<void> {
    await this.openExample(2);
    await this.drag([128, 80], [140, 92]);
    await this.choose("preset", "paper");
    await this.run.click();
    await expect(this.page.getByText(/Step \d+ of \d+/)).toBeVisible();
  }

  /** The place of a pixel of the picture on the screen. */
  async at([x, y]: [number, number]): Promise<{ x: number; y: number }> {
    const found = await this.seen.evaluate(async (image: HTMLImageElement) => {
      await image.decode();
      const { left, top, width } = image.getBoundingClientRect();
      return { left, top, zoom: width / image.naturalWidth };
    });
    return { x: found.left + (x + 0.5) * found.zoom, y: found.top + (y + 0.5) * found.zoom };
  }

  async drag(from: [number, number], to: [number, number], steps = 8): Promise<void> {
    const [a, b] = [await this.at(from), await this.at(to)];
    await this.page.mouse.move(a.x, a.y);
    await this.page.mouse.down();
    await this.page.mouse.move(b.x, b.y, { steps });
    await this.page.mouse.up();
  }

  async click(at: [number, number]): Promise<void> {
    const { x, y } = await this.at(at);
    await this.page.mouse.click(x, y);
  }

  /** Open the advanced options and choose a value for one of them. */
  async choose(name: string, value: string): Promise<void> {
    await this.openAdvanced();
    const field = this.page.locator(`[data-field="${name}"]`);
    const radio = field.getByRole("radio", { name: value, exact: true });
    if (await radio.count()) await radio.click();
    else await field.locator("select").selectOption(value);
  }

  async fill(name: string, value: string): Promise<void> {
    await this.openAdvanced();
    await this.page.getByLabel(name, { exact: true }).fill(value);
  }

  private async openAdvanced(): Promise<void> {
    const options = this.page.locator("details.advanced").first();
    if (await options.evaluate((each: HTMLDetailsElement) => each.open)) return;
    await options.locator("summary").first().click();
  }

  get seen(): Locator {
    return this.page.getByTestId("seen");
  }
  get run(): Locator {
    return this.page.getByTestId("run");
  }
  get points(): Locator {
    return this.page.locator(".points li");
  }
  get candidates(): Locator {
    return this.page.locator(".strip li");
  }
}
