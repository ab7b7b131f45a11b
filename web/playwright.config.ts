import { defineConfig } from "@playwright/test";

// On a busy machine: PATIENCE=4 waits four times as long.
const patience = Number(process.env["PATIENCE"] ?? 1);

// One real service and one browser at a time: the machines of the checks have two cores.
export default defineConfig({
  testDir: "tests/browser",
  workers: 1,
  fullyParallel: false,
  timeout: 90_000 * patience,
  expect: { timeout: 30_000 * patience },
  reporter: [["list"]],
  use: {
    viewport: { width: 1280, height: 720 },
    colorScheme: "dark",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      // The checks run as root, and without a graphics processor.
      args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    },
  },
});
