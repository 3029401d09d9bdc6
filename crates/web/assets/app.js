// What a page can do beyond links and forms: sort and filter tables, move by keys, copy, show live progress.
"use strict";

const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
const one = (selector, from = document) => from.querySelector(selector);

// Tables: a click on a heading sorts by the column; rows without a value stay at the end.
function sortBy(button) {
  const heading = button.closest("th");
  const table = button.closest("table");
  const body = table.tBodies[0];
  const column = heading.cellIndex;
  const text = button.dataset.sort === "text";
  const first = button.dataset.first || (text || button.dataset.sort === "up" ? "up" : "down");
  const now = heading.getAttribute("aria-sort");
  const up = now ? now === "descending" : first === "up";
  for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  const value = (row) => {
    const cell = row.cells[column];
    if (!cell) return null;
    if (text || cell.dataset.value === undefined) return cell.textContent.trim().toLowerCase();
    return cell.dataset.value === "" ? null : Number(cell.dataset.value);
  };
  const rows = Array.from(body.rows).map((row) => [value(row), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    return up ? order : -order;
  });
  body.append(...rows.map(([, row]) => row));
}

function filterRows(input) {
  const wanted = input.value.trim().toLowerCase();
  for (const row of all("tr[data-name]")) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
}

function filterColumns(select) {
  for (const cell of all("[data-tags]")) {
    cell.hidden = select.value !== "" && !cell.dataset.tags.split(" ").includes(select.value);
  }
}

// A search that stopped because it took long goes on by itself, until the page is full. Its parts may take longer than a page.
async function searchOn(notice) {
  const list = one("[data-list]");
  const pager = one("nav.pager[aria-label=Pages]");
  const back = notice.dataset.way === "back";
  const onward = back ? "a[rel=prev]" : "a[rel=next]";
  let halted = false;
  const halt = element("button", "Stop");
  halt.type = "button";
  halt.addEventListener("click", () => { halted = true; });
  notice.append(" ", halt);
  const missing = () => Number(notice.dataset.searchOn) - list.children.length;
  let link = one("a", notice);
  while (link && !halted && missing() > 0) {
    const address = new URL(link.href);
    address.searchParams.set("part", missing());
    const answer = await fetch(address);
    if (!answer.ok) break;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const rows = all("[data-list] > li", page).map((row) => document.importNode(row, true));
    if (back) list.prepend(...rows); else list.append(...rows);
    const next = one(`nav.pager[aria-label=Pages] ${onward}`, page);
    const old = one(onward, pager);
    if (old) old.replaceWith(next ? document.importNode(next, true) : element("span"));
    const further = one("[data-search-on]", page);
    const said = further ? further.firstChild.textContent : next ? "More may follow" : `Searched to the ${back ? "start" : "end"}; ${list.children.length} found`;
    notice.firstChild.textContent = said;
    link.remove();
    link = further && one("a", further);
    if (link) notice.firstChild.after(link = document.importNode(link, true));
  }
  halt.remove();
}

// A page whose numbers are still being computed looks again by itself, ever less often, and opens anew once they are there.
async function awaitNumbers(notice) {
  for (let pause = 300; ; pause = Math.min(pause * 1.5, 5000)) {
    await new Promise((resolve) => { setTimeout(resolve, pause); });
    const answer = await fetch(location.href).catch(() => null);
    if (!answer) continue;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const still = one("[data-wait]", page);
    if (!still) { location.reload(); return; }
    notice.textContent = still.textContent;
  }
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copy).textContent;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    button.textContent = document.execCommand("copy") ? "Copied" : "Select and copy by hand";
    area.remove();
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

// Drawings as files: SVG with its style, or a picture three times as large.
async function save(button) {
  const drawing = one("svg", button.closest("figure"));
  const svg = drawing.cloneNode(true);
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = document.getElementById("plot-style").content.textContent;
  svg.prepend(style);
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const text = new XMLSerializer().serializeToString(svg);
  const name = one("title", drawing).textContent.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 80) || "plot";
  if (button.dataset.save === "svg") { download(new Blob([text], { type: "image/svg+xml" }), `${name}.svg`); return; }
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.width * 3;
  canvas.height = image.height * 3;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => download(blob, `${name}.png`), "image/png");
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// Keys: j and k go on and back, / searches, u goes up, c copies, ? explains.
const KEYS = [["j or →", "next"], ["k or ←", "previous"], ["u", "up"], ["/", "search"], ["c", "copy as JSON"], ["f", "fold or unfold the examples"], ["?", "this list"]];

function explainKeys() {
  const open = one("dialog");
  if (open) { open.remove(); return; }
  const dialog = document.createElement("dialog");
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [key, what] of KEYS) {
    const term = document.createElement("dt");
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    term.append(kbd);
    const meaning = document.createElement("dd");
    meaning.textContent = what;
    list.append(term, meaning);
  }
  const heading = document.createElement("h2");
  heading.textContent = "Keys";
  dialog.append(heading, list);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function moveInList(step) {
  const rows = all("[data-list] a.row");
  if (!rows.length) return false;
  const at = rows.indexOf(document.activeElement);
  const next = at + step;
  if (next < 0 || next >= rows.length) return false;
  rows[next].focus();
  return true;
}

function press(event) {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const follow = (selector) => { const link = one(selector); if (link) { event.preventDefault(); link.click(); } };
  const inScroll = document.activeElement && document.activeElement.closest(".scroll");
  switch (event.key) {
    case "j": if (!moveInList(1)) follow("a[rel=next]"); break;
    case "k": if (!moveInList(-1)) follow("a[rel=prev]"); break;
    case "ArrowRight": if (!inScroll) follow("a[rel=next]"); break;
    case "ArrowLeft": if (!inScroll) follow("a[rel=prev]"); break;
    case "u": follow(".crumbs a:last-of-type"); break;
    case "/": { const field = one("[data-search], input[type=search]"); if (field) { event.preventDefault(); field.focus(); } break; }
    case "c": follow("[data-copy]"); break;
    case "f": for (const fold of all("details.fold")) fold.open = !fold.open; break;
    case "?": explainKeys(); break;
    default:
  }
}

// Live progress.
const number = (value) => new Intl.NumberFormat("en", { maximumFractionDigits: value < 10 ? 2 : 0 }).format(value);
const element = (name, text, className) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
};

function duration(seconds) {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
}

function shown(run, root) {
  const box = element("section", undefined, "running");
  const heading = element("h2");
  const link = element("a", run.label);
  link.href = root + run.href;
  heading.append(link, ` · ${run.model}`);
  const done = run.planned - run.not_run;
  const bar = element("progress");
  bar.max = Math.max(run.planned, 1);
  bar.value = done;
  bar.setAttribute("aria-label", `${done} of ${run.planned} requests`);
  const words = [`${number(done)} of ${number(run.planned)} requests`];
  if (run.finished) words.push("scored");
  else if (run.not_run === 0) words.push("being scored");
  else if (run.rate > 0) words.push(`${number(run.rate)} per second`, `about ${duration(run.seconds_left)} left`);
  else words.push("no answer in the last half minute");
  if (run.refused) words.push(`${run.refused} refused`);
  if (run.failed) words.push(`${run.failed} failed (${run.failures.map(([kind, count]) => `${count} ${kind.replaceAll("_", " ")}`).join(", ")})`);
  if (run.cost_usd !== null && run.cost_usd !== undefined) words.push(`${run.cost_usd.toFixed(4)} USD`);
  box.append(heading, bar, element("p", words.join(" · "), "soft"));
  return box;
}

async function live(place) {
  const root = document.body.dataset.root;
  try {
    const state = await (await fetch(place.dataset.live)).json();
    if (state.error) throw new Error(state.error);
    const boxes = state.runs.map((run) => shown(run, root));
    const none = state.counting === undefined ? "No evaluation is going on." : `Requests are being counted, since ${state.counting} s.`;
    place.replaceChildren(...(boxes.length ? boxes : [element("p", none, "empty")]));
  } catch (error) {
    place.replaceChildren(element("p", `The server does not answer (${error.message}).`, "empty"));
  }
  setTimeout(() => live(place), 2000);
}

// A table that is wider than a landscape page (A4 between its margins, in CSS pixels) is printed smaller, so that no column is cut off.
const PAGE = 1030;
function fitTables() {
  for (const table of all(".scroll > table")) {
    // Letters are smaller in print, so a table takes no more room there than on the screen.
    if (table.scrollWidth > PAGE) table.style.zoom = PAGE / table.scrollWidth;
  }
}
window.addEventListener("beforeprint", fitTables);
window.addEventListener("afterprint", () => { for (const table of all(".scroll > table")) table.style.zoom = ""; });

document.addEventListener("DOMContentLoaded", () => {
  for (const button of all("[data-sort]")) button.addEventListener("click", () => sortBy(button));
  for (const input of all("[data-filter-rows]")) input.addEventListener("input", () => filterRows(input));
  for (const select of all("[data-filter-columns]")) select.addEventListener("input", () => filterColumns(select));
  for (const button of all("[data-copy]")) button.addEventListener("click", () => copy(button));
  for (const button of all("[data-save]")) button.addEventListener("click", () => save(button));
  for (const form of all("form[data-local]")) form.addEventListener("submit", (event) => event.preventDefault());
  for (const field of all("[data-keep]")) {
    try {
      field.value = localStorage.getItem(field.dataset.keep) || "";
      field.addEventListener("change", () => localStorage.setItem(field.dataset.keep, field.value));
    } catch { /* a browser that keeps nothing is fine */ }
  }
  one("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  const notice = one("[data-search-on]");
  if (notice) searchOn(notice);
  const numbers = one("[data-wait]");
  if (numbers) awaitNumbers(numbers);
  const place = one("[data-live]");
  if (place) live(place);
  if (location.hash) { const target = document.getElementById(decodeURIComponent(location.hash.slice(1))); if (target && target.tagName === "DETAILS") target.open = true; }
  window.addEventListener("hashchange", () => { const target = document.getElementById(decodeURIComponent(location.hash.slice(1))); if (target && target.tagName === "DETAILS") target.open = true; });
});
document.addEventListener("keydown", press);
