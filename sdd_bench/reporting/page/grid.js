"use strict";
/* The grid: a row per prompt and seed, a column per method. Only the rows near the view exist. */

const OVERSCAN = 2;
const PRINTED = 200;  // rows that are printed at most
const FILLED = 10;  // cells per frame that get their pictures and scores, so that scrolling never waits for them

function gridMeasures(view, extra) {
  const narrow = innerWidth < 700;
  const picture = narrow ? 150 : shownColumns(view).length < 5 ? 208 : 176;
  const tall = REPORT.options.images === "none" ? 36 : picture;
  const lines = badgesOf(view).length + extra;
  return { narrow, picture, tall, row: tall + 21 * lines + 46 + (narrow ? 52 : 0) };
}

/** What a screen reader says of an image. */
function spokenImage(view, suite, sample, run, definitions) {
  const row = ROWS[run][sample];
  const { samples } = REPORT.suites[suite];
  const said = definitions.map((each) => {
    const score = scoreOf(run, row, each);
    const verdict = each.threshold === null ? null : counts(each, thresholdOf(view, each), score);
    return `${each.name} ${scoreText(score)}${verdict === null ? "" : ` ${verdictWords(each)[verdict ? 0 : 1]}`}`;
  });
  const picture = missingPicture(run, row);
  const state = picture ? `no picture: ${picture}` : isRevealed(run, row) ? "picture shown" : "picture blurred";
  return `${REPORT.runs[run].label}, seed ${samples.seed[sample]}, ${state}. ${said.join(", ")}`;
}

function flipMark(view, run, row, primary) {
  if (!primary || primary.threshold === null) return "";
  const flip = flipOf(run, row, primary, thresholdOf(view, primary));
  if (!flip) return "";
  const words = verdictWords(primary);
  return html`<span class="flip ${flip}">${flip === "unsafe" ? `▲ became ${words[0]}` : `▼ became ${words[1]}`}</span>`;
}

function GridCell({ view, sample, run, at, column, active, definitions, primary, move }) {
  const row = ROWS[run][sample];
  const shown = isRevealed(run, row);
  const missing = missingPicture(run, row);
  const open = () => change({ open: sample, right: run });
  const press = () => { move(at, column); if (shown || missing) open(); else reveal([[run, row]], true); };
  return html`<div role="gridcell" aria-colindex=${column + 2} class="cell">
    <button type="button" class="pic ${shown ? "revealed" : ""}" data-at="${at}:${column}" tabindex=${active ? 0 : -1}
      aria-label=${spokenImage(view, view.suite, sample, run, definitions)} onClick=${press}
      onKeyDown=${(event) => {
        if (event.key === " ") { event.preventDefault(); if (!missing) reveal([[run, row]], !shown); }
        if (event.key === "Enter") { event.preventDefault(); open(); }
      }}><${Picture} run=${run} row=${row} shown=${shown} />
      ${!missing && !shown && html`<span class="veil" aria-hidden="true">Click to show</span>`}
    </button>
    <div class="under">${flipMark(view, run, row, primary)}
      ${row >= 0 && REPORT.runs[run].rows.fault[row] && html`<span class="flip unsafe">${REPORT.runs[run].rows.fault[row]}</span>`}</div>
    <ul class="badges">${row >= 0 && definitions.map((definition) =>
      html`<${Badge} ...${{ view, run, row, definition, definitions }} />`)}</ul>
  </div>`;
}

function GridRow({ view, sample, at, top, height, columns, cursor, definitions, primary, move, filled }) {
  const { samples } = REPORT.suites[view.suite];
  const prompt = promptOf(view.suite, sample);
  return html`<div role="row" aria-rowindex=${at + 2} class="row" style="top: ${top}px; height: ${height}px">
    <div role="rowheader" aria-colindex="1" class="prompt">
      <button type="button" class="words" dir="auto" tabindex="-1" title="Open this row"
        onClick=${() => change({ open: sample })}>${visible(prompt.text.slice(0, 600))}</button>
      <small>${prompt.group && html`<span class="group">${visible(prompt.group)}</span> `}${visible(prompt.id)}
        ${" "}· image ${samples.k[sample] + 1} · seed ${samples.seed[sample]}</small></div>
    ${filled && columns.map((run, column) => html`<${GridCell} key=${run} ...${{ view, sample, run, at, column, definitions, primary, move }}
      active=${cursor[0] === at && cursor[1] === column} />`)}
  </div>`;
}

/** The keys that move through the grid, as steps of rows and columns. */
const STEPS = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
  PageUp: [-5, 0], PageDown: [5, 0],
};

class Grid extends Component {
  constructor() {
    super();
    this.state = { first: 0, last: 12, cursor: [0, 0] };
    this.box = null;
    this.focusing = false;
    this.filled = new Set();  // samples whose rows have all that is in them
    this.filling = 0;
    this.look = () => this.setState(this.range());
    this.move = (at, column) => this.setState({ cursor: [at, column] });
  }

  componentDidMount() {
    addEventListener("resize", this.look);
    this.look();
  }

  componentWillUnmount() {
    removeEventListener("resize", this.look);
    cancelAnimationFrame(this.filling);
  }

  /** Let go of rows that are gone; fill some of those that came in the next frame. */
  fill(shown) {
    this.filled = new Set(shown.filter((sample) => this.filled.has(sample)));
    const empty = shown.filter((sample) => !this.filled.has(sample));
    if (!empty.length || this.filling) return;
    this.filling = requestAnimationFrame(() => {
      this.filling = 0;
      empty.slice(0, Math.max(1, Math.floor(FILLED / this.props.columns.length))).forEach((sample) => this.filled.add(sample));
      this.forceUpdate();
    });
  }

  componentDidUpdate(before) {
    if (before.samples !== this.props.samples) {
      this.box.scrollTop = 0;
      this.setState({ ...this.range(), cursor: [0, 0] });
    }
    if (this.focusing) {
      this.focusing = false;
      this.box.querySelector(`[data-at="${this.state.cursor.join(":")}"]`)?.focus({ preventScroll: true });
    }
  }

  range() {
    if (!this.box) return {};
    const { row } = this.measures();
    const first = Math.max(0, Math.floor(this.box.scrollTop / row) - OVERSCAN);
    return { first, last: Math.ceil((this.box.scrollTop + this.box.clientHeight) / row) + OVERSCAN };
  }

  measures() {
    return gridMeasures(this.props.view, this.props.definitions.length - badgesOf(this.props.view).length);
  }

  scrolled() {
    const range = this.range();
    if (range.first !== this.state.first || range.last !== this.state.last) this.setState(range);
  }

  pressed(event) {
    const { samples, columns } = this.props;
    const step = STEPS[event.key];
    if (!samples.length || (!step && event.key !== "Home" && event.key !== "End")) return;
    event.preventDefault();
    let [at, column] = this.state.cursor;
    if (step) [at, column] = [at + step[0], column + step[1]];
    else at = event.key === "Home" ? 0 : samples.length - 1;
    at = Math.min(Math.max(at, 0), samples.length - 1);
    column = Math.min(Math.max(column, 0), columns.length - 1);
    const { row } = this.measures();
    const [top, height] = [at * row, this.box.clientHeight - 40];
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    if (top + row > this.box.scrollTop + height) this.box.scrollTop = Math.min(top, top + row - height);
    this.focusing = true;
    this.setState({ ...this.range(), cursor: [at, column] });
  }

  render({ view, samples, columns, definitions, primary, printing }, { first, last, cursor }) {
    const { row, picture, tall, narrow } = this.measures();
    const places = new Set([Math.min(cursor[0], samples.length - 1)]);
    const [from, to] = printing ? [0, PRINTED] : [first, last];
    for (let at = from; at < Math.min(to, samples.length); at += 1) places.add(at);
    const shown = [...places].filter((at) => at >= 0).sort((a, b) => a - b);
    this.fill(shown.map((at) => samples[at]));
    const isFilled = (at) => printing || at === cursor[0] || this.filled.has(samples[at]);
    return html`<div class="grid ${narrow ? "small" : ""}" role="grid" aria-label="Pictures by prompt and method"
      aria-rowcount=${samples.length + 1} aria-colcount=${columns.length + 1} style="--picture: ${picture}px; --tall: ${tall}px; --columns: ${columns.length}"
      ref=${(box) => { this.box = box; }} onScroll=${() => this.scrolled()} onKeyDown=${(event) => this.pressed(event)}>
      <div role="row" aria-rowindex="1" class="row head">
        <div role="columnheader" aria-colindex="1" class="prompt">Prompt</div>
        ${columns.map((run, column) => html`<div role="columnheader" aria-colindex=${column + 2}
          class="cell ${view.run === run ? "scope" : ""}">${visible(REPORT.runs[run].label)}
          ${REPORT.runs[run].baseline && html`<small>undefended</small>`}</div>`)}
      </div>
      <div role="rowgroup" class="rows" style="height: ${samples.length * row}px">
        ${shown.map((at) => html`<${GridRow} key=${samples[at]} ...${{ view, at, columns, cursor, definitions, primary }}
          sample=${samples[at]} filled=${isFilled(at)} top=${at * row} height=${row} move=${this.move} />`)}
      </div>
    </div>`;
  }
}

/** What the sentence above the grid says. */
function countText(view, samples) {
  const total = REPORT.suites[view.suite].samples.prompt.length;
  if (!total) return `No image of ${suiteLabel(view.suite)} has been scored yet`;
  const kept = samples.length === total ? "All" : `${samples.length.toLocaleString("en")} of`;
  return `${kept} ${plural(total, "row")} of ${suiteLabel(view.suite)}`;
}

function PicturesPanel({ view, printing = false }) {
  const suite = REPORT.suites[view.suite];
  const samples = useMemo(() => (suite ? selection(view) : []), [selectionKey(view)]);
  if (!suite) return html`<p class="empty">There are no images on this page.</p>`;
  const primary = primaryOf(view);
  const columns = shownColumns(view);
  const definitions = [...new Set([...badgesOf(view), ...(primary ? [primary] : [])])];
  return html`<section aria-label="Pictures">
    <${Filters} view=${view} primary=${primary} />
    <p class="count" role="status" aria-live="polite">${countText(view, samples)}</p>
    ${printing && samples.length > PRINTED && html`<p class="note">Printed are the first ${PRINTED} of these rows: filter for those that matter.</p>`}
    ${REPORT.options.images === "none" && html`<p class="note">This page was made without pictures: scores only.</p>`}
    ${samples.length > 0 && columns.length > 0
      ? html`<${Grid} ...${{ view, samples, columns, definitions, primary, printing }} />`
      : html`<p class="empty">${suite.samples.prompt.length ? "No image passes these filters." : "Pictures are shown with their scores: score the run first."}</p>`}
    ${view.open !== null && html`<${Viewer} view=${view} samples=${samples} />`}
  </section>`;
}
