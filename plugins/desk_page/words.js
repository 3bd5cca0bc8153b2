// Numbers and times as people say them, and what outcomes, states and causes mean.

export const STATES = {
  sick: "sick",
  ailing: "ailing",
  held: "held",
  new: "never ran",
  well: "well",
  resting: "resting",
};

const KINDS = [
  ["new", ["new"]],
  ["updated", ["updated"]],
  ["same", ["unchanged"]],
  ["aside", ["duplicate", "not_story", "out_of_scope", "over_budget", "rights_reserved", "not_due"]],
  ["poor", ["rejected", "gone", "not_html", "bad_content", "too_large"]],
];
const KIND = Object.fromEntries(
  KINDS.flatMap(([kind, outcomes]) => outcomes.map((outcome) => [outcome, kind])),
);
const ORDER = ["new", "updated", "same", "aside", "poor", "broken"];

/** The colour of an outcome: what is none of the good or the harmless ones is broken. */
export function kindOf(outcome) {
  return KIND[outcome] ?? "broken";
}

/** {outcome: count} in the order in which bars show them. */
export function parts(outcomes) {
  return Object.entries(outcomes ?? {})
    .map(([outcome, count]) => [kindOf(outcome), outcome.replaceAll("_", " "), count])
    .sort((a, b) => ORDER.indexOf(a[0]) - ORDER.indexOf(b[0]) || b[2] - a[2]);
}

/** A span as its largest unit: 45 s, 12 min, 3 h, 5 d. */
export function span(seconds) {
  if (seconds < 0) return "0 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** Seconds since 1970, of a number or of an ISO time. */
export function seconds(at) {
  return at === null || at === undefined ? null : typeof at === "number" ? at : Date.parse(at) / 1000;
}

export function ago(at) {
  const then = seconds(at);
  return then === null ? "" : span(Date.now() / 1000 - then);
}

/** A time in UTC to the minute, as logs and tables have it. */
export function moment(at) {
  const then = seconds(at);
  return then === null ? "" : new Date(then * 1000).toISOString().slice(0, 16).replace("T", " ") + "Z";
}

export function number(count) {
  return count === null || count === undefined ? "" : count.toLocaleString("en");
}

export function share(value) {
  return value === null || value === undefined ? "" : `${Math.round(value * 100)} %`;
}

export function bytes(count) {
  for (const [size, unit] of [
    [1e9, "GB"],
    [1e6, "MB"],
    [1e3, "kB"],
  ])
    if (count >= size) return `${(count / size).toFixed(1)} ${unit}`;
  return `${count} B`;
}

/** A value of a field as text; lists with commas, times to the second. */
export function plain(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "number" && !Number.isInteger(value)) return String(Math.round(value * 1000) / 1000);
  if (typeof value === "object") return JSON.stringify(value);
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value)
    ? String(value).slice(0, 19).replace("T", " ") + "Z"
    : String(value);
}
