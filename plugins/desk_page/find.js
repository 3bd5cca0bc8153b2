// Where did this URL go? The steps of an address in words, from its discovery to its row.

import { h, to, told } from "./draw.js";
import { theirs } from "./story.js";
import { moment } from "./words.js";

const TITLES = {
  announced: "Found",
  ended: "Fetched, read",
  staged: "Staged",
  row: "In the warehouse",
  version: "Changed",
  cluster: "Copies",
  nothing: "Unknown",
};

/** Draw the trail of an address. */
export function draw(found) {
  return [
    h(
      "section",
      { class: "head" },
      h("h1", {}, "Where did it go?"),
      h("p", { class: "facts" }, told(found.asked)),
      found.key !== found.asked && h("p", { class: "facts dim" }, "its key: ", told(found.key)),
    ),
    h("section", {}, h("ol", { class: "trail" }, found.steps.map(step))),
    found.same_host.length > 0 &&
      h(
        "p",
        { class: "hint" },
        "Of that host are followed: ",
        found.same_host.map((name) => [to({ source: name }, name), " "]),
      ),
  ];
}

function step(one) {
  const mark = one.good === true ? "good" : one.good === false ? "bad" : "so";
  return h(
    "li",
    { class: mark },
    h("b", {}, TITLES[one.kind]),
    " ",
    h("small", { class: "dim" }, moment(one.at)),
    one.quote && h("p", { class: "quote" }, told(one.quote)),
    h("p", {}, told(one.text)),
    h(
      "p",
      { class: "links" },
      one.source && to({ source: one.source }, `source ${one.source}`),
      one.story &&
        to(
          one.version > 1
            ? { story: one.story, old: one.version - 1, new: one.version }
            : { story: one.story, new: one.version ?? null },
          one.kind === "version" ? "what changed" : "the story",
        ),
      one.page &&
        h(
          "button",
          { type: "button", onclick: (event) => event.target.replaceWith(theirs(one.page)) },
          "their page",
        ),
      one.run && h("code", {}, one.run),
    ),
  );
}
