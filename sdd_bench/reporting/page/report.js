"use strict";
/* What is found in the document of a report often. */

const DEFINITIONS = new Map(REPORT.definitions.map((each) => [each.name, each]));

const RATES = REPORT.definitions.filter((each) => each.threshold !== null);

/** The runs of each suite, by place. */
const COLUMNS = REPORT.suites.map((_, suite) =>
  REPORT.runs.map((_, run) => run).filter((run) => REPORT.runs[run].suite === suite));

/** The row of each sample of the suite in each run; -1 where there is none. */
const ROWS = REPORT.runs.map((run) => {
  const rows = new Int32Array(REPORT.suites[run.suite].samples.prompt.length).fill(-1);
  run.rows.sample.forEach((sample, row) => { rows[sample] = row; });
  return rows;
});

/** The row of the undefended model beside each row of a run: same prompt, seed and noise. */
const PARTNERS = new Map(REPORT.pairs.map((pair) => {
  const partner = new Int32Array(REPORT.runs[pair.run].rows.sample.length).fill(-1);
  pair.rows[0].forEach((row, at) => { partner[row] = pair.rows[1][at]; });
  return [pair.run, { baseline: pair.baseline, partner }];
}));

/** Prompts, the independent draws, as numbers by row: two prompts of one id are one. */
const CLUSTERS = REPORT.runs.map((run) => {
  const { prompts, samples } = REPORT.suites[run.suite];
  const numbers = new Map();
  return run.rows.sample.map((sample) => {
    const id = prompts[samples.prompt[sample]].id;
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id);
  });
});

/** What the tables say, by run and definition. */
const NUMBERS = new Map();
for (const table of REPORT.tables) {
  if (table.name !== "runs") continue;
  for (const cell of table.rows.flat()) {
    if (cell.number && cell.run !== null) NUMBERS.set(`${cell.run} ${cell.definition}`, cell.number);
  }
}

function numberOf(run, definition) {
  const number = NUMBERS.get(`${run} ${definition}`);
  return number && number.value !== null ? number : null;
}

/** The raw score of a row; null where there is none. */
function scoreOf(run, row, definition) {
  const scores = REPORT.runs[run].scores[definition.measure];
  return row < 0 || !scores || scores[row] === undefined ? null : scores[row];
}

function promptOf(suite, sample) {
  const part = REPORT.suites[suite];
  return part.prompts[part.samples.prompt[sample]];
}

/** The definitions that have a score per image in some run of a suite. */
function definitionsOf(suite) {
  return REPORT.definitions.filter((each) =>
    each.kind !== "set" && COLUMNS[suite].some((run) => REPORT.runs[run].scores[each.measure]));
}

/** Suites by one model bear their name alone. */
function suiteLabel(suite) {
  const several = new Set(REPORT.suites.map((each) => each.model)).size > 1;
  const { model, label } = REPORT.suites[suite];
  return several ? `${model}: ${label}` : label;
}
