// Every page of a run of a real model, in a real browser: nothing breaks, nothing leaves the machine, everyone can use it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { accessibility, begin, browser, crawl, holometer, model, picture, pictures, questions, scratch, serve, settled, watched } from "./support.js";

const folder = scratch();
const db = path.join(folder, "holometer.db");
const ENTRIES = ["counting:data_augmentation=robustness", "counting:data_augmentation=counterfactual", "synthetic_reasoning:mode=variable_substitution", "dyck_language:num_parenthesis_pairs=3"];
const SCENARIO = ["--scenario-file", questions];
const RUN = ["--db", db, "--suite", "pages", ...SCENARIO, ...ENTRIES.flatMap((entry) => ["-e", entry]), "-n", "12", "--offline", "-q"];

let chrome;
let server;

before(async () => {
  assert.ok(existsSync(model), `the model is missing: ${model}; python3 scripts/fetch_model.py .demo/models fetches it`);
  await holometer(["run", "-m", "random=test:random", ...RUN]);
  chrome = await browser();
  server = await serve(db, "--allow-ratings", ...SCENARIO);
});

after(async () => {
  await chrome?.close();
  if (server) assert.equal(await server.stop(), 0, "Ctrl-C ends the server in order");
});

test("a running evaluation is seen live", async () => {
  const { page, complaints, context } = await watched(chrome);
  await page.goto(`${server.address}live.html`);
  const run = begin(["run", "-m", `SmolLM2=path:${model}`, ...RUN]);
  await page.waitForSelector("#live .running:has-text('SmolLM2')", { timeout: 120_000 });
  await picture(page, "live");
  assert.match(await page.textContent("#live"), /\d+ of \d+ requests/);
  const { code, said } = await run.ended;
  assert.equal(code, 0, said);
  await page.waitForSelector("#live .running:has-text('scored')", { timeout: 30_000 });
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("every page opens, without complaints, for everyone", async () => {
  const { page, complaints, context } = await watched(chrome);
  const findings = [];
  const counts = await crawl(page, server.address, 4, async (kind, count) => {
    if (count > 1) return;
    if (kind === "live") await page.waitForSelector("#live *");
    await picture(page, kind);
    findings.push(...(await accessibility(page)));
    await page.emulateMedia({ colorScheme: "dark" });
    findings.push(...(await accessibility(page)));
    await page.emulateMedia({ colorScheme: "light" });
  });
  for (const kind of ["start", "leaderboard", "fairness", "compare", "plots", "coverage", "live", "run", "instances", "instances-filtered", "instance", "models", "model", "scenarios", "scenario", "metrics", "metric", "perturbations", "perturbation"]) {
    assert.ok(counts[kind] > 0, `no page of the kind ${kind} was reached: ${JSON.stringify(counts)}`);
  }
  assert.deepEqual(findings, []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the leaderboard sorts, filters and leads to runs", async () => {
  const { page, complaints, context } = await watched(chrome);
  await page.goto(server.address);
  const names = () => page.$$eval("table.board tbody tr:not([hidden]) th a", (all) => all.map((link) => link.textContent));
  assert.deepEqual((await names()).toSorted(), ["SmolLM2", "random"].toSorted());
  await page.click("thead button:has-text('Model')");
  const sorted = await names();
  await page.click("thead button:has-text('Model')");
  assert.deepEqual((await names()).toReversed(), sorted);
  await page.fill("[data-filter-rows]", "smol");
  assert.deepEqual(await names(), ["SmolLM2"]);
  await page.fill("input[name=scenario]", "dyck");
  await page.click("form.filters button");
  assert.equal(await page.locator("thead th:has-text('dyck')").count(), 1);
  assert.equal(await page.locator("thead th:has-text('synthetic')").count(), 0);
  await page.click("table.board tbody td a");
  assert.match(await page.textContent("h1"), /dyck_language/);
  assert.match(await page.textContent("main"), /What ran/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("instances are searched, walked by keys, copied and rated", async () => {
  const { page, complaints, context } = await watched(chrome, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.goto(server.address);
  await page.click("table.board tbody tr:has-text('SmolLM2') td a:has(b)");
  await page.click("a:has-text('look at them')");
  const rows = () => page.locator(".list .row").count();
  const all = await rows();
  assert.ok(all > 0);
  const id = (await page.textContent(".list .row .id")).trim();
  await page.keyboard.press("/");
  await page.keyboard.type(`^${id}$`);
  await page.check("input[name=regex]");
  await page.click("form.filters > button");
  assert.equal(await rows(), 1);
  await page.fill("input[name=q]", "(");
  await page.click("form.filters > button");
  assert.match(await page.textContent("main"), /regular expression can.t be read/);
  complaints.splice(0).forEach((line) => assert.match(line, /400/));
  await page.goBack();
  await page.goto(page.url().split("?")[0]);
  const wrong = page.locator(".chips a:has-text('wrong')");
  await wrong.first().click();
  for (const verdict of await page.locator(".list .verdict").allTextContents()) assert.match(verdict, /wrong/);
  await page.goto(page.url().split("?")[0]);
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h2:has-text('Scores')");
  const first = page.url();
  await page.keyboard.press("j");
  await page.waitForURL((url) => url.href !== first);
  await page.keyboard.press("k");
  await page.waitForURL(first);
  await page.click("button:has-text('Copy as JSON')");
  await page.waitForSelector("button:has-text('Copied')");
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(copied.outcome.outcome, "answered");
  await page.click("button:has-text('Copy as curl')");
  assert.match(await page.textContent("#curl-1"), /^curl "\$BASE_URL\/(chat\/)?completions" /);
  await page.check("input[name=value][value='4']");
  await page.fill("input[name=rater]", "ada");
  await page.fill("textarea[name=note]", "<b>fine</b>");
  await page.click("button:has-text('Rate')");
  assert.match(await page.textContent(".ratings"), /4 of 5 ada .*<b>fine<\/b>/s);
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("no column is cut off in print", async () => {
  const { page, complaints, context } = await watched(chrome);
  await page.goto(server.address);
  let widest = 0;
  for (const name of ["Leaderboard", "Fairness", "Coverage"]) {
    await page.click(`nav a:has-text('${name}')`);
    await settled(page);
    widest = Math.max(widest, ...(await page.locator(".scroll > table").evaluateAll((tables) => tables.map((table) => table.scrollWidth))));
    // A landscape A4 page between margins of 12 mm.
    await page.setViewportSize({ width: 1032, height: 703 });
    await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
    await page.emulateMedia({ media: "print" });
    const ends = await page.locator(".scroll > table").evaluateAll((tables) => tables.map((table) => table.getBoundingClientRect().right));
    assert.ok(ends.length > 0 && ends.every((end) => end <= 1033), `${name}: ${ends}`);
    await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
    await page.emulateMedia({ media: "screen" });
    await page.setViewportSize({ width: 1280, height: 900 });
  }
  assert.ok(widest > 1032, `the widest table has only ${widest} pixels: nothing had to be made to fit`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("models are compared on the same instances", async () => {
  const { page, complaints, context } = await watched(chrome);
  await page.goto(server.address);
  await page.click("nav a:has-text('Compare')");
  // Of two models there is only one comparison, so it is there unasked.
  await settled(page);
  assert.equal(await page.locator("table.board tbody tr").count(), ENTRIES.length);
  for (const box of await page.locator("input[name=models]").all()) await box.check();
  await page.click("form.filters > button");
  await settled(page);
  assert.equal(await page.locator("table.board tbody tr").count(), ENTRIES.length);
  await page.click("table.board tbody th a");
  assert.match(await page.textContent("#instances ~ p"), /\d+ of \d+ instances/);
  await picture(page, "compare-instances");
  assert.deepEqual(await accessibility(page), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the server answers to its own name alone", async () => {
  const url = new URL(server.address);
  const { request } = await import("node:http");
  const ask = (options) => new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port: url.port, ...options }, (response) => { response.resume(); response.on("end", () => resolve(response)); });
    asked.on("error", reject);
    asked.end();
  });
  assert.equal((await ask({ path: "/", headers: { host: "evil.example" } })).statusCode, 421);
  const ordinary = await ask({ path: "/" });
  assert.equal(ordinary.statusCode, 200);
  assert.match(ordinary.headers["content-security-policy"], /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.equal((await ask({ path: "/rate", method: "POST", headers: { host: url.host, origin: "http://evil.example" } })).statusCode, 403);
  assert.equal((await ask({ path: "/index.html", method: "POST", headers: { host: url.host, origin: url.origin } })).statusCode, 405);
  assert.equal((await ask({ path: "/../../etc/passwd" })).statusCode, 404);
  assert.equal((await ask({ path: "/run/99999999999999999999/index.html" })).statusCode, 404);
});

test("the static site works from disk", async () => {
  const site = path.join(folder, "site");
  await holometer(["export", "site", site, "--db", db, ...SCENARIO, "--instances", "5"]);
  const { page, complaints, context } = await watched(chrome);
  const start = pathToFileURL(path.join(site, "index.html")).href;
  const counts = await crawl(page, start, 8, async (kind, count) => {
    if (count === 1) {
      const styled = await page.evaluate(() => getComputedStyle(document.querySelector(".bar")).display);
      assert.equal(styled, "flex", "the style sheet is read");
      await page.screenshot({ path: path.join(pictures, `file-${kind}.png`) });
    }
  });
  for (const kind of ["start", "leaderboard", "run", "instances", "instance", "compare", "plots", "coverage", "model", "scenario", "metric"]) assert.ok(counts[kind] > 0, `${kind}: ${JSON.stringify(counts)}`);
  await page.goto(start);
  await page.fill("[data-filter-rows]", "smol");
  assert.equal(await page.locator("table.board tbody tr:not([hidden])").count(), 1, "the script runs");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("plots are drawn as files", async () => {
  const plots = path.join(folder, "plots");
  const printed = await holometer(["plot", "--db", db, ...SCENARIO, "-o", plots]);
  const files = printed.trim().split("\n");
  for (const kind of ["bars", "radar", "time", "robustness", "fairness", "forest", "calibration"]) assert.ok(files.some((file) => file.includes(kind)), printed);
  const { page, complaints, context } = await watched(chrome);
  for (const file of files) {
    await page.goto(pathToFileURL(path.resolve(file)).href);
    assert.ok((await page.locator("svg > title").first().textContent()).length > 5);
  }
  const [png] = (await holometer(["plot", "bars", "--db", db, ...SCENARIO, "-o", pictures, "--format", "png", "--scale", "2"])).trim().split("\n");
  await page.goto(pathToFileURL(path.resolve(png)).href);
  assert.equal(await page.evaluate(() => document.images[0].naturalWidth), 1520);
  await page.goto(`${server.address}`);
  await page.click("nav a:has-text('Plots')");
  for (const kind of ["svg", "png"]) {
    const waiting = page.waitForEvent("download");
    await page.locator(`#bars [data-save=${kind}]`).click();
    const saved = await waiting;
    assert.equal(saved.suggestedFilename(), `pages-main-metric-of-each-scenario.${kind}`);
    await saved.saveAs(path.join(pictures, saved.suggestedFilename()));
  }
  const drawn = readFileSync(path.join(pictures, "pages-main-metric-of-each-scenario.svg"), "utf8");
  assert.match(drawn, /^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"[^>]*><style>svg.plot/);
  await page.goto(pathToFileURL(path.join(pictures, "pages-main-metric-of-each-scenario.png")).href);
  assert.equal(await page.evaluate(() => document.images[0].naturalWidth), 2280);
  assert.deepEqual(complaints, []);
  await context.close();
});
