// One story: its archived page, what was read in it, its versions, what changed between them word by word.

import { address, h, to, told } from "./draw.js";
import { ago, moment, number, plain, share } from "./words.js";

const BESIDE = `
  headline alternative_headline byline authors dateline credit_line origin_agency published_at
  published_raw published_evidence modified_at section description language pub_status signal ed_note
  correction_text word_count extraction_confidence copyright_notice
`.trim().split(/\s+/);

/** Draw a story; `chosen` names {old, new}, the versions to compare; `difference` is what changed. */
export function draw(found, chosen, difference) {
  const last = found.versions.at(-1);
  const at = found.versions.find((version) => version.version === chosen.new) ?? last;
  return [
    h(
      "section",
      { class: "head" },
      h("h1", {}, told(at.headline ?? "no headline")),
      h(
        "p",
        { class: "facts" },
        to({ source: last.source_id }, last.source_id),
        " · ",
        h("code", {}, found.story_id),
        " · ",
        to({ find: at.url }, told(at.url)),
      ),
    ),
    chain(found, at, chosen),
    difference && changes(difference),
    h(
      "section",
      {},
      h("h2", {}, `Version ${at.version}: their page, and what was read in it`),
      h("div", { class: "beside" }, compared(at, false)),
    ),
    members(found, last),
  ];
}

/** Their page beside what was read in it, as two boxes; `brief` shows the beginning of the body. */
export function compared(story, brief) {
  return [theirs(story.raw_ref), ours(story, brief)];
}

/** Their page as it was archived, in a frame that may do nothing. */
export function theirs(ref) {
  const box = h("div", { class: "box" });
  if (!ref) {
    box.append(h("h3", {}, "Their page"), h("p", { class: "hint" }, "No bytes were kept."));
    return box;
  }
  const source = (as_text) =>
    `api/page?${new URLSearchParams({ ref, ...(as_text ? { as_text: "true" } : {}) })}`;
  // No permission at all: no script, form, popup or navigation. The answer's own policy fetches nothing.
  const frame = h("iframe", {
    sandbox: "",
    referrerpolicy: "no-referrer",
    loading: "lazy",
    title: "Their page, as archived",
  });
  frame.src = source(false);
  const button = h(
    "button",
    {
      type: "button",
      onclick: () => {
        const text = button.textContent === "as text";
        button.textContent = text ? "as page" : "as text";
        frame.src = source(text);
      },
    },
    "as text",
  );
  box.append(h("h3", {}, "Their page, as archived ", button), frame);
  return box;
}

function ours(story, brief) {
  const fields = BESIDE.filter((name) => plain(story[name]) !== "").map((name) => [
    h("dt", {}, name),
    h("dd", {}, told(plain(story[name]))),
  ]);
  const body = (story.body_text ?? "").split("\n\n").map((text) => h("p", {}, told(text)));
  return h(
    "div",
    { class: "box" },
    h("h3", {}, "What was read ", brief && to({ story: story.story_id }, "its story →")),
    h(
      "div",
      { class: "read" },
      h("dl", {}, fields),
      h(
        "div",
        { class: "body" },
        body,
        brief && story.body_text?.length >= 600 && h("p", { class: "hint" }, "…"),
      ),
    ),
  );
}

/** The chain of versions; each leads to what changed in it. */
function chain(found, at, chosen) {
  const rows = found.versions.map((version) => {
    const href =
      version.version > 1
        ? { story: found.story_id, old: version.version - 1, new: version.version }
        : { story: found.story_id, new: 1 };
    return h(
      "li",
      { class: version.version === at.version ? "chosen" : "" },
      h(
        "a",
        { href: address(href) },
        h("b", {}, `${version.version}`),
        ` ${version.change_kind}`,
        version.diff_ratio !== null && ` ${share(version.diff_ratio)}`,
      ),
      h(
        "small",
        { title: `${moment(version.valid_from)} to ${moment(version.valid_to) || "now"}` },
        ` ${ago(version.valid_from)} ago`,
      ),
    );
  });
  const numbers = found.versions.map((version) => version.version);
  if (numbers.length < 2) return null;
  const pick = (name, value) =>
    h(
      "select",
      { "aria-label": name },
      numbers.map((number) =>
        h("option", { value: number, selected: number === value }, `version ${number}`),
      ),
    );
  const [old, newer] = [pick("from", chosen.old ?? numbers.at(-2)), pick("to", chosen.new ?? numbers.at(-1))];
  const go = () => (location.hash = address({ story: found.story_id, old: old.value, new: newer.value }));
  [old, newer].forEach((select) => select.addEventListener("change", go));
  return h(
    "section",
    { class: "versions" },
    h("h2", {}, "Versions"),
    h("ol", { class: "chain" }, rows),
    h("p", {}, "Compare ", old, " with ", newer),
  );
}

function changes(difference) {
  const same = difference.fields.length === 0 && difference.body.flat().every(([kind]) => kind === "same");
  return h(
    "section",
    { class: "diff" },
    h("h2", {}, `What changed from version ${difference.old} to ${difference.new}`),
    same && h("p", { class: "hint" }, "No word of it."),
    difference.fields.length > 0 &&
      h(
        "dl",
        {},
        difference.fields.map((field) => [h("dt", {}, field.name), h("dd", {}, pieces(field.pieces))]),
      ),
    h("div", { class: "body" }, paragraphs(difference.body)),
  );
}

/** Paragraphs that stay are folded, but for those beside a change. */
function paragraphs(body) {
  const stays = body.map((all) => all.every(([kind]) => kind === "same"));
  const made = [];
  let folded = [];
  const unfold = () => {
    if (!folded.length) return;
    made.push(
      h(
        "details",
        {},
        h("summary", {}, `${number(folded.length)} paragraph${folded.length > 1 ? "s" : ""} unchanged`),
        folded,
      ),
    );
    folded = [];
  };
  body.forEach((all, n) => {
    const one = h("p", {}, pieces(all));
    if (stays[n] && stays[n - 1] !== false && stays[n + 1] !== false) folded.push(one);
    else {
      unfold();
      made.push(one);
    }
  });
  unfold();
  return made;
}

function pieces(all) {
  return all.map(([kind, text]) =>
    kind === "same" ? told(text) : h(kind === "cut" ? "del" : "ins", {}, told(text)),
  );
}

function members(found, last) {
  const others = found.members.filter((member) => member.story_id !== found.story_id);
  if (!others.length) return null;
  return h(
    "section",
    {},
    h("h2", {}, `The same wire copy: cluster ${last.cluster_id}`),
    h(
      "table",
      {},
      h(
        "tbody",
        {},
        found.members.map((member) =>
          h(
            "tr",
            { class: member.story_id === found.story_id ? "chosen" : "" },
            h("td", {}, member.role),
            h("td", {}, to({ source: member.source_id }, member.source_id)),
            h("td", {}, to({ story: member.story_id }, told(member.headline ?? "no headline"))),
            h("td", { class: "num" }, share(member.similarity)),
            h("td", { class: "nowrap" }, moment(member.published_at)),
          ),
        ),
      ),
    ),
  );
}
