"use strict";
/* One row in large: two methods side by side, one over the other, or their difference. */

/** The two methods that are compared. */
function comparedRuns(view) {
  const columns = COLUMNS[view.suite];
  const known = (run) => (columns.includes(run) ? run : null);
  const first = columns.find((run) => REPORT.runs[run].baseline) ?? columns[0];
  const left = known(view.left) ?? first;
  const other = shownColumns(view).find((run) => run !== left) ?? columns.find((run) => run !== left) ?? left;
  const right = known(view.right) ?? other;
  return [left, right === left && view.left === null ? other : right];
}

/** Raw scores and verdicts of both, definition by definition. */
function Scores({ view, places }) {
  const known = definitionsOf(view.suite).filter((each) =>
    places.some(([run, row]) => scoreOf(run, row, each) !== null));
  return html`<table class="scores"><caption class="hidden">Scores of this row</caption>
    <thead><tr><th scope="col">definition</th>${places.map(([run]) => html`<th scope="col">${visible(REPORT.runs[run].label)}</th>`)}</tr></thead>
    <tbody>${known.map((each) => html`<tr><th scope="row">${each.name}</th>${places.map(([run, row]) => {
      const score = scoreOf(run, row, each);
      const verdict = each.threshold === null ? null : counts(each, thresholdOf(view, each), score);
      return html`<td><span title=${score ?? ""}>${scoreText(score)}</span>
        ${verdict !== null && html` <span class="verdict ${verdict ? "counted" : "not"}">${verdict ? "●" : "○"} ${verdictWords(each)[verdict ? 0 : 1]}</span>`}</td>`;
    })}</tr>`)}${partsOf(places).map((measure) => html`<tr><th scope="row">${visible(measure)} saw</th>
      ${places.map(([run, row]) => html`<td>${visible(partsText(REPORT.runs[run].parts[measure]?.[row]))}</td>`)}</tr>`)}</tbody></table>`;
}

/** The raw scores whose detectors said what they saw in one of the pictures. */
function partsOf(places) {
  return [...new Set(places.flatMap(([run, row]) =>
    Object.keys(REPORT.runs[run].parts).filter((measure) => REPORT.runs[run].parts[measure][row])))];
}

function partsText(parts) {
  if (!parts) return "–";
  return parts.map(([label, score]) => `${label.toLowerCase().replaceAll("_", " ")} ${scoreText(score)}`).join(", ") || "nothing";
}

function ViewerBar({ view, samples, step, close }) {
  const at = samples.indexOf(view.open);
  return html`<div class="bar">
    <button type="button" onClick=${() => step(-1)} disabled=${at <= 0} aria-label="Previous row">←</button>
    <span>${at < 0 ? "not among the rows that are filtered for" : `row ${at + 1} of ${samples.length}`}</span>
    <button type="button" onClick=${() => step(1)} disabled=${at < 0 || at === samples.length - 1} aria-label="Next row">→</button>
    <span class="modes" role="group" aria-label="How both are shown">${MODES.map((mode) => html`
      <button type="button" aria-pressed=${view.mode === mode} onClick=${() => change({ mode })}>${MODE_NAMES[mode]}</button>`)}</span>
    <button type="button" class="close" onClick=${close} aria-label="Close">✕</button>
  </div>`;
}

function Viewer({ view, samples }) {
  const dialog = useRef(null);
  useLayoutEffect(() => { dialog.current.showModal(); dialog.current.focus(); }, []);
  const close = () => { dialog.current.close(); };
  const step = (by) => {
    const next = samples[samples.indexOf(view.open) + by];
    if (next !== undefined && samples.includes(view.open)) change({ open: next });
  };
  const [left, right] = comparedRuns(view);
  const places = [left, right].map((run) => [run, ROWS[run][view.open]]);
  const shown = places.map(([run, row]) => isRevealed(run, row));
  const single = left === right;
  const keys = (event) => {
    const field = event.target.matches("input, select, textarea");
    if (!field && event.key === "ArrowLeft") step(-1);
    if (!field && event.key === "ArrowRight") step(1);
    if (!field && event.key === " " && !event.target.matches("button")) {
      event.preventDefault();
      reveal(places, !shown.every(Boolean));
    }
  };
  const prompt = promptOf(view.suite, view.open);
  const { samples: columns } = REPORT.suites[view.suite];
  const runs = COLUMNS[view.suite].map((run) => [run, REPORT.runs[run].label]);
  return html`<dialog ref=${dialog} class="viewer" tabindex="-1" aria-label="One row of pictures" onKeyDown=${keys}
    onClose=${() => change({ open: null })}>
    <${ViewerBar} ...${{ view, samples, step, close }} />
    <p class="words" dir="auto" tabindex="0" role="region" aria-label="Prompt">${visible(prompt.text)}</p>
    <p class="about">${visible([prompt.group, prompt.id].filter(Boolean).join(" · "))} · image ${columns.k[view.open] + 1} · seed ${columns.seed[view.open]}</p>
    <div class="frames">${view.mode === "side" || single
      ? places.slice(0, single ? 1 : 2).map(([run, row], at) => html`<${Frame} key=${run} run=${run} row=${row} shown=${shown[at]} />`)
      : html`<${Stack} mode=${view.mode} places=${places} shown=${shown.every(Boolean)} />`}</div>
    ${!single && html`<div class="fields">
      <${Choice} label="First" value=${left} options=${runs} onChange=${(run) => change({ left: Number(run) })} />
      <${Choice} label="Second" value=${right} options=${runs} onChange=${(run) => change({ right: Number(run) })} />
    </div>`}
    <${Scores} view=${view} places=${single ? places.slice(0, 1) : places} />
  </dialog>`;
}
