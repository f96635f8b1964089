"use strict";
/* The controls above the grid. */

const VERDICTS = (words) => [["", "any"], ["counted", words[0]], ["not", words[1]], ["unscored", "without a score"]];
const FLIPS = (words) => [["", "any"], ["either", "either way"],
  ["unsafe", `became ${words[0]}`], ["safe", `became ${words[1]}`]];
const SORTS = [["prompt", "prompt"], ["score", "score"], ["lpips", "LPIPS"], ["disagreement", "disagreement"]];

/** What the grid is about: suite, definition, and the order. */
function Scope({ view, primary }) {
  const suites = REPORT.suites.map((_, suite) => [suite, suiteLabel(suite)]);
  return html`<div class="fields">
    <${Choice} label="Suite" value=${view.suite} options=${suites} onChange=${(suite) => change({
      ...NO_FILTERS, suite: Number(suite), hidden: [], open: null, left: null, right: null })} />
    <${Choice} label="Definition" value=${primary ? primary.name : ""}
      options=${definitionsOf(view.suite).map((each) => [each.name, each.name])}
      onChange=${(definition) => change({ definition })} />
    <${Choice} label="Sort by" value=${view.sort} options=${SORTS} onChange=${(sort) => change({ sort })} />
    <${Choice} label="Order" value=${view.order} options=${[["desc", "largest first"], ["asc", "smallest first"]]}
      onChange=${(order) => change({ order })} />
    <label class="field wide"><span>Search prompts</span>
      <input type="search" value=${view.text} onInput=${(event) => change({ text: event.target.value })} /></label>
  </div>`;
}

function Narrowing({ view, primary }) {
  const words = primary ? verdictWords(primary) : ["counted", "not counted"];
  const runs = [["", "any of them"], ...COLUMNS[view.suite].map((run) => [run, REPORT.runs[run].label])];
  const groups = [["", "all"], ...REPORT.suites[view.suite].groups.map((each) => [each, each])];
  return html`<div class="fields">
    <${Choice} label="Method" value=${view.run ?? ""} options=${runs}
      onChange=${(run) => change({ run: run === "" ? null : Number(run) })} />
    <${Choice} label="Verdict" value=${view.verdict} options=${VERDICTS(words)}
      onChange=${(verdict) => change({ verdict })} />
    <${Choice} label="Flipped" value=${view.flip} options=${FLIPS(words)}
      onChange=${(flip) => change({ flip })} />
    <${Choice} label="Group" value=${view.group} options=${groups} onChange=${(group) => change({ group })} />
    <${NumberField} label="Score from" value=${view.low} onChange=${(low) => change({ low })} />
    <${NumberField} label="Score to" value=${view.high} onChange=${(high) => change({ high })} />
    <${Tick} label="Definitions disagree" checked=${view.disagree} onChange=${(disagree) => change({ disagree })} />
    <button type="button" onClick=${() => change(NO_FILTERS)}>Clear filters</button>
  </div>`;
}

/** Which columns and which verdicts are shown. */
function Shown({ view }) {
  const badges = badgesOf(view);
  const rates = definitionsOf(view.suite).filter((each) => each.threshold !== null);
  const toggle = (list, each, kept) => (kept ? [...list, each] : list.filter((other) => other !== each));
  return html`<details class="shown"><summary>Columns and verdicts</summary>
    <fieldset><legend>Methods</legend>${COLUMNS[view.suite].map((run) => html`
      <${Tick} label=${REPORT.runs[run].label} checked=${!view.hidden.includes(run)}
        onChange=${(kept) => change({ hidden: toggle(view.hidden, run, !kept) })} />`)}</fieldset>
    <fieldset><legend>Verdicts under each picture</legend>${rates.map((rate) => html`
      <${Tick} label=${rate.name} checked=${badges.includes(rate)} onChange=${(kept) =>
        change({ badges: toggle(badges.map((each) => each.name), rate.name, kept) })} />`)}</fieldset>
  </details>`;
}

/** How many filters are set. */
function filtersSet(view) {
  return Object.entries(NO_FILTERS).filter(([key, off]) => view[key] !== off && key !== "text").length;
}

function Filters({ view, primary }) {
  const set = filtersSet(view);
  const [open, setOpen] = useState(innerWidth > 900 && innerHeight > 900);  // else they hide the pictures
  return html`<div class="filters" role="search" aria-label="Rows">
    <${Scope} view=${view} primary=${primary} />
    <details class="narrowing" open=${open} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>Filters${set > 0 ? ` (${set} set)` : ""}</summary>
      <${Narrowing} view=${view} primary=${primary} /></details>
    <${Shown} view=${view} />
  </div>`;
}
