import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import license, { type Dependency } from "rollup-plugin-license";
import type { Plugin } from "vite";

/** Licences that ask for no more than that their text travels with the page. */
const ALLOWED = "(MIT OR ISC OR Apache-2.0 OR BSD-2-Clause OR BSD-3-Clause OR 0BSD)";

const HEAD = `The page of the studio contains these packages, under these licences.
This file is written by the build of the page; see web/third-party.ts.
`;

function entry(found: Dependency): string {
  const source = found.homepage ?? `https://www.npmjs.com/package/${found.name}`;
  return [`${found.name} ${found.version}`, `Licence: ${found.license}`, source, "", found.licenseText?.trim()].join("\n");
}

/**
 * Writes THIRD-PARTY.txt beside the built page: each package of which a line is in the page, with its licence.
 * The build fails when one has no licence, or one that is not allowed.
 */
export function thirdParty(): Plugin[] {
  let folder = "";
  const place: Plugin = {
    name: "third-party-place",
    apply: "build",
    configResolved: (config) => {
      folder = resolve(config.root, config.build.outDir);
    },
  };
  const licences = license({
    thirdParty: {
      allow: { test: ALLOWED, failOnUnlicensed: true, failOnViolation: true },
      output: (found) => {
        const rule = `\n${"-".repeat(79)}\n\n`;
        writeFileSync(join(folder, "THIRD-PARTY.txt"), [HEAD.trim(), ...found.map(entry).sort()].join(rule) + "\n");
      },
    },
  }) as Plugin;
  return [place, { ...licences, apply: "build" }];
}
