// Answers, questions, names and cards that want to be more than text, in a real browser.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser, crawl, fakeModel, holometer, picture, scratch, serve, watched } from "./support.js";

const folder = scratch();
let chrome;

before(async () => { chrome = await browser(); });
after(() => chrome?.close());

test("hostile answers and questions stay text", async () => {
  const evil = "</pre><script>window.hacked=1</script><img src=x onerror=\"window.hacked=1\"><svg onload=\"window.hacked=1\">\u0000\u001b[31m\u202Edecalper\u2066 {{ 7*7 }} <a href=\"javascript:window.hacked=1\">x</a>\u200B\uFEFF";
  const giant = "<b>" + "A".repeat(300_000) + "\u{1F600}";
  let turn = 0;
  const name = "</title><script>window.hacked=1</script>";
  const fake = await fakeModel(name, () => [evil, giant, "\u0000", "", "שלום <i>עולם</i>", "\uFFFF\uD83D x"][turn++ % 6]);
  const rows = Array.from({ length: 12 }, (_, at) => ({ question: `${at} ${evil}`, answer: at % 2 ? evil : giant.slice(0, 5000) }));
  writeFileSync(path.join(folder, "evil.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const scenario = path.join(folder, "evil.toml");
  writeFileSync(scenario, `name = "evil"
summary = "<script>window.hacked=1</script>"
description = "<img src=x onerror=window.hacked=1>"
languages = ["en"]
[licence]
id = "CC0-1.0"
[data]
format = "jsonl"
[[data.files]]
path = "evil.jsonl"
[instance]
input = "{{ question }}"
[[instance.references]]
text = "{{ answer }}"
correct = "true"
[[adapter]]
like = "generation"
instructions = "<script>window.hacked=1</script>"
[[metrics]]
set = "exact_match"
[main_metric]
metric = "exact_match"
split = "test"
`);
  const db = path.join(folder, "hostile.db");
  await holometer(["run", "-m", `${fake.address}#${name}`, "--scenario-file", scenario, "-e", "evil", "--db", db, "--suite", "<img src=x onerror=window.hacked=1>", "-q"], [0, 3]);
  await fake.stop();
  const server = await serve(db, "--scenario-file", scenario);
  const { page, complaints, context } = await watched(chrome);
  const unharmed = async (kind, _, address) => {
    assert.equal(await page.evaluate(() => window.hacked), undefined, address);
    assert.equal(await page.locator("main script, main img, main [onerror], main [onload], main a[href^=javascript]").count(), 0, address);
    const raw = await page.content();
    assert.doesNotMatch(raw, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069\u200b]/, address);
  };
  const counts = await crawl(page, server.address, 14, async (kind, count, address) => {
    await unharmed(kind, count, address);
    if (count <= 2 && ["start", "fairness", "compare", "coverage", "run", "instances", "instance", "model", "scenario"].includes(kind)) await picture(page, `hostile-${kind}`);
  });
  assert.ok(counts.instance >= 12, JSON.stringify(counts));
  assert.deepEqual(complaints, []);

  const site = path.join(folder, "site");
  await holometer(["export", "site", site, "--db", db, "--scenario-file", scenario, "--instances", "12"]);
  const files = await crawl(page, pathToFileURL(path.join(site, "index.html")).href, 14, unharmed);
  assert.ok(files.instance >= 12, JSON.stringify(files));
  assert.deepEqual(complaints, []);
  await context.close();
  assert.equal(await server.stop(), 0);
});
