"use strict";
/* Values over the last gates, each with what it was held to. */

/** What a gate is called. */
function gateName(held) {
  return held.commit.slice(0, 7) || held.date.slice(0, 10) || "?";
}

/** Values by run and definition: each with the gates that have one. */
const SERIES = new Map();
REPORT.history.forEach((held, at) => {
  for (const point of held.points) {
    if (!SERIES.has(point.run)) SERIES.set(point.run, new Map());
    const checks = SERIES.get(point.run);
    checks.set(point.check, [...(checks.get(point.check) || []), { ...point, held, at }]);
  }
});

/** Names of a few gates, the last one among them. */
function gateTicks(few) {
  const last = REPORT.history.length - 1;
  const step = Math.max(1, Math.ceil(last / (few - 1)));
  return REPORT.history.map((held, at) => [at, gateName(held)]).filter(([at]) => (last - at) % step === 0);
}

function pointText(point) {
  return `${gateName(point.held)}: ${amountText(point.value)}${point.unit}, held to ${amountText(point.baseline)} ± ${amountText(point.allowed)}`;
}

function HistoryChart({ name, points }) {
  const drawn = points.filter((point) => point.value !== null && point.baseline !== null).map((point) => ({
    x: point.at, y: point.value, low: point.allowed === null ? null : point.baseline - point.allowed,
    high: point.allowed === null ? null : point.baseline + point.allowed, title: pointText(point), passes: point.passes,
  }));
  const x = [-0.3, REPORT.history.length - 0.7];
  const y = rangeOf(drawn.flatMap((point) => [point.y, point.low, point.high]), false);
  const scale = scaleOf(chartWidth(), 260, 58, x, y);
  const rows = points.map((point) => [gateName(point.held), point.held.date.slice(0, 16).replace("T", " "), point.held.outcome,
    amountText(point.value), amountText(point.baseline), amountText(point.allowed)]);
  return html`<${Chart} title=${visible(name)} scale=${scale} rows=${[...rows].reverse()}
    header=${["gate", "time (UTC)", "gate was", "value", "held to", "allowed"]}>
    <${Axes} ...${{ scale, x, y }} xTicks=${gateTicks(scale.width < 400 ? 4 : 7)} xLabel="gate" yLabel=${points[0].unit || "value"} />
    <${Line} scale=${scale} points=${drawn} series=${0} />
    ${drawn.filter((point) => !point.passes).map((point) => html`<path class="miss" d="M-6,-6L6,6M-6,6L6,-6"
      transform="translate(${scale.x(point.x)} ${scale.y(point.y)})"><title>${point.title}, failed</title></path>`)}<//>`;
}

/** Where there is most to see: the first run that fails now, or the first one. */
function firstRun(runs) {
  const failing = REPORT.history[REPORT.history.length - 1].points.find((point) => !point.passes);
  return failing ? failing.run : runs[0];
}

function HistoryPanel() {
  const runs = [...SERIES.keys()];
  const [run, setRun] = useState(firstRun(runs));
  if (!runs.length) return html`<p class="empty">No gate has a value.</p>`;
  return html`<p class="note">${plural(REPORT.history.length, "gate")}, this one last${REPORT.history.length === 1
      ? ": others join with --record or --update" : ""}. The band is what values were held to; a cross is one that failed.</p>
    ${runs.length > 1 && html`<div class="fields"><${Choice} label="Run" value=${run} options=${runs.map((each) => [each, each])} onChange=${setRun} /></div>`}
    <div class="charts-beside">${[...SERIES.get(run)].map(([name, points]) => html`<${HistoryChart} key=${`${run} ${name}`} name=${name} points=${points} />`)}</div>`;
}
