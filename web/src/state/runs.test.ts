import { afterEach, expect, it, vi } from "vitest";
import { runsBefore } from "./runs";

afterEach(() => void vi.unstubAllGlobals());

it("older runs come page by page, and a result that is gone does not hide the others", async () => {
  const ids = Array.from({ length: 70 }, (_, k) => `job${k}`);
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string) => {
    const [, id] = /jobs\/(\w+)\/result/.exec(path) ?? [];
    if (id === "job3") return Promise.resolve(Response.json({ message: "it is gone" }, { status: 404 }));
    if (id) return Promise.resolve(Response.json({ pictures: [{ id: `picture of ${id}` }] }));
    asked.push(path);
    const { searchParams } = new URL(path, "http://service");
    const start = ids.indexOf(searchParams.get("before") ?? "") + 1;
    const page = ids.slice(start, start + Number(searchParams.get("limit")));
    return Promise.resolve(Response.json(page.map((each) => ({ id: each, state: "done" }))));
  });
  const first = await runsBefore("done");
  expect(first.last).toBe(false);
  const second = await runsBefore("done", first.runs.at(-1)!.job.id);
  expect(second.last).toBe(true);
  const all = [...first.runs, ...second.runs];
  expect(all.map(({ job }) => job.id)).toEqual(ids);
  expect(all.filter(({ pictures }) => pictures.length === 0).map(({ job }) => job.id)).toEqual(["job3"]);
  expect(asked[0]).toContain("state=done");
  await runsBefore("");
  expect(asked.at(-1)).toContain("state=done&state=failed&state=cancelled");
});
