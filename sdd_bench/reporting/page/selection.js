"use strict";
/* Which rows of the grid are shown, and in which order. */

/** The columns of the grid: the undefended model first. */
function shownColumns(view) {
  const all = COLUMNS[view.suite] || [];
  const shown = all.filter((run) => !view.hidden.includes(run));
  return shown.sort((a, b) => REPORT.runs[b].baseline - REPORT.runs[a].baseline || a - b);
}

/** The columns that filters and sorting look at. */
function scopeOf(view) {
  return view.run === null ? shownColumns(view) : [view.run];
}

/** How many of the shown definitions are outvoted on an image: 0 where they agree. */
function disagreement(view, run, row, badges) {
  let [counted, known] = [0, 0];
  for (const definition of badges) {
    const verdict = counts(definition, thresholdOf(view, definition), scoreOf(run, row, definition));
    if (verdict === null) continue;
    known += 1;
    if (verdict) counted += 1;
  }
  return Math.min(counted, known - counted);
}

/** Whether one image passes all filters that are about images. */
function passes(view, run, row, primary, badges) {
  if (row < 0) return false;
  const score = primary ? scoreOf(run, row, primary) : null;
  if ((view.low !== null || view.high !== null) && score === null) return false;
  if (view.low !== null && score < view.low) return false;
  if (view.high !== null && score > view.high) return false;
  if (view.disagree && !disagreement(view, run, row, badges)) return false;
  if (!view.verdict && !view.flip) return true;
  if (!primary || primary.threshold === null) return false;
  const threshold = thresholdOf(view, primary);
  if (view.verdict) {
    const verdict = counts(primary, threshold, score);
    const name = verdict === null ? "unscored" : verdict ? "counted" : "not";
    if (name !== view.verdict) return false;
  }
  if (!view.flip) return true;
  const flip = flipOf(run, row, primary, threshold);
  return view.flip === "either" ? Boolean(flip) : flip === view.flip;
}

/** The samples that are shown, in order. */
function selection(view) {
  if (!REPORT.suites.length) return [];
  const { samples, prompts } = REPORT.suites[view.suite];
  const [scope, primary, badges] = [scopeOf(view), primaryOf(view), badgesOf(view)];
  const wanted = view.text.trim().toLowerCase();
  const promptPasses = prompts.map(({ text, group }) =>
    (!view.group || group.split(", ").includes(view.group))
      && (!wanted || text.toLowerCase().includes(wanted)));
  const found = [];
  samples.prompt.forEach((prompt, sample) => {
    if (promptPasses[prompt] && scope.some((run) => passes(view, run, ROWS[run][sample], primary, badges))) {
      found.push(sample);
    }
  });
  return sorted(view, found, scope, primary, badges);
}

function sorted(view, found, scope, primary, badges) {
  const { samples } = REPORT.suites[view.suite];
  if (view.sort === "prompt") {
    return found.sort((a, b) => samples.prompt[a] - samples.prompt[b] || samples.k[a] - samples.k[b]);
  }
  const lpips = definitionsOf(view.suite).find((each) => each.family === "lpips");
  const by = view.sort === "lpips" ? lpips : primary;
  const keyOf = (run, row) => view.sort === "disagreement"
    ? disagreement(view, run, row, badges) : by ? scoreOf(run, row, by) : null;
  const sign = view.order === "asc" ? 1 : -1;
  const keys = new Map(found.map((sample) => {
    const known = scope.filter((run) => ROWS[run][sample] >= 0)
      .map((run) => keyOf(run, ROWS[run][sample])).filter((key) => key !== null);
    return [sample, known.length ? sign * Math[sign > 0 ? "min" : "max"](...known) : Infinity];
  }));
  return found.sort((a, b) => keys.get(a) === keys.get(b) ? a - b : keys.get(a) - keys.get(b));
}

/** Back to all rows; the suite, the columns and the thresholds stay. */
const NO_FILTERS = {
  run: null, flip: "", verdict: "", group: "", disagree: false, low: null, high: null, text: "",
};

/** What the selection of rows depends on. */
function selectionKey(view) {
  return JSON.stringify([
    view.suite, view.definition, view.badges, view.run, view.flip, view.verdict, view.group,
    view.disagree, view.low, view.high, view.text, view.sort, view.order, view.hidden, view.thresholds,
  ]);
}
