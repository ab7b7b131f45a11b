import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import { thirdParty } from "./third-party";

// The built page ships inside the Python package; the names of its files hold their digests.
export default defineConfig({
  plugins: [react(), thirdParty()],
  base: "./",
  build: {
    outDir: "../src/yuragi/studio/static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        manualChunks: (id) => (id.includes("node_modules") && /konva/.test(id) ? "konva" : undefined),
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8420", "/readyz": "http://127.0.0.1:8420" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
