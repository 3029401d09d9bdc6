// Searches that take longer than a page may: they stop in time, go on by themselves in both directions, and can be stopped.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { browser, holometer, scratch, serve, watched } from "./support.js";

const folder = scratch();
const COUNT = 8000;
const FEW = 10;
let chrome;
let server;

before(async () => {
  const filler = "and so on ".repeat(200);
  const mark = (at) => (at < FEW ? "early" : at >= COUNT - FEW ? "late" : "middle");
  const rows = Array.from({ length: COUNT }, (_, at) => ({ question: `Number ${at}, ${mark(at)}, ${filler}?`, options: ["yes", "no"], answer: at % 2 }));
  writeFileSync(path.join(folder, "many.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const scenario = path.join(folder, "many.toml");
  writeFileSync(scenario, `name = "many"
summary = "Many long questions"
languages = ["en"]
[licence]
id = "CC0-1.0"
[data]
format = "jsonl"
[[data.files]]
path = "many.jsonl"
[instance]
input = "{{ question }}"
[[instance.references]]
each = "options"
correct = "index == answer"
[[adapter]]
like = "multiple_choice"
max_train_instances = 0
[[metrics]]
set = "exact_match"
[main_metric]
metric = "exact_match"
split = "test"
`);
  const db = path.join(folder, "many.db");
  await holometer(["run", "-m", "random=test:random", "--scenario-file", scenario, "-e", "many", "--db", db, "--suite", "many", "--offline", "-q"]);
  chrome = await browser();
  server = await serve(db, "--scenario-file", scenario);
});

after(async () => {
  await chrome?.close();
  if (server) assert.equal(await server.stop(), 0);
});

const ids = (page) => page.$$eval(".list .q", (all) => all.map((text) => Number(text.textContent.match(/Number (\d+)/)[1])));
const said = (page) => page.locator("[data-search-on]");

/** A page with the parts of searches that it asked for. */
async function searching() {
  const seen = await watched(chrome);
  const parts = [];
  seen.page.on("request", (request) => { const part = new URL(request.url()).searchParams.get("part"); if (part) parts.push(Number(part)); });
  return { ...seen, parts };
}

test("a search goes on by itself to the end of the run", async () => {
  const { page, complaints, context, parts } = await searching();
  await page.goto(`${server.address}run/1/instances.html?q=late`);
  await said(page).filter({ hasText: `Searched to the end; ${FEW} found` }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await ids(page), Array.from({ length: FEW }, (_, at) => COUNT - FEW + at));
  assert.ok(parts.length > 0, "the first page could not search all");
  assert.ok(parts.every((part) => part > 0 && part <= 25), String(parts));
  assert.equal(await page.locator("[data-search-on] a, [data-search-on] button, a[rel=next]").count(), 0, "nothing is left to look for");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a search goes on by itself back to the start", async () => {
  const { page, complaints, context, parts } = await searching();
  await page.goto(`${server.address}run/1/instances.html?q=early&before=${COUNT}`);
  await said(page).filter({ hasText: `Searched to the start; ${FEW} found` }).waitFor({ timeout: 60_000 });
  assert.deepEqual(await ids(page), Array.from({ length: FEW }, (_, at) => at), "in the run's order");
  assert.ok(parts.length > 0, "the first page could not search all");
  assert.equal(await page.locator("a[rel=prev]").count(), 0);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a search that has filled the page leads on to the next", async () => {
  const { page, complaints, context } = await searching();
  await page.goto(`${server.address}run/1/instances.html?q=middle`);
  assert.deepEqual(await ids(page), Array.from({ length: 25 }, (_, at) => FEW + at));
  assert.equal(await said(page).count(), 0);
  await page.click("a[rel=next]");
  assert.deepEqual(await ids(page), Array.from({ length: 25 }, (_, at) => FEW + 25 + at));
  await page.click("a[rel=prev]");
  assert.deepEqual(await ids(page), Array.from({ length: 25 }, (_, at) => FEW + at));
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a search can be stopped, and gone on with by hand", async () => {
  const { page, complaints, context, parts } = await searching();
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route(/[?&]part=/, async (route) => { await held; await route.continue(); });
  await page.goto(`${server.address}run/1/instances.html?q=nothing-has-this`);
  await page.click("[data-search-on] button:has-text('Stop')");
  release();
  await page.locator("[data-search-on] button").waitFor({ state: "detached", timeout: 60_000 });
  assert.equal(parts.length, 1, "nothing more is asked for");
  // Without the script the same search goes on by a link.
  const plain = await watched(chrome, { javaScriptEnabled: false });
  await plain.page.goto(`${server.address}run/1/instances.html?q=nothing-has-this`);
  const reached = async () => Number((await plain.page.textContent("[data-search-on]")).match(/to position (\d+) of/)[1]);
  const first = await reached();
  await plain.page.click("[data-search-on] a");
  assert.ok(await reached() > first);
  assert.deepEqual([...complaints, ...plain.complaints], []);
  await context.close();
  await plain.context.close();
});
