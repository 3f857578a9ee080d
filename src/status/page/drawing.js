/** Draws the last hour of one figure as a line with the area below it. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 80;
const PADDING = 4;
const HOUR_MS = 3_600_000;
/** A program that just started is not squeezed into a corner. */
const LEAST_MS = 300_000;

/**
 * @typedef {{ at: number, value: number | undefined }} Point
 * @typedef {{ from: number, peak: number, last: number | undefined }} Drawn
 */

/**
 * @param {SVGElement} svg Emptied first.
 * @param {readonly Point[]} points Oldest first; a point without a value
 *   breaks the line.
 * @param {number} now
 * @returns {Drawn} What a caption says of it.
 */
export function draw(svg, points, now) {
  const oldest = points[0]?.at ?? now;
  const from = Math.max(now - HOUR_MS, Math.min(oldest, now - LEAST_MS));
  const shown = points.filter(({ at }) => at >= from);
  const values = shown.flatMap(({ value }) => value ?? []);
  const peak = Math.max(0, ...values);
  const top = peak === 0 ? 1 : peak;
  const x = (at) => (at - from) / (now - from) * WIDTH;
  const y = (value) => HEIGHT - PADDING - value / top * (HEIGHT - 2 * PADDING);
  const parts = [];
  for (const level of [0.5, 1]) {
    parts.push(path("grid", `M0 ${y(top * level)}H${WIDTH}`));
  }
  for (const run of runs(shown)) {
    const line = run.map(({ at, value }) =>
      `${x(at).toFixed(1)} ${y(value ?? 0).toFixed(1)}`
    ).join("L");
    const [first, last] = [run[0], run.at(-1)];
    if (first === undefined || last === undefined) continue;
    const base = HEIGHT - PADDING;
    parts.push(
      path("area", `M${x(first.at)} ${base}L${line}L${x(last.at)} ${base}Z`),
      path("line", `M${line}`),
    );
  }
  svg.replaceChildren(...parts);
  return { from, peak, last: shown.at(-1)?.value };
}

/**
 * Stretches without a hole.
 *
 * @param {readonly Point[]} points
 * @returns {Point[][]}
 */
function runs(points) {
  /** @type {Point[][]} */
  const found = [[]];
  for (const point of points) {
    if (point.value === undefined) found.push([]);
    else found.at(-1)?.push(point);
  }
  return found.filter((run) => run.length > 1);
}

/**
 * @param {string} name
 * @param {string} data
 */
function path(name, data) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("class", name);
  element.setAttribute("d", data);
  return element;
}
