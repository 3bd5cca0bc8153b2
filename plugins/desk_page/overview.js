// All sources at a glance, the sick ones first.

import { address, bar, h, sparkline, told } from "./draw.js";
import { STATES, ago, number, parts, share } from "./words.js";

const AT_ONCE = 40; // rows that are drawn before the first paint; the rest follows behind it

const drawn = new Map(); // name → {key, row}: what is unchanged is not drawn again
let shown = []; // the rows that pass the filter, in order
let data = null;

/** Take over an answer, and draw. */
export function take(answer, main, filter) {
  data = answer;
  draw(main, filter);
}

export function known() {
  return data !== null;
}

/** Draw the rows that pass the filter {text, tag, sick}. */
export function draw(main, filter) {
  if (data === null) return;
  document.body.classList.toggle("old", data.old === true);
  const rows = data.sources.filter((row) => passes(row, filter));
  const table = h("div", { class: "table", role: "list", "aria-label": "Sources" });
  const list = h("div", { class: "rows" });
  table.append(heading(), list);
  shown = rows.map((row) => row.name);
  const first = rows.slice(0, AT_ONCE).map(element);
  list.append(...first);
  main.replaceChildren(notices(), table);
  if (!rows.length)
    list.append(
      h(
        "p",
        { class: "hint" },
        data.note ?? (data.sources.length ? "No source passes the filter." : "No source is declared."),
      ),
    );
  performance.mark("desk-drawn");
  setTimeout(() => {
    if (list.isConnected) list.append(...rows.slice(AT_ONCE).map(element));
    main.setAttribute("aria-busy", "false");
    performance.mark("desk-all");
  });
}

/** The row of a source, where it is known. */
export function row(name) {
  return data?.sources.find((one) => one.name === name) ?? null;
}

/** How many are in which state. */
export function tally() {
  const counts = {};
  for (const row of data.sources) counts[row.state] = (counts[row.state] ?? 0) + 1;
  return Object.keys(STATES)
    .filter((state) => counts[state])
    .map((state) =>
      h("span", { class: `count ${state}` }, h("b", {}, number(counts[state])), ` ${STATES[state]}`),
    );
}

export function tags() {
  return [...new Set(data.sources.flatMap((row) => row.tags))].sort();
}

export function madeAt() {
  return data?.at ?? null;
}

/** The name of the first source that is shown. */
export function firstShown() {
  return shown[0] ?? null;
}

function passes(row, { text, tag, sick }) {
  if (sick && !["sick", "ailing", "held"].includes(row.state)) return false;
  if (tag && !row.tags.includes(tag)) return false;
  if (!text) return true;
  const troubles = row.troubles.map((trouble) => `${trouble.cause} ${trouble.message}`).join(" ");
  const all = `${row.name} ${row.title} ${row.tags.join(" ")} ${row.state} ${troubles}`.toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

function notices() {
  const found = data.warehouse ?? [];
  return h(
    "div",
    { class: "notices" },
    data.note && data.sources.length > 0 && h("p", { class: "notice" }, data.note),
    found.map((trouble) =>
      h(
        "p",
        { class: `notice ${trouble.severity}` },
        h("b", {}, "The warehouse: "),
        cause(trouble),
        " ",
        told(trouble.message),
        " ",
        h("span", { class: "next" }, "→ ", told(trouble.next_step)),
      ),
    ),
  );
}

function heading() {
  const cell = (text, title) => h("span", { title }, text);
  return h(
    "div",
    { class: "row head", "aria-hidden": "true" },
    h("span"),
    cell("source"),
    cell("trouble, and since when"),
    cell(
      "stories by the hour, 48 h",
      "bars: stories first seen in each hour; behind them what is usual at this hour of the week",
    ),
    cell("24 h", "stories first seen in the last 24 hours"),
    cell("newest", "how long ago the newest story was first seen"),
    cell("last run", "how long ago the last crawl began"),
    cell("outcomes, 24 h", "what became of the leads of the last 24 hours"),
    cell("rechecks", "stories looked at again in the last 24 hours, and those that had changed"),
    cell(
      "confidence",
      "mean confidence of extraction in the last 24 hours, and what it was in the five weeks before",
    ),
  );
}

function element(row) {
  const key = JSON.stringify(row);
  const had = drawn.get(row.name);
  if (had?.key === key) {
    had.row.querySelectorAll("time").forEach((one) => (one.textContent = ago(Number(one.dataset.at))));
    return had.row;
  }
  const made = drawRow(row);
  drawn.set(row.name, { key, row: made });
  return made;
}

function drawRow(row) {
  const [found, changed] = [row.rechecks[0], row.rechecks[1]];
  const drop =
    row.confidence !== null && row.usual_confidence !== null && row.confidence < row.usual_confidence - 0.1;
  return h(
    "a",
    {
      class: `row ${row.state}`,
      href: address({ source: row.name }),
      "data-name": row.name,
      role: "listitem",
    },
    h("span", { class: "dot", title: STATES[row.state] }),
    h(
      "span",
      { class: "who" },
      told(row.title, { class: "title" }),
      h("small", {}, told(row.name), row.tags.length ? ` · ${row.tags.join(" ")}` : ""),
    ),
    trouble(row),
    sparkline(row),
    h("span", { class: "num" }, number(row.day)),
    when(row.newest, "none"),
    when(row.last_run, "never"),
    bar(parts(row.outcomes)),
    h("span", { class: "num dim" }, found ? `${number(found)} / ${number(changed)}` : ""),
    h(
      "span",
      {
        class: `num ${drop ? "drop" : "dim"}`,
        title: row.usual_confidence === null ? "" : `usual: ${share(row.usual_confidence)}`,
      },
      share(row.confidence),
    ),
  );
}

function trouble(row) {
  const [worst, ...others] = row.troubles;
  if (!worst) {
    const text =
      row.state === "ailing" ? "no run for three beats" : row.state === "well" ? "" : STATES[row.state];
    return h("span", { class: "trouble quiet" }, row.held ? `${row.held} held in quarantine` : text);
  }
  const more = others.length ? ` · and ${others.map((t) => t.cause.replaceAll("_", " ")).join(", ")}` : "";
  return h(
    "span",
    { class: "trouble", title: `${worst.message}\n→ ${worst.next_step}` },
    h(
      "span",
      { class: "why" },
      cause(worst),
      " ",
      worst.since && h("time", { "data-at": worst.since }, ago(worst.since)),
      row.held ? ` · ${row.held} held` : "",
      more,
    ),
    told(worst.message, { class: "message" }),
  );
}

function cause(trouble) {
  return h("b", { class: `cause ${trouble.severity}` }, trouble.cause.replaceAll("_", " "));
}

function when(at, none) {
  return at === null
    ? h("span", { class: "num dim" }, none)
    : h("span", { class: "num" }, h("time", { "data-at": at }, ago(at)));
}
