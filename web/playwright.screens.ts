import { defineConfig } from "@playwright/test";
import checks from "./playwright.config";

/** Makes the pictures of docs/studio.md: `npm run screens`. */
export default defineConfig({ ...checks, testDir: "tests/screens" });
