"use strict";
/* Any claim at another threshold: rate, interval and flips, recounted from the raw scores. */

function setThreshold(definition, threshold) {
  const thresholds = { ...store.view.thresholds };
  delete thresholds[definition.name];
  if (threshold !== definition.threshold && Number.isFinite(threshold)) thresholds[definition.name] = threshold;
  change({ thresholds });
}

function nearest(steps, value) {
  let best = 0;
  steps.forEach((step, at) => { if (Math.abs(step - value) < Math.abs(steps[best] - value)) best = at; });
  return best;
}

function Slider({ definition, threshold }) {
  const steps = useMemo(() => sliderSteps(definition), [definition]);
  const id = `slider-${definition.name}`;
  return html`<div class="threshold">
    <label for=${id}>Counts ${definition.inclusive ? "from" : "above"}</label>
    <input id=${id} type="range" min="0" max=${steps.length - 1} step="1" value=${nearest(steps, threshold)}
      data-definition=${definition.name} aria-valuetext=${thresholdText(threshold)} onInput=${(event) => setThreshold(definition, steps[Number(event.target.value)])} />
    <output>${thresholdText(threshold)}</output>
    <button type="button" disabled=${threshold === definition.threshold} onClick=${() => setThreshold(definition, definition.threshold)}>
      Back to ${thresholdText(definition.threshold)}</button></div>`;
}

function RateRow({ run, definition, threshold }) {
  const [rate, flips, own] = [rateAt(run, definition, threshold), flipsAt(run, definition, threshold), numberOf(run, definition.name)];
  const ends = rate.low === null ? "no interval is stored here" : intervalText(rate, true);
  return html`<tr data-run=${run}>
    <th scope="row">${visible(REPORT.runs[run].label)}</th>
    <td data-rate=${rate.value ?? ""} data-low=${rate.low ?? ""} data-high=${rate.high ?? ""}><span class="value">${numberText(rate.value, true)}</span>
      <span class="interval">${rate.value === null ? "" : ends}</span> <span class="rest">n=${rate.n}${rate.total > rate.n ? ` of ${rate.total}` : ""}</span></td>
    <td>${own ? html`<span class="value">${numberText(own.value, true)}</span> <span class="interval">${intervalText(own, true)}</span> <span class="rest">n=${own.n}</span>` : "–"}</td>
    <td data-unsafe=${flips ? flips.unsafe : ""}>${flips ? flips.unsafe : "–"}</td>
    <td data-safe=${flips ? flips.safe : ""}>${flips ? flips.safe : "–"}</td>
    <td>${flips ? flips.n : "–"}</td></tr>`;
}

function RateTable({ suite, definition, threshold }) {
  const words = verdictWords(definition);
  const runs = COLUMNS[suite].filter((run) => REPORT.runs[run].scores[definition.measure]);
  const title = `${suiteLabel(suite)}: ${definition.name}`;
  return html`<figure class="table"><p class="caption">${visible(suiteLabel(suite))}</p>
    <div class="scroller" tabindex="0" role="region" aria-label=${title}>
    <table class="rates" aria-label=${title}><thead><tr>
      <th scope="col">method</th><th scope="col">at ${thresholdText(threshold)}, %</th>
      <th scope="col">in the table, at ${thresholdText(definition.threshold)}, %</th>
      <th scope="col">became ${words[0]}</th><th scope="col">became ${words[1]}</th><th scope="col">pairs</th></tr></thead>
      <tbody>${runs.map((run) => html`<${RateRow} key=${run} ...${{ run, definition, threshold }} />`)}</tbody></table></div></figure>`;
}

/** Curves do not depend on where the slider stands: they are computed once. */
const rateCurves = new Map();

function rateCurve(run, definition) {
  const key = `${run} ${definition.name}`;
  if (!rateCurves.has(key)) {
    rateCurves.set(key, sliderSteps(definition).map((x) => {
      const { value, low, high } = rateAt(run, definition, x);
      return { x, y: value, low, high, title: `${REPORT.runs[run].label} at ${thresholdText(x)}: ${spoken({ value, low, high }, true)}` };
    }));
  }
  return rateCurves.get(key);
}

function RateCurves({ suite, definition, threshold }) {
  const runs = COLUMNS[suite].filter((run) => numberOf(run, definition.name));
  if (!runs.length) return null;
  const curves = runs.map((run) => rateCurve(run, definition));
  const x = [curves[0][0].x, curves[0][curves[0].length - 1].x];
  const scale = scaleOf(chartWidth(), 300, 52, x, [0, 100]);
  const names = runs.map((run) => REPORT.runs[run].label);
  const tenth = (_, at) => at % 10 === 0;
  return html`<${Chart} title="Rate against threshold, ${suiteLabel(suite)}" names=${names} scale=${scale}
    note="Bands are 95 % intervals; the dotted line is the definition's threshold, the other one the slider's."
    header=${["threshold", ...names]} rows=${curves[0].filter(tenth).map((point, at) =>
      [thresholdText(point.x), ...curves.map((curve) => { const each = curve.filter(tenth)[at]; return spoken({ value: each.y, low: each.low, high: each.high }, true); })])}>
    <${Axes} scale=${scale} x=${x} y=${[0, 100]} xLabel="threshold of ${definition.name}" yLabel="%" />
    <line class="own" x1=${scale.x(definition.threshold)} x2=${scale.x(definition.threshold)} y1=${scale.top} y2=${scale.bottom} />
    <line class="here" x1=${scale.x(threshold)} x2=${scale.x(threshold)} y1=${scale.top} y2=${scale.bottom} />
    ${curves.map((points, series) => html`<${Line} ...${{ scale, points, series }} marks=${10} />`)}<//>`;
}

function ThresholdsPanel({ view }) {
  if (!RATES.length) return html`<p class="empty">None of these runs has a rate: nothing counts images above a threshold.</p>`;
  const definition = RATES.find((each) => each.name === view.against) || RATES.find((each) => each.name === view.definition) || RATES[0];
  const threshold = thresholdOf(view, definition);
  const suites = REPORT.suites.map((_, suite) => suite).filter((suite) =>
    COLUMNS[suite].some((run) => REPORT.runs[run].scores[definition.measure]));
  return html`<section aria-label="Thresholds">
    <div class="fields"><${Choice} label="Definition" value=${definition.name} options=${RATES.map((each) => [each.name, each.name])}
      onChange=${(against) => change({ against })} /></div>
    <h2 class="hidden">Rates at another threshold</h2>
    <p class="note">Source: ${visible(definition.source)}. Rates and flips are recounted here from the raw scores of all images; verdicts in the grid follow.
      Flips are images that count in one of two paired pictures only: the method's, or the undefended model's.</p>
    <${Slider} definition=${definition} threshold=${threshold} />
    ${suites.map((suite) => html`<${RateTable} key=${`t${suite}`} ...${{ suite, definition, threshold }} />`)}
    <h2>Curves</h2><div class="charts-beside">${suites.map((suite) => html`<${RateCurves} key=${`c${suite}`} ...${{ suite, definition, threshold }} />`)}</div>
  </section>`;
}
