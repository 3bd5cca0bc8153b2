// One source: what is wrong, its batches, what became of its leads, and its latest stories beside their pages.

import { address, bar, h, s, told } from "./draw.js";
import { STATES, ago, bytes, kindOf, moment, number, parts, share, span } from "./words.js";
import { compared } from "./story.js";

const RUN = 12; // pixels of a batch in the timeline
const HIGH = 64;

/** Draw the page of a source; `glance` is its row of the overview, where known; `airflow` makes a link out. */
export function draw(found, glance, airflow) {
  const source = found.source ?? { title: found.name, tags: [] };
  return [
    h(
      "section",
      { class: "head" },
      h(
        "h1",
        {},
        told(source.title),
        " ",
        glance && h("span", { class: `state ${glance.state}` }, STATES[glance.state]),
      ),
      h(
        "p",
        { class: "facts" },
        told(found.name),
        source.every && ` · every ${span(source.every)}`,
        source.tags.length > 0 && ` · ${source.tags.join(" ")}`,
        " · ",
        told(source.home),
      ),
      h(
        "p",
        { class: "facts" },
        airflow(`/dags/crawl_${found.name}`, "its DAG"),
        " · ",
        airflow(`/dags/crawl_${found.name}/runs`, "its runs"),
        " · ",
        airflow("/dags/recrawl", "crawl again now"),
        " · ",
        airflow("/dags/backfill", "backfill"),
        found.held.length > 0 && [" · ", airflow("/dags/quarantine", "quarantine")],
      ),
    ),
    troubles(found),
    staged(found, airflow),
    h("div", { class: "columns" }, timeline(found.runs), reasons(found)),
    latest(found.stories),
    h("div", { class: "columns" }, findings(found.findings), channels(found.channels)),
    runs(found.runs),
  ];
}

function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

function troubles(found) {
  if (!found.troubles.length) return null;
  return h(
    "section",
    { class: "troubles" },
    found.troubles.map((t) =>
      h(
        "article",
        { class: `notice ${t.severity}` },
        h(
          "p",
          {},
          h("b", { class: `cause ${t.severity}` }, t.cause.replaceAll("_", " ")),
          h("span", { class: "since", title: moment(t.since) }, ` since ${moment(t.since)}, ${ago(t.since)}`),
        ),
        h("p", {}, told(t.message)),
        h("p", { class: "next" }, "→ ", told(t.next_step)),
      ),
    ),
  );
}

function staged(found, airflow) {
  const rows = [
    ["held", "held in quarantine: nothing of it is in the tables"],
    ["waiting", "extracted, to be loaded by the next publish"],
    ["unread", "crawled, to be extracted"],
  ].flatMap(([state, text]) =>
    found[state].map((batch) =>
      h(
        "li",
        { class: state },
        h("code", {}, batch),
        ` ${text}`,
        state === "held" && [": ", airflow("/dags/quarantine", "release or discard it")],
      ),
    ),
  );
  return rows.length ? section("Batches on their way", h("ul", { class: "plain" }, rows)) : null;
}

/** The latest batches, oldest first: as high as the leads they had, coloured by what became of them. */
function timeline(runs) {
  if (!runs.length) return section("Batches", h("p", { class: "hint" }, "None in five weeks."));
  const ordered = [...runs].reverse();
  const sums = ordered.map((run) => parts(run.outcomes).filter(([, outcome]) => outcome !== "not due"));
  const most = Math.max(1, ...sums.map((all) => all.reduce((sum, [, , count]) => sum + count, 0)));
  const columns = ordered.map((run, n) => {
    let y = HIGH;
    const rects = sums[n].map(([kind, , count]) => {
      const high = Math.max((count / most) * (HIGH - 4), 1);
      y -= high;
      return s("rect", {
        class: kind,
        x: n * RUN + 1,
        y: y.toFixed(1),
        width: RUN - 2,
        height: high.toFixed(1),
      });
    });
    const came = sums[n].map(([, outcome, count]) => `${count} ${outcome}`).join(", ") || "nothing new";
    const text = `${moment(run.started_at)} ${run.kind}, ${run.finish_reason}: ${came}`;
    return s(
      "g",
      { class: run.finish_reason === "finished" ? "" : "broke" },
      s("title", {}, text),
      s("rect", { class: "ground", x: n * RUN + 1, y: 0, width: RUN - 2, height: HIGH }),
      rects,
      s("rect", {
        class: run.finish_reason === "finished" ? "end" : "end broken",
        x: n * RUN + 1,
        y: HIGH + 1,
        width: RUN - 2,
        height: 2,
      }),
    );
  });
  const width = ordered.length * RUN;
  return section(
    "Batches",
    h(
      "div",
      { class: "scroll" },
      s(
        "svg",
        {
          class: "timeline",
          viewBox: `0 0 ${width} ${HIGH + 4}`,
          width,
          height: HIGH + 4,
          role: "img",
          "aria-label": `${runs.length} batches`,
        },
        columns,
      ),
    ),
    h(
      "p",
      { class: "legend" },
      ["new", "updated", "same", "aside", "poor", "broken"].map((kind) =>
        h(
          "span",
          { class: kind },
          {
            new: "new",
            updated: "updated",
            same: "unchanged",
            aside: "set aside",
            poor: "no story",
            broken: "failed",
          }[kind],
        ),
      ),
    ),
  );
}

function reasons(found) {
  const all = found.reasons.reduce((sum, row) => sum + row.leads, 0);
  if (!all) return section("What became of its leads", h("p", { class: "hint" }, "No leads in seven days."));
  return section(
    "What became of its leads, 7 days",
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        found.reasons.map((row) =>
          h(
            "tr",
            {},
            h("td", { class: "num" }, number(row.leads)),
            h("td", { class: `mark ${kindOf(row.outcome)}` }, row.outcome.replaceAll("_", " ")),
            h("td", { class: "grow" }, told(row.reason)),
            h(
              "td",
              { class: "nowrap" },
              h("a", { href: address({ find: row.url }), title: row.url }, "such as"),
            ),
          ),
        ),
      ),
    ),
  );
}

function findings(rows) {
  if (!rows.length) return section("Findings, 7 days", h("p", { class: "hint" }, "None."));
  return section(
    "Findings, 7 days",
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h("td", { class: "nowrap", title: moment(row.found_at) }, ago(row.found_at)),
            h(
              "td",
              {},
              h("b", { class: `cause ${row.severity}` }, row.cause.replaceAll("_", " ")),
              row.holds && " held",
            ),
            h(
              "td",
              {},
              told(row.message),
              " ",
              row.evidence && h("small", {}, told(row.evidence)),
              h("small", { class: "next" }, "→ ", told(row.next_step)),
            ),
          ),
        ),
      ),
    ),
  );
}

function channels(rows) {
  if (!rows.length) return section("Channels, 7 days", h("p", { class: "hint" }, "None was asked."));
  return section(
    "Channels, 7 days",
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            h(
              "td",
              { class: `mark ${["ok", "unchanged", "redirect"].includes(row.outcome) ? "new" : "broken"}` },
              row.outcome.replaceAll("_", " "),
            ),
            h("td", {}, told(row.url), row.reason && h("small", {}, told(row.reason))),
            h(
              "td",
              {
                class: "nowrap",
                title: `last asked ${moment(row.last_at)}; with a body ${moment(row.last_body_at) || "never"}`,
              },
              `${ago(row.last_at)}, asked ${number(row.asked)} ×`,
            ),
          ),
        ),
      ),
    ),
  );
}

function runs(rows) {
  if (!rows.length) return null;
  return section(
    "Latest batches",
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["began", "batch", "took", "leads", "", "requests", "answers", "received", "ended", "loaded"].map(
              (name) => h("th", {}, name),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          rows
            .slice(0, 20)
            .map((run) =>
              h(
                "tr",
                {},
                h("td", { class: "nowrap", title: moment(run.started_at) }, ago(run.started_at)),
                h(
                  "td",
                  {},
                  h("code", {}, run.run_id.split("/")[1]),
                  run.kind === "crawl" ? "" : ` ${run.kind}`,
                ),
                h(
                  "td",
                  { class: "num" },
                  span((Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000),
                ),
                h("td", { class: "num" }, number(run.leads)),
                h("td", {}, bar(parts(run.outcomes), 90)),
                h("td", { class: "num" }, number(run.requests)),
                h("td", { class: "num" }, number(run.responses)),
                h("td", { class: "num" }, bytes(run.bytes)),
                h("td", { class: run.finish_reason === "finished" ? "" : "drop" }, run.finish_reason),
                h("td", { class: "nowrap", title: moment(run.loaded_at) }, ago(run.loaded_at)),
              ),
            ),
        ),
      ),
    ),
  );
}

/** The latest stories; the chosen one stands below, its page beside what was read in it. */
function latest(stories) {
  if (!stories.length) return section("Latest stories", h("p", { class: "hint" }, "None in five weeks."));
  const beside = h("div", { class: "beside" });
  const choose = (story, item) => {
    list
      .querySelectorAll("[aria-selected=true]")
      .forEach((one) => one.setAttribute("aria-selected", "false"));
    item.setAttribute("aria-selected", "true");
    beside.replaceChildren(...compared(story, true));
  };
  const items = stories.map((story) => {
    const item = h(
      "button",
      {
        type: "button",
        role: "option",
        class: "item",
        "aria-selected": "false",
        onclick: () => choose(story, item),
      },
      h("span", { class: "nowrap dim", title: moment(story.first_seen_at) }, ago(story.first_seen_at)),
      told(story.headline ?? "no headline", { class: story.headline ? "" : "drop" }),
      h(
        "span",
        { class: "num dim" },
        `${number(story.word_count)} words · ${share(story.extraction_confidence)}`,
      ),
    );
    return item;
  });
  const list = h("div", { class: "items", role: "listbox", "aria-label": "Latest stories" }, items);
  choose(stories[0], items[0]);
  return section(
    "Latest stories, with their page and what was read in it",
    h("div", { class: "split" }, list, beside),
  );
}
