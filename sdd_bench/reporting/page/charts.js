"use strict";
/* Small charts in SVG. Series differ by colour, by mark and by dash, so that they can be told apart
   in grey, too; every chart has its numbers as a table. */

const MARKS = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z", "M-4,-4h8v8h-8Z", "M0,-5L5,4H-5Z", "M0,-5.5L5.5,0L0,5.5L-5.5,0Z",
  "M0,5L5,-4H-5Z", "M-5,-2h3v-3h4v3h3v4h-3v3h-4v-3h-3Z", "M-2,-6h4v12h-4Z",
];
const DASHES = ["none", "7 4", "2 3", "9 3 2 3", "12 4"];
/* Six colours, seven marks and five dashes: no two of the first 210 series look alike. */

function chartWidth() {
  return innerWidth < 700 ? 340 : 620;
}

/** Round numbers that span a range. */
function ticksOf(low, high, count = 5) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) ticks.push(at * step);
  return ticks;
}

function tickText(value) {
  return String(Number(value.toPrecision(4)));
}

/** A range with some room, for values of which some may be null. */
function rangeOf(values, zero) {
  const known = values.filter((value) => value !== null && value !== undefined && Number.isFinite(value));
  if (!known.length) return [0, 1];
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (zero) [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  return [zero && low === 0 ? 0 : low - room, high + room];
}

/** Places of a chart: from numbers to pixels. */
function scaleOf(width, height, left, x, y) {
  const [right, top, bottom] = [14, 12, 42];
  return {
    width, height, left, right: width - right, top, bottom: height - bottom,
    x: (value) => left + ((value - x[0]) / (x[1] - x[0] || 1)) * (width - right - left),
    y: (value) => height - bottom - ((value - y[0]) / (y[1] - y[0] || 1)) * (height - bottom - top),
  };
}

/** Axes; what stands at `xTicks`, pairs of a number and a text, is round numbers unless given. */
function Axes({ scale, x, y, xLabel, yLabel, xTicks }) {
  const below = xTicks || ticksOf(x[0], x[1], scale.width < 400 ? 4 : 6).map((tick) => [tick, tickText(tick)]);
  return html`<g class="axes">
    ${ticksOf(y[0], y[1]).map((tick) => html`<g><line x1=${scale.left} x2=${scale.right} y1=${scale.y(tick)} y2=${scale.y(tick)} class="rule" />
      <text x=${scale.left - 7} y=${scale.y(tick) + 4} text-anchor="end">${tickText(tick)}</text></g>`)}
    ${below.map(([tick, text]) => html`<g><line x1=${scale.x(tick)} x2=${scale.x(tick)} y1=${scale.bottom} y2=${scale.bottom + 4} class="axis" />
      <text x=${scale.x(tick)} y=${scale.bottom + 17} text-anchor="middle">${text}</text></g>`)}
    <line x1=${scale.left} x2=${scale.right} y1=${scale.bottom} y2=${scale.bottom} class="axis" />
    <text x=${(scale.left + scale.right) / 2} y=${scale.height - 6} text-anchor="middle" class="label">${xLabel}</text>
    <text transform="translate(13 ${(scale.top + scale.bottom) / 2}) rotate(-90)" text-anchor="middle" class="label">${yLabel}</text>
  </g>`;
}

/** A point of a series, with an interval in one direction or both. */
function Point({ scale, point, series }) {
  const [x, y] = [scale.x(point.x), scale.y(point.y)];
  const known = (value) => value !== null && value !== undefined;
  return html`<g class="s${series % 6}">
    ${known(point.low) && known(point.high) && html`<path class="whisker" d="M${x},${scale.y(point.low)}V${scale.y(point.high)}M${x - 4},${scale.y(point.low)}h8M${x - 4},${scale.y(point.high)}h8" />`}
    ${known(point.left) && known(point.right) && html`<path class="whisker" d="M${scale.x(point.left)},${y}H${scale.x(point.right)}M${scale.x(point.left)},${y - 4}v8M${scale.x(point.right)},${y - 4}v8" />`}
    <path class="mark" d=${MARKS[series % MARKS.length]} transform="translate(${x} ${y})"><title>${point.title || ""}</title></path></g>`;
}

/** A line, its band, and some of its marks. */
function Line({ scale, points, series, marks = 1 }) {
  const known = points.filter((point) => point.y !== null && point.y !== undefined);
  const banded = known.filter((point) => point.low !== null && point.low !== undefined);
  const path = (list, key) => list.map((point) => `${scale.x(point.x)},${scale.y(point[key])}`).join("L");
  return html`<g class="s${series % 6}">
    ${banded.length > 1 && html`<path class="band" d="M${path(banded, "low")}L${path([...banded].reverse(), "high")}Z" />`}
    ${known.length > 1 && html`<path class="line" stroke-dasharray=${DASHES[series % DASHES.length]} d="M${path(known, "y")}" />`}
    ${known.filter((_, at) => at % marks === 0).map((point) => html`<path class="mark" d=${MARKS[series % MARKS.length]}
      transform="translate(${scale.x(point.x)} ${scale.y(point.y)})"><title>${point.title || ""}</title></path>`)}</g>`;
}

/** What each series is called; null for one that is not drawn. */
function Legend({ names }) {
  return html`<ul class="legend">${names.map((name, series) => name !== null && html`<li>
    <svg width="34" height="14" viewBox="-17 -7 34 14" aria-hidden="true" class="s${series % 6}">
      <path class="line" d="M-16,0H16" stroke-dasharray=${DASHES[series % DASHES.length]} />
      <path class="mark" d=${MARKS[series % MARKS.length]} /></svg>${visible(name)}</li>`)}</ul>`;
}

/** A chart with its heading, legend, and numbers in words. */
function Chart({ title, note, scale, names, rows, header, children }) {
  return html`<figure class="chart">
    <figcaption><h3>${title}</h3>${note && html`<p>${note}</p>`}</figcaption>
    ${names && html`<${Legend} names=${names} />`}
    <svg viewBox="0 0 ${scale.width} ${scale.height}" role="img" aria-label="${title}. The numbers are in the table below it.">${children}</svg>
    <details><summary>Numbers</summary><div class="scroller" tabindex="0" role="region" aria-label="Numbers of ${title}"><table>
      <thead><tr>${header.map((each) => html`<th scope="col">${visible(each)}</th>`)}</tr></thead>
      <tbody>${rows.map(([first, ...others]) => html`<tr><th scope="row">${visible(first)}</th>${others.map((each) => html`<td>${visible(each)}</td>`)}</tr>`)}</tbody>
    </table></div></details></figure>`;
}
