"use strict";
/* Rates and their intervals as sdd_bench/statistics/intervals.py computes them. */

const CONFIDENCE = 0.95;

/** Whether a score counts; null for one that is none. */
function counts(definition, threshold, score) {
  if (score === null || score === undefined) return null;
  return definition.inclusive ? score >= threshold : score > threshold;
}

/** A sum in NumPy's order, so that no last digit differs (up to 128 numbers). */
function pairwiseSum(values) {
  const whole = values.length < 8 ? 0 : values.length - (values.length % 8);
  let sum = 0;
  if (whole) {
    const parts = values.slice(0, 8);
    for (let at = 8; at < whole; at += 1) parts[at % 8] += values[at];
    sum = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + ((parts[4] + parts[5]) + (parts[6] + parts[7]));
  }
  for (let at = whole; at < values.length; at += 1) sum += values[at];
  return sum;
}

/** Wilson's interval of a proportion. */
function wilson(successes, n) {
  const z = REPORT.quantiles.z;
  const rate = successes / n;
  const square = (z * z) / n;
  const center = (rate + square / 2) / (1 + square);
  const half = (z * Math.sqrt((rate * (1 - rate)) / n + square / (4 * n))) / (1 + square);
  return [Math.max(0, center - half), Math.min(1, center + half)];
}

/** The upper bound of a rate when none of so many prompts had an event. */
function ruleOfThree(clusters) {
  return 1 - (1 - CONFIDENCE) ** (1 / clusters);
}

/** The standard error of a mean over all images, whole prompts being the draws. */
function standardError(sums, sizes, mean) {
  const count = sums.length;
  if (count < 2) return NaN;
  const squares = sums.map((sum, at) => (sum - mean * sizes[at]) ** 2);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const error = Math.sqrt((count / (count - 1)) * pairwiseSum(squares)) / total;
  return error > 1e-12 * Math.abs(mean) ? error : 0;
}

/** The interval of a rate from the events and the images of each prompt, as fractions; null where
    it is not Student's. */
function rateInterval(sums, sizes) {
  const events = sums.reduce((sum, each) => sum + each, 0);
  const n = sizes.reduce((sum, each) => sum + each, 0);
  const mean = events / n;
  if (events === 0) return [0, ruleOfThree(sums.length)];
  if (events === n) return [1 - ruleOfThree(sums.length), 1];
  const error = standardError(sums, sizes, mean);
  if (!(error > 0)) return wilson(events, n);
  if (sums.length > REPORT.quantiles.few) return null;
  const reach = (REPORT.quantiles.student[sums.length - 2] * error) / (mean * (1 - mean));
  const center = Math.log(mean / (1 - mean));
  return [expit(center - reach), expit(center + reach)];
}

function expit(x) {
  return 1 / (1 + Math.exp(-x));
}

/** The stored interval of a run at a threshold, in percent; null if none is stored there. */
function storedInterval(run, definition, threshold, counted) {
  const scores = REPORT.runs[run].scores[definition.measure];
  const steps = REPORT.intervals.find((each) => each.run === run
    && each.measure === definition.measure && each.inclusive === definition.inclusive);
  if (!steps) return null;
  let at = steps.thresholds.indexOf(threshold);
  if (at < 0) {  // as many images above another threshold are the same images
    steps.counts ??= steps.thresholds.map((step) =>
      scores.reduce((sum, score) => sum + (counts(definition, step, score) ? 1 : 0), 0));
    at = steps.counts.indexOf(counted);
  }
  return at < 0 ? null : [steps.low[at], steps.high[at]];
}

/** The rate of a run at a threshold in percent, with its interval: {value, low, high, n, total}. */
function rateAt(run, definition, threshold) {
  const scores = REPORT.runs[run].scores[definition.measure] || [];
  const clusters = CLUSTERS[run];
  const place = new Map();
  const sums = [];
  const sizes = [];
  let [n, counted] = [0, 0];
  scores.forEach((score, row) => {
    const verdict = counts(definition, threshold, score);
    if (verdict === null) return;
    let at = place.get(clusters[row]);
    if (at === undefined) {
      at = sums.length;
      place.set(clusters[row], at);
      sums.push(0);
      sizes.push(0);
    }
    sizes[at] += 1;
    n += 1;
    if (verdict) { sums[at] += 1; counted += 1; }
  });
  if (!n) return { value: null, low: null, high: null, n, total: scores.length };
  let ends = sums.length > REPORT.quantiles.few
    ? storedInterval(run, definition, threshold, counted) : null;
  if (!ends) ends = (rateInterval(sums, sizes) || [NaN, NaN]).map((end) => 100 * end);
  const [low, high] = ends.map((end) => (Number.isFinite(end) ? end : null));
  return { value: (100 * counted) / n, low, high, n, total: scores.length };
}

/** How many images flip against the undefended model at a threshold: {unsafe, safe, n}; null where
    there is no partner. */
function flipsAt(run, definition, threshold) {
  const pair = PARTNERS.get(run);
  if (!pair) return null;
  const flips = { unsafe: 0, safe: 0, n: 0 };
  pair.partner.forEach((other, row) => {
    const flip = flipOf(run, row, definition, threshold);
    if (flip === null) return;
    flips.n += 1;
    if (flip) flips[flip] += 1;
  });
  return flips;
}

/** Which way an image flipped: "unsafe", "safe", "" for neither, null where it is not known. */
function flipOf(run, row, definition, threshold) {
  const pair = PARTNERS.get(run);
  if (!pair || row < 0 || pair.partner[row] < 0) return null;
  const ours = counts(definition, threshold, scoreOf(run, row, definition));
  const theirs = counts(definition, threshold, scoreOf(pair.baseline, pair.partner[row], definition));
  if (ours === null || theirs === null) return null;
  return ours === theirs ? "" : ours ? "unsafe" : "safe";
}

/** Where the slider of a definition may stand: in hundredths, and at the definition's own. */
function sliderSteps(definition) {
  const own = definition.threshold;
  let [low, high] = [Math.min(0, own), Math.max(1, own)];
  const stored = REPORT.intervals.filter((each) =>
    each.measure === definition.measure && each.inclusive === definition.inclusive);
  if (stored.length) return [...new Set(stored.flatMap((each) => each.thresholds))].sort((a, b) => a - b);
  for (const run of REPORT.runs) {
    for (const score of run.scores[definition.measure] || []) {
      if (score === null) continue;
      if (score < low) low = score;
      if (score > high) high = score;
    }
  }
  const steps = Array.from({ length: 101 }, (_, at) =>
    low === 0 && high === 1 ? at / 100 : low + ((high - low) * at) / 100);
  return [...new Set([...steps, own])].sort((a, b) => a - b);
}
