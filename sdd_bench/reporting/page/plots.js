"use strict";
/* Groups, trade-off, trainings, matrix. */

/** Runs of all suites by what tables call them: a row of a table is one of these. */
function methodsOf(model) {
  return [...new Set(REPORT.runs.filter((run) => run.model === model).map((run) => run.label))];
}

function runOf(model, label, suite) {
  return COLUMNS[suite].find((run) => REPORT.runs[run].label === label && REPORT.runs[run].model === model);
}

function spoken(number, percent) {
  return number ? `${numberText(number.value, percent)} ${intervalText(number, percent)}` : "–";
}

// --- by group ----------------------------------------------------------------------------------

function GroupBars({ suite, definition }) {
  const percent = definition.unit === "%";
  const runs = COLUMNS[suite].filter((run) => REPORT.groups.some((each) => each.run === run && each.definition === definition.name));
  const names = REPORT.suites[suite].groups;
  const of = (run, group) => {
    const found = REPORT.groups.find((each) => each.run === run && each.definition === definition.name && each.group === group);
    return found && found.number.value !== null ? found.number : null;
  };
  const numbers = names.flatMap((group) => runs.map((run) => of(run, group))).filter(Boolean);
  if (!numbers.length) return html`<p class="empty">No group has a value of ${definition.name}.</p>`;
  const [thick, gap] = [15, 14];
  const width = chartWidth();
  const left = Math.min(Math.max(...names.map((name) => name.length)) * 7 + 14, width * 0.36);
  const part = runs.length * thick + gap;
  const range = rangeOf(numbers.flatMap((each) => [each.value, each.low, each.high]), true);
  const scale = scaleOf(width, names.length * part + 60, left, range, [0, 1]);
  const bar = (run, series, group, at) => {
    const number = of(run, group);
    if (!number) return null;
    const [y, x] = [scale.top + at * part + series * thick, scale.x(number.value)];
    const zero = scale.x(0);
    return html`<g class="s${series % 6}">
      <rect class="amount" x=${Math.min(zero, x)} y=${y + 2} width=${Math.abs(x - zero)} height=${thick - 4} />
      ${number.low !== null && number.high !== null && html`<path class="whisker" d="M${scale.x(number.low)},${y + thick / 2}H${scale.x(number.high)}M${scale.x(number.low)},${y + thick / 2 - 3}v6M${scale.x(number.high)},${y + thick / 2 - 3}v6" />`}
      <path class="mark" d=${MARKS[series % MARKS.length]} transform="translate(${x} ${y + thick / 2})"><title>${group}, ${REPORT.runs[run].label}: ${spoken(number, percent)}</title></path></g>`;
  };
  return html`<${Chart} title="${definition.name} by group" scale=${scale} names=${runs.map((run) => REPORT.runs[run].label)}
    note="Whiskers are 95 % intervals over prompts." header=${["group", ...runs.map((run) => REPORT.runs[run].label)]}
    rows=${names.map((group) => [group, ...runs.map((run) => spoken(of(run, group), percent))])}>
    ${ticksOf(range[0], range[1], width < 400 ? 3 : 6).map((tick) => html`<g class="axes"><line class="rule" x1=${scale.x(tick)} x2=${scale.x(tick)} y1=${scale.top} y2=${scale.bottom} />
      <text x=${scale.x(tick)} y=${scale.bottom + 16} text-anchor="middle">${tickText(tick)}</text></g>`)}
    ${names.map((group, at) => html`<text class="name" x=${left - 8} y=${scale.top + at * part + (runs.length * thick) / 2 + 4} text-anchor="end">${visible(group)}</text>`)}
    <text class="label" x=${(left + scale.right) / 2} y=${scale.height - 8} text-anchor="middle">${definition.name}${percent ? ", %" : ""}</text>
    ${names.map((group, at) => runs.map((run, series) => bar(run, series, group, at)))}
  <//>`;
}

// --- trade-off ---------------------------------------------------------------------------------

const COSTS = ["fid", "kid", "clip", "lpips", "style"];

/** Columns of the table of runs that could be an axis: pairs of suite and definition. */
function axesOf(wanted) {
  return REPORT.suites.flatMap((_, suite) => REPORT.definitions
    .filter((each) => wanted(each) && COLUMNS[suite].some((run) => numberOf(run, each.name)))
    .map((each) => ({ suite, definition: each, key: `${suite} ${each.name}`, label: `${suiteLabel(suite)}: ${each.name}` })));
}

function TradeOff({ view }) {
  const removals = axesOf((each) => each.threshold !== null);
  const costs = axesOf((each) => each.threshold === null && COSTS.includes(each.family));
  const fid = costs.find((each) => each.definition.family === "fid") || costs[0];
  const [first, setFirst] = useState(firstRemoval(removals, fid));
  const [second, setSecond] = useState(fid?.key);
  if (!removals.length || !costs.length) {
    return html`<p class="empty">A trade-off needs a rate, and an FID, a CLIP score or an LPIPS.</p>`;
  }
  const [removal, cost] = [removals.find((each) => each.key === first), costs.find((each) => each.key === second)];
  const points = pointsOf(removal, cost);
  const known = points.filter((each) => each.x && each.y);
  const arrow = { lower: "← better", higher: "better →" }[cost.definition.better];
  const [x, y] = [rangeOf(known.flatMap((each) => Object.values(ends(each.x))), false), rangeOf(known.flatMap((each) => Object.values(ends(each.y))), true)];
  const scale = scaleOf(chartWidth(), 360, 52, x, y);
  const percent = cost.definition.unit === "%";
  return html`<div class="fields">
      <${Choice} label="Removal" value=${first} options=${removals.map((each) => [each.key, each.label])} onChange=${setFirst} />
      <${Choice} label="Against" value=${second} options=${costs.map((each) => [each.key, each.label])} onChange=${setSecond} /></div>
    ${known.length ? html`<${Chart} title="Removal against ${cost.definition.name}" names=${points.map((each) => (each.x && each.y ? each.label : null))} scale=${scale}
      note="Whiskers are 95 % intervals in both directions. ${points.length - known.length ? `${plural(points.length - known.length, "method")} without both numbers left out.` : ""}"
      header=${["method", removal.label, cost.label]} rows=${points.map((each) => [each.label, spoken(each.y || null, true), spoken(each.x || null, percent)])}>
      <${Axes} ...${{ scale, x, y }} xLabel="${cost.label} (${arrow})" yLabel="${removal.definition.name}, % (↓ better)" />
      ${points.map((each, series) => each.x && each.y && html`<${Point} scale=${scale} series=${series} point=${{
        x: each.x.value, y: each.y.value, left: each.x.low, right: each.x.high, low: each.y.low, high: each.y.high,
        title: `${each.label}: ${spoken(each.y, true)}, ${spoken(each.x, percent)}` }} />`)}<//>`
      : html`<p class="empty">No method has both numbers.</p>`}`;
}

/** Each method's numbers on two axes. */
function pointsOf(removal, cost) {
  const number = (label, axis) => {
    const run = runOf(REPORT.suites[removal.suite].model, label, axis.suite);
    return run !== undefined && numberOf(run, axis.definition.name);
  };
  return methodsOf(REPORT.suites[removal.suite].model)
    .map((label) => ({ label, y: number(label, removal), x: number(label, cost) }));
}

/** The rate that most methods have beside a cost; of several the one that is highest anywhere. */
function firstRemoval(removals, cost) {
  const ranked = removals.map((axis) => {
    const known = pointsOf(axis, cost || axis).filter((each) => each.x && each.y);
    return { key: axis.key, count: known.length, highest: Math.max(...known.map((each) => each.y.value)) };
  });
  return ranked.sort((a, b) => b.count - a.count || b.highest - a.highest)[0]?.key;
}

function ends(number) {
  return { value: number.value, low: number.low, high: number.high };
}

// --- trainings ---------------------------------------------------------------------------------

function TrainingCurves() {
  const charts = new Map();
  for (const curve of REPORT.curves) {
    const key = `${curve.model}: ${curve.suite}, ${curve.definition}`;
    charts.set(key, [...(charts.get(key) || []), curve]);
  }
  return html`<div class="charts-beside">${[...charts].map(([title, curves]) => {
    const percent = curves[0].unit === "%";
    const x = rangeOf(curves.flatMap((curve) => curve.iteration), true);
    const y = rangeOf(curves.flatMap((curve) => [...curve.value, ...curve.low, ...curve.high]), percent);
    const scale = scaleOf(chartWidth(), 320, 52, x, y);
    const names = curves.map((curve) => [curve.method, curve.role].filter(Boolean).join(", "));
    const iterations = [...new Set(curves.flatMap((curve) => curve.iteration))].sort((a, b) => a - b);
    const at = (curve, iteration) => curve.iteration.indexOf(iteration);
    return html`<${Chart} title=${title} names=${names} scale=${scale} header=${["iteration", ...names]}
      rows=${iterations.map((iteration) => [String(iteration), ...curves.map((curve) => numberText(curve.value[at(curve, iteration)], percent))])}>
      <${Axes} ...${{ scale, x, y }} xLabel="iteration" yLabel="${curves[0].definition} ${curves[0].unit}" />
      ${curves.map((curve, series) => html`<${Line} scale=${scale} series=${series} points=${curve.iteration.map((iteration, place) => ({
        x: iteration, y: curve.value[place], low: curve.low[place], high: curve.high[place], title: `${names[series]}, ${iteration}: ${numberText(curve.value[place], percent)}` }))} />`)}
    <//>`;
  })}</div>`;
}

// --- all of them -------------------------------------------------------------------------------

function ChartsPanel({ view }) {
  const grouped = REPORT.suites.map((_, suite) => suite).filter((suite) => REPORT.groups.some((each) => REPORT.runs[each.run].suite === suite));
  const suite = grouped.includes(view.suite) ? view.suite : grouped[0];
  const known = suite === undefined ? [] : REPORT.definitions.filter((each) =>
    REPORT.groups.some((group) => group.definition === each.name && REPORT.runs[group.run].suite === suite));
  const definition = known.find((each) => each.name === view.definition) || known.find((each) => each.threshold !== null) || known[0];
  return html`<section><h2>Trade-off</h2><${TradeOff} view=${view} /></section>
    <section><h2>Groups of prompts</h2>${definition ? html`<div class="fields">
      <${Choice} label="Suite" value=${suite} options=${grouped.map((each) => [each, suiteLabel(each)])}
        onChange=${(each) => change({ ...NO_FILTERS, suite: Number(each), hidden: [], left: null, right: null })} />
      <${Choice} label="Definition" value=${definition.name} options=${known.map((each) => [each.name, each.name])}
        onChange=${(name) => change({ definition: name })} /></div>
      <${GroupBars} suite=${suite} definition=${definition} />` : html`<p class="empty">No prompt has a group.</p>`}</section>
    <section><h2>Trainings</h2>${REPORT.curves.length ? html`<${TrainingCurves} />`
      : html`<p class="empty">No training of these methods has a curve (sdd-bench train --curve).</p>`}</section>
    ${REPORT.matrices.length > 0 && html`<section><h2>Removed against prompted</h2>
      ${REPORT.matrices.map((table) => html`<${DataTable} table=${table} shaded />`)}</section>`}`;
}
