// The desk: which page the address names, the search box, the keys, and asking our own server.

import { address, h } from "./draw.js";
import * as find from "./find.js";
import * as overview from "./overview.js";
import * as source from "./source.js";
import * as story from "./story.js";
import { ago } from "./words.js";

const AGAIN = 30_000; // milliseconds between two looks at all sources
const SOON = 1_500; // where what came is older than it should be: a new answer is being made behind it
const OLD = 20; // seconds

const [main, search, tags, onlySick, tally, fresh, keys] = [
  "main",
  "search",
  "tags",
  "only-sick",
  "tally",
  "fresh",
  "keys",
].map((id) => document.getElementById(id));
let turn = 0; // counts page changes: an answer that comes after the next one is dropped

async function ask(path) {
  const answer = await fetch(`api/${path}`, { headers: { Accept: "application/json" } });
  if (answer.status === 401) throw new Error("You are logged out: reload Airflow and log in again.");
  const found = await answer.json().catch(() => ({ error: `The server answers with ${answer.status}.` }));
  if (!answer.ok) throw new Error(found.error ?? found.detail ?? `The server answers with ${answer.status}.`);
  return found;
}

/** What the address names: {source}, {story, old, new}, {find}, {dag}; nothing: all sources. */
function place() {
  const named = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  if (named.dag?.startsWith("crawl_")) return { source: named.dag.slice("crawl_".length) };
  return named;
}

function filter() {
  return { text: search.value.trim(), tag: tags.value, sick: onlySick.checked };
}

async function show() {
  const mine = ++turn;
  const named = place();
  remember();
  const inside = named.source ?? named.story ?? named.find;
  document.body.classList.toggle("inside", inside !== undefined);
  document.title = inside ? `${inside} – Desk` : "Desk";
  try {
    const drawn =
      named.source !== undefined
        ? await drawSource(named.source)
        : named.story !== undefined
          ? await drawStory(named)
          : named.find !== undefined
            ? find.draw(await ask(`find?${new URLSearchParams({ q: named.find })}`))
            : null;
    if (mine !== turn) return;
    if (drawn) {
      main.replaceChildren(...drawn.flat().filter(Boolean));
      main.focus({ preventScroll: true });
      scrollTo(0, 0);
    } else if (overview.known()) overview.draw(main, filter());
    else await look();
  } catch (error) {
    if (mine === turn) main.replaceChildren(h("p", { class: "notice error" }, error.message));
  }
}

async function drawSource(name) {
  return source.draw(await ask(`source/${encodeURIComponent(name)}`), overview.row(name), airflow);
}

async function drawStory(named) {
  const id = encodeURIComponent(named.story);
  const found = await ask(`story/${id}`);
  const number = (text) => (/^\d+$/.test(text ?? "") ? Number(text) : null);
  const chosen = { old: number(named.old), new: number(named.new) };
  const compare = found.versions.length > 1 && !(chosen.old === null && chosen.new !== null);
  const asked = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== null));
  return story.draw(found, chosen, compare ? await ask(`diff/${id}?${asked}`) : null);
}

/** Ask for all sources, and show them if that is what is shown. */
async function look(again = 4) {
  const answer = await ask("overview");
  const focused = document.activeElement?.dataset?.name;
  const [x, y] = [scrollX, scrollY];
  const isShown = Object.keys(place()).every((name) => name === "dag") && place().source === undefined;
  overview.take(answer, isShown ? main : document.createElement("div"), filter());
  tally.replaceChildren(...overview.tally());
  const known = new Set([...tags.options].map((option) => option.value));
  tags.append(
    ...overview
      .tags()
      .filter((tag) => !known.has(tag))
      .map((tag) => h("option", { value: tag }, tag)),
  );
  tick();
  if (isShown && focused) rowOf(focused)?.focus({ preventScroll: true });
  if (isShown) scrollTo(x, y);
  if (again > 0 && Date.now() / 1000 - overview.madeAt() > OLD)
    setTimeout(() => look(again - 1).catch(() => {}), SOON);
}

function tick() {
  const made = overview.madeAt();
  fresh.textContent = made === null ? "" : `${ago(made)} ago`;
  document
    .querySelectorAll("time[data-at]")
    .forEach((one) => (one.textContent = ago(Number(one.dataset.at))));
}

/** A link to a page of Airflow. Inside its frame we may not navigate the top, but may tell its router. */
function airflow(path, text) {
  const base = location.pathname.replace(/\/desk\/.*$/, "");
  const open = (event) => {
    event.preventDefault();
    if (window.parent === window) location.assign(base + path);
    else {
      window.parent.history.pushState(null, "", base + path);
      window.parent.dispatchEvent(new PopStateEvent("popstate", { state: null }));
    }
  };
  const link = h("a", { class: "airflow", onclick: open }, `${text} ↗`);
  link.href = base + path;
  return link;
}

/** Keep Airflow's own address in step, so that a reload or a copied address leads back here. */
function remember() {
  const outer = window.parent === window ? null : window.parent;
  const own = outer?.location.pathname.match(/^(.*\/plugin\/desk)(?:\/|$)/);
  if (own)
    outer.history.replaceState(outer.history.state, "", `${own[1]}${location.pathname}${location.hash}`);
}

function rowOf(name) {
  return main.querySelector(`.row[data-name="${CSS.escape(name)}"]`);
}

function move(step) {
  const rows = [...main.querySelectorAll("a.row, button.item, ol.chain a, ol.trail a")];
  if (!rows.length) return;
  const now = rows.indexOf(document.activeElement);
  const next =
    rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(now + step, 0), rows.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function found() {
  const text = search.value.trim();
  if (/^https?:\/\//i.test(text) || /^[0-9a-f]{20}$/.test(text) || /^[\w-]+(\.[\w-]+)+\/\S*$/.test(text)) {
    search.value = "";
    location.hash = address({ find: text });
  } else if (overview.firstShown() !== null && text)
    location.hash = address({ source: overview.firstShown() });
}

const KEYS = {
  "/": () => search.focus(),
  j: () => move(1),
  ArrowDown: () => move(1),
  k: () => move(-1),
  ArrowUp: () => move(-1),
  s: () => onlySick.click(),
  "?": () => keys.showModal(),
  Escape: () => (document.body.classList.contains("inside") ? (location.hash = "") : main.focus()),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
  const typing = event.target.matches("input, select");
  if (typing && event.target === search) {
    if (event.key === "Enter") found();
    else if (event.key === "Escape") search.value ? ((search.value = ""), narrowed()) : search.blur();
    else if (event.key === "ArrowDown") move(1);
    else return;
    event.preventDefault();
  } else if (!(typing && event.key !== "Escape") && KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

function narrowed() {
  if (document.body.classList.contains("inside")) {
    if (/^https?:|\//.test(search.value) || !search.value) return; // an address is being typed
    location.hash = "";
  } else overview.draw(main, filter());
}

function themed() {
  const chosen = localStorage.getItem("theme"); // Airflow's own: light, dark or system
  if (["light", "dark"].includes(chosen)) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

search.addEventListener("input", narrowed);
tags.addEventListener("change", narrowed);
onlySick.addEventListener("change", narrowed);
document.getElementById("keys-button").addEventListener("click", () => keys.showModal());
addEventListener("hashchange", show);
addEventListener("storage", themed);
setInterval(() => {
  tick();
  if (document.visibilityState === "visible") look().catch((error) => (fresh.textContent = error.message));
}, AGAIN);

themed();
show();
if (Object.keys(place()).length && !overview.known()) look().catch(() => {});
