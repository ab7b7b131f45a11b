/** A small pilot of the shipped model, made on the command line from its draft to its raters' links. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ENVIRONMENT, PYTHON, ROOT, Service } from "./service";

const EXAMPLES = join(ROOT, "src/yuragi/assets/examples");

const DRAFT = `
name = "small"
baseline = "ode"
title = { en = "Does noise pay?" }
budget = { evaluations = 12, tolerance = 0.4 }
voting = { raters = 4, effect = 0.45, power = 0.5, rater_correlation = 0.0, picture_correlation = 0.0 }
price = { per_hour = 1.0 }

[[arm]]
name = "ode"
title = { en = "Without noise" }
options = { sampler = "ode" }

[[arm]]
name = "sde"
title = { en = "With noise" }
options = { sampler = "sde" }

[[edit]]
name = "bun"
task = "drag"
image = "${EXAMPLES}/portrait-4.png"
instruction = { en = "Move the bun of hair to the left.", ja = "お団子の髪を左へ動かしてください。" }
options = { points = ["150,48:110,60", "150,230:140,230"] }
`;

const edit = (number: number): string => `
[[edit]]
name = "beard-${number}"
task = "sdedit"
image = "${EXAMPLES}/portrait-${number}.png"
instruction = { en = "Give the person a full beard.", ja = "あごひげを生やしてください。" }
options = { prompt = "a person with a full beard" }
`;

export class Pilot {
  /** The links of the raters, by their names. */
  links: Record<string, string> = {};
  readonly service: Service;
  private readonly folder = mkdtempSync(join(tmpdir(), "yuragi-pilot-"));

  constructor() {
    this.service = new Service(["--workers", "0", "--pilot", this.runs]);
  }

  async start(): Promise<void> {
    const [draft, plan] = [join(this.folder, "pilot.toml"), join(this.folder, "small.plan.json")];
    writeFileSync(draft, DRAFT + [0, 1, 4].map(edit).join(""));
    await yuragi("plan", draft);
    await yuragi("run", plan, "--folder", this.runs);
    await this.service.start();
    const told = await yuragi("votes", plan, "--folder", this.runs, "--raters", "12", "--at", this.service.url);
    this.links = (JSON.parse(told) as { links: Record<string, string> }).links;
  }

  async end(): Promise<void> {
    await this.service.end();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get runs(): string {
    return join(this.folder, "runs");
  }
}

async function yuragi(...command: string[]): Promise<string> {
  const given = ["-m", "yuragi", "pilot", ...command, "--json"];
  const { stdout } = await promisify(execFile)(PYTHON, given, { env: ENVIRONMENT });
  return stdout;
}
