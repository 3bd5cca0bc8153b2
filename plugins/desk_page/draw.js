// Make elements and small charts. Whatever comes from a page or a warehouse becomes text: nothing here
// parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element: h("p", {class: "hint", title: "…"}, "text", other, [more]); null and false are left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same, of SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "href" && !/^(#|\.|files\/)/.test(value))
      throw new Error("only our own pages are linked");
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** Text from outside: its writing direction stays its own. */
export function told(text, more = {}) {
  return h("bdi", { ...more, class: `told ${more.class ?? ""}` }, text ?? "");
}

/** A link within the desk; `parts` are names and values of its hash. */
export function to(parts, ...children) {
  return h("a", { href: address(parts) }, ...children);
}

export function address(parts) {
  return "#" + new URLSearchParams(Object.entries(parts).filter(([, value]) => value != null)).toString();
}

const HOUR = 4; // pixels
const HIGH = 30;

/** Stories per hour over two days, against the band expected: too few are marked red, too many amber. */
export function sparkline(row) {
  const most = Math.max(4, ...row.hours, ...(row.high ?? []));
  const y = (count) => HIGH - 1 - (count / most) * (HIGH - 3);
  const bars = { usual: "", low: "", high: "", now: "" };
  const last = row.hours.length - 1;
  row.hours.forEach((count, n) => {
    const kind =
      n === last
        ? "now"
        : row.low && (count < row.low[n] || row.slump.includes(n))
          ? "low"
          : row.high && count > row.high[n]
            ? "high"
            : "usual";
    if (count || kind === "low")
      bars[kind] += `M${n * HOUR + 0.5} ${HIGH}V${count ? y(count) : HIGH - 2.5}h3V${HIGH}z`;
  });
  const width = row.hours.length * HOUR;
  return s(
    "svg",
    {
      class: "spark",
      viewBox: `0 0 ${width} ${HIGH}`,
      width,
      height: HIGH,
      role: "img",
      "aria-label": described(row),
    },
    row.high && s("path", { class: "band", d: band(row, y) }),
    Object.entries(bars).map(([kind, d]) => d && s("path", { class: kind, d })),
  );
}

function band(row, y) {
  const over = row.high
    .map((count, n) => `${n ? "L" : "M"}${n * HOUR} ${y(count).toFixed(1)}h${HOUR}`)
    .join("");
  const under = row.low
    .map((count, n) => `L${(n + 1) * HOUR} ${y(count).toFixed(1)}h-${HOUR}`)
    .reverse()
    .join("");
  return over + under + "z";
}

function described(row) {
  const sum = (counts) => counts.reduce((all, one) => all + one, 0);
  const usual = row.high
    ? `; usual are ${sum(row.low.slice(-24))} to ${sum(row.high.slice(-24))}`
    : "; too new to say what is usual";
  return `${sum(row.hours.slice(-24))} stories in the last 24 hours${usual}`;
}

/** What became of leads: [[kind, outcome, count], …] side by side, as wide as they are many. */
export function bar(parts, width = 120, height = 10) {
  const all = parts.reduce((sum, [, , count]) => sum + count, 0);
  let x = 0;
  const drawn = parts.map(([kind, , count]) => {
    const wide = Math.max((count / all) * width, 1.5); // one error among thousands is still seen
    const rect = s("rect", { class: kind, x: x.toFixed(1), y: 0, width: wide.toFixed(1), height });
    x += wide;
    return rect;
  });
  const text = parts.map(([, outcome, count]) => `${count} ${outcome}`).join(", ");
  return s(
    "svg",
    {
      class: "bar",
      viewBox: `0 0 ${Math.max(x, width)} ${height}`,
      width,
      height,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": text || "no leads",
    },
    text && s("title", {}, text),
    drawn,
  );
}
