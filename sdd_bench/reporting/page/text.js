"use strict";
/* How numbers and texts of others are shown. */

/** A text with its control characters as their pictures: they could not be seen, or would move others. */
function visible(text) {
  return String(text).replace(/[\u0000-\u001f\u007f]/g, (sign) =>
    sign === "\u007f" ? "\u2421" : String.fromCharCode(0x2400 + sign.charCodeAt(0)));
}

/** A raw score. */
function scoreText(score) {
  if (score === null || score === undefined) return "–";
  return Math.abs(score) < 10 ? score.toFixed(3) : score.toFixed(1);
}

/** A number of a definition: rates in percent have one decimal, others three digits. */
function numberText(value, percent) {
  if (value === null || value === undefined) return "–";
  if (percent) return value.toFixed(1);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

/** Two ends of an interval. */
function intervalText(number, percent) {
  return `[${numberText(number.low, percent)}, ${numberText(number.high, percent)}]`;
}

/** A threshold without needless zeros. */
function thresholdText(threshold) {
  return String(Number(threshold.toPrecision(6)));
}

/** So many of something. */
function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

/** What the two verdicts of a definition are called: [counted, not counted]. */
function verdictWords(definition) {
  return ["nude", "harm"].includes(definition.family) ? ["unsafe", "safe"] : ["counted", "not counted"];
}
