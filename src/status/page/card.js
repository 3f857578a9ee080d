/** One card per target. */
import { draw } from "./drawing.js";
import { duration, number, plain, setText, time } from "./text.js";

/** @param {number} now Milliseconds since 1970, by the program's clock. */
export function showTarget(card, target, now) {
  const field = (name) => card.querySelector(`[data-field="${name}"]`);
  const set = (name, value) => setText(field(name), value);
  const { counts, deadLetters, phase, reason } = target;
  card.dataset.phase = phase;
  set("name", target.name);
  set("phase", phase);
  const inPhase = Math.max(0, now - Date.parse(target.since)) / 1000;
  set("since", `for ${duration(inPhase)}`);
  field("reason").hidden = reason === undefined;
  set("reason", reason ?? "");
  set("lag", lagText(target));
  set("delivered", number(counts.delivered));
  const held = deadLetters?.held;
  set("letters", held === undefined ? "unknown" : number(held));
  field("letters").parentElement.dataset.letters = held > 0 ? "some" : "0";
  showCharts(card, target, now);
  showFacts(card.querySelector('[data-list="facts"]'), target);
  showList(card, "letters", deadLetters?.newest ?? [], {
    total: held ?? 0,
    line: ({ reason }) => reason,
    note: ({ at, type, stixId, id }) =>
      `${time(at)}, ${stixId || type || "unknown object"}, letter ${id}`,
  });
  showList(card, "errors", target.errors, {
    total: counts.errors,
    line: ({ reason }) => reason,
    note: ({ at, during, times }) =>
      `${time(at)}, ${during}${times > 1 ? `, ${number(times)} times` : ""}`,
  });
  showList(card, "skipped", target.skipped, {
    total: counts.skipped,
    line: ({ reason }) => reason,
    note: ({ count }) => `${number(count)} events`,
  });
}

function lagText({ lagSeconds, recovering }) {
  if (lagSeconds !== undefined) return duration(lagSeconds);
  return recovering ? "catching up" : "unknown";
}

function showCharts(card, { series }, now) {
  const set = (name, value) =>
    setText(card.querySelector(`[data-field="${name}"]`), value);
  const rate = draw(
    card.querySelector(".chart-rate svg"),
    series.map(({ at, rate }) => ({ at, value: rate })),
    now,
  );
  const lag = draw(
    card.querySelector(".chart-lag svg"),
    series.map(({ at, lag }) => ({ at, value: lag })),
    now,
  );
  set("rate", rate.last === undefined ? "0" : number(rate.last));
  const rateNote = `peak ${number(rate.peak)} events/s`;
  set("rate-note", rateNote);
  const lagNote = lag.last === undefined && lag.peak === 0
    ? "unknown"
    : `peak ${duration(lag.peak)}`;
  set("lag-note", lagNote);
  const span = duration(Math.round((now - lag.from) / 60_000) * 60);
  set("axis", `${span} ago`);
  const label = (name, text) =>
    card.querySelector(`.chart-${name} svg`).setAttribute("aria-label", text);
  label("rate", `Throughput of the last ${span}: ${rateNote}`);
  label("lag", `Lag of the last ${span}: ${lagNote}`);
}

function showFacts(list, target) {
  const { counts, gauges, writeSeconds: writes } = target;
  const facts = [
    ["Position", target.position && time(target.position.at)],
    [
      "Saved",
      target.checkpointAgeSeconds !== undefined &&
      `${duration(target.checkpointAgeSeconds)} ago`,
    ],
    ["Events settled", number(counts.events)],
    ["Skipped", number(counts.skipped)],
    ["Superseded", number(counts.superseded)],
    [
      "Rejected, malformed",
      `${number(counts.rejected)}, ${number(counts.malformed)}`,
    ],
    ["Tried again", retryText(target)],
    [
      "Delivery takes",
      writes.count > 0 &&
      `${duration(writes.sum / writes.count)} (${number(writes.count)} made)`,
    ],
    ["Gaps in the stream", counts.gaps > 0 && number(counts.gaps)],
    [
      "Deletes held back",
      target.blockedDeletes > 0 && number(target.blockedDeletes),
    ],
    [
      "Objects held",
      target.objectsHeld !== undefined && number(target.objectsHeld),
    ],
    [
      "Quota used",
      gauges.quota_ratio !== undefined &&
      `${Math.round(gauges.quota_ratio * 1000) / 10} %`,
    ],
  ].filter(([, value]) => typeof value === "string");
  replaceIfNew(
    list,
    facts.flatMap(([name, value]) => [
      element("dt", name),
      element("dd", value),
    ]),
  );
}

function retryText({ retries }) {
  if (retries.length === 0) return false;
  return retries.map(({ reason, count }) => `${reason} ${number(count)}`)
    .join(", ");
}

function showList(card, name, items, { total, line, note }) {
  const part = card.querySelector(`[data-part="${name}"]`);
  // What is lost is seen at once; a person may fold it away.
  if (part.hidden && items.length > 0) part.open = name === "letters";
  part.hidden = items.length === 0;
  setText(part.querySelector(".count"), number(total));
  replaceIfNew(
    part.querySelector("ul"),
    items.map((item) => {
      const entry = element("li", line(item));
      const small = element("span", note(item));
      small.className = "quiet";
      entry.append(small);
      return entry;
    }),
  );
  const list = part.querySelector("ul");
  // A list that scrolls must be reached without a mouse.
  if (list.scrollHeight > list.clientHeight + 1) list.tabIndex = 0;
  else list.removeAttribute("tabindex");
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = plain(text);
  return made;
}

/** Leaves what is shown alone where nothing changed: selections survive. */
function replaceIfNew(parent, children) {
  const before = [...parent.children].map((child) => child.outerHTML).join("");
  const after = children.map((child) => child.outerHTML).join("");
  if (before !== after) parent.replaceChildren(...children);
}
