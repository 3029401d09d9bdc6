// What the tests share: a browser that tells on pages, the real binary, and a folder for pictures.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const binary = process.env.HOLOMETER || path.join(root, "target/debug/holometer");
export const model = process.env.HOLOMETER_TEST_MODEL || path.join(root, ".demo/models/SmolLM2-135M-Instruct.Q4_1.gguf");
export const pictures = process.env.SCREENSHOTS || path.join(root, "target/screenshots");
export const questions = path.join(here, "counting.toml");
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

mkdirSync(pictures, { recursive: true });

/** A folder that is removed when the tests end. */
export function scratch() {
  const folder = mkdtempSync(path.join(tmpdir(), "holometer-pages-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the binary to its end; `codes` are the exit codes that are fine. */
export async function holometer(args, codes = [0]) {
  const { code, said, printed } = await begin(args).ended;
  if (!codes.includes(code)) throw new Error(`holometer ${args.join(" ")} ended with ${code}\n${printed}\n${said}`);
  return printed;
}

/** Starts the binary; gives the process, a promise of its end, and of what it says. */
export function begin(args) {
  const child = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
  process.on("exit", () => child.kill("SIGKILL"));
  let said = "";
  let printed = "";
  child.stderr.on("data", (data) => { said += data; });
  child.stdout.on("data", (data) => { printed += data; });
  const ended = new Promise((resolve) => child.on("close", (code) => resolve({ code, said, printed })));
  const heard = (pattern) => new Promise((resolve, reject) => {
    const look = () => { const found = said.match(pattern); if (found) resolve(found); };
    child.stderr.on("data", look);
    child.on("close", (code) => reject(new Error(`ended with ${code}: ${said}`)));
    look();
  });
  return { child, ended, heard };
}

/** Serves a database and gives the address. */
export async function serve(db, ...more) {
  const server = begin(["serve", "--db", db, "--port", "0", ...more]);
  const [, address] = await server.heard(/(http:\/\/127\.0\.0\.1:\d+\/)/);
  return { address, stop: async () => { server.child.kill("SIGINT"); return (await server.ended).code; } };
}

/** A server with OpenAI's completions of the model `name`, whose answers are up to `answer`. */
export async function fakeModel(name, answer) {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => { body += part; });
    request.on("end", () => {
      response.setHeader("content-type", "application/json");
      if (request.method === "GET") { response.end(JSON.stringify({ object: "list", data: [{ id: name, object: "model" }] })); return; }
      const asked = JSON.parse(body);
      const text = answer(asked);
      const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
      const choice = request.url.includes("chat")
        ? { index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }
        : { index: 0, text, finish_reason: "stop", logprobs: null };
      response.end(JSON.stringify({ id: "1", object: "completion", created: 1, model: name, choices: [choice], usage }));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${server.address().port}/v1`, stop: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }) };
}

/** Debian's chromium, or the one that CHROMIUM names. */
export async function browser() {
  const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  const executablePath = places.find((place) => place && existsSync(place));
  if (!executablePath) throw new Error("no chromium is installed; `make setup` installs it, or CHROMIUM names one");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath, args });
}

/** A page that remembers everything that should not happen. */
export async function watched(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()} (${page.url()})`); });
  page.on("pageerror", (error) => complaints.push(`script: ${error.message} (${page.url()})`));
  page.on("dialog", (dialog) => { complaints.push(`dialog: ${dialog.message()} (${page.url()})`); dialog.dismiss(); });
  page.on("request", (request) => {
    const url = new URL(request.url());
    const own = ["127.0.0.1", "localhost"].includes(url.hostname) || ["file:", "data:", "about:", "blob:"].includes(url.protocol);
    if (!own) complaints.push(`request leaves this machine: ${request.url()} (${page.url()})`);
  });
  page.on("requestfailed", (request) => { if (!request.failure().errorText.includes("ERR_ABORTED")) complaints.push(`failed: ${request.url()} ${request.failure().errorText}`); });
  return { context, page, complaints };
}

/** Serious findings of axe-core on the present page. */
export async function accessibility(page) {
  // Evaluated over the debugging protocol, which the page's own policy does not govern.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations
    .filter((found) => ["serious", "critical"].includes(found.impact))
    .map((found) => `${found.id} (${found.impact}): ${found.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.failureSummary}`).join(" | ")} (${page.url()})`);
}

/** Kinds of pages, by their address: of each kind some are looked at closely. */
export function kindOf(address) {
  const { pathname, search } = new URL(address);
  const ofRun = /\/run\/\d+\//.test(pathname);
  const place = pathname.split("/").slice(-4).join("/");
  if (ofRun && place.includes("/i/")) return "instance";
  if (ofRun && /instances[^/]*\.html$/.test(place)) return search ? "instances-filtered" : "instances";
  if (/\/run\/\d+\/index\.html$/.test(place)) return "run";
  for (const kind of ["leaderboard", "fairness", "compare", "plots", "coverage", "live"]) if (place.endsWith(`/${kind}.html`) || (kind === "live" && place.endsWith("live.html")) || place.includes(`/${kind}/`)) return kind;
  for (const kind of ["models", "scenarios", "metrics", "perturbations"]) {
    if (place.endsWith(`${kind}.html`)) return kind;
    if (place.includes(`${kind}/`)) return kind.replace(/s$/, "");
  }
  return "start";
}

/** Waits until a page whose numbers take long has them. */
export const settled = (page) => page.locator("[data-wait]").waitFor({ state: "detached", timeout: 300_000 });

/** Opens every page that can be reached by links, `most` of each kind; calls `visit` on each. */
export async function crawl(page, start, most, visit) {
  const waiting = [start];
  const known = new Set(waiting);
  const counts = {};
  while (waiting.length) {
    const address = waiting.shift();
    const kind = kindOf(address);
    counts[kind] = (counts[kind] || 0) + 1;
    if (counts[kind] > most) continue;
    const answer = await page.goto(address);
    if (answer && answer.status() >= 400) throw new Error(`${address} answers ${answer.status()}: ${await page.textContent("main")}`);
    await settled(page);
    await visit(kind, counts[kind], address);
    const links = await page.$$eval("a[href]", (all) => all.map((link) => link.href.split("#")[0]));
    for (const link of links) if (!known.has(link) && new URL(link).origin === new URL(start).origin) { known.add(link); waiting.push(link); }
  }
  return counts;
}

/** A picture of the page at both widths, light and dark. */
export async function picture(page, name) {
  for (const width of [1280, 400]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      const inner = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await page.screenshot({ path: path.join(pictures, `${name}-${width}-${colorScheme}.png`) });
      if (inner > 1) throw new Error(`${name} is ${inner} px wider than a window of ${width} px`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
}
