"use strict";
/* Every value beside what it is held to: in units of what is allowed, so that all can be compared. */

const WIDE = 2;  // how many times what is allowed there is room for, either way

/** A number that may be missing. */
function amountText(value) {
  return value === null ? "–" : tickText(value);
}

/** By how much a value has moved; null where one is missing. */
function movedBy(check) {
  return check.value === null || check.baseline === null ? null : check.value - check.baseline;
}

function signed(value) {
  return `${value > 0 ? "+" : value < 0 ? "−" : "±"}${tickText(Math.abs(value))}`;
}

/** A value in words. */
function driftText(check) {
  const unit = check.unit ? ` ${check.unit}` : "";
  return `${tickText(check.baseline)} → ${tickText(check.value)}${unit} (${signed(movedBy(check))}, ${
    check.allowed === null ? "not comparable" : `allowed ±${tickText(check.allowed)}`})`;
}

/** Where it stands between the two ends, in percent. */
function driftPlace(check) {
  const moved = movedBy(check);
  const share = check.allowed > 0 ? moved / check.allowed : Math.sign(moved) * WIDE;
  return 50 + (50 * Math.max(-WIDE, Math.min(WIDE, share))) / WIDE;
}

function Drift({ check }) {
  const place = driftPlace(check);
  const failed = check.verdict !== "pass";
  return html`<li class="drift ${failed ? "failed" : ""}">
    <span class="what">${visible(check.check)}</span>
    <span class="track" aria-hidden="true"><span class="band-of"></span><span class="zero"></span>
      <span class="at" style="left: ${place.toFixed(2)}%">${place <= 0 ? "◂" : place >= 100 ? "▸" : failed ? "◆" : "●"}</span></span>
    <span class="numbers">${failed && html`<b>${visible(check.verdict)}</b> `}${driftText(check)}</span></li>`;
}

function DriftPanel() {
  const known = REPORT.checks.filter((check) => movedBy(check) !== null);
  if (!known.length) return html`<p class="empty">No value is held to another one.</p>`;
  const runs = [...new Set(known.map((check) => check.run))];
  return html`<p class="note">The band is what is allowed; the ends are twice that, and what lies beyond is a triangle.</p>
    ${runs.map((run) => html`<h3>${visible(run)}</h3>
      <ul class="drifts">${known.filter((check) => check.run === run).map((check) => html`<${Drift} check=${check} />`)}</ul>`)}`;
}

// --- all checks --------------------------------------------------------------------------------

const COLUMN_NAMES = ["check", "verdict", "baseline", "now", "difference", "allowed", "flips", "p", "reason"];

function CheckRow({ check }) {
  const moved = movedBy(check);
  const unit = check.unit ? ` ${check.unit}` : "";
  const cells = [
    check.baseline === null ? "" : tickText(check.baseline) + unit, check.value === null ? "" : tickText(check.value) + unit,
    moved === null ? "" : signed(moved), check.allowed === null ? "" : tickText(check.allowed), check.flips,
    check.p === null ? "" : tickText(check.p),
  ];
  return html`<tr class=${check.verdict === "pass" ? "" : "failed"}><th scope="row">${visible(check.check)}</th>
    <td class="verdict">${visible(check.verdict)}</td>${cells.map((each) => html`<td>${each}</td>`)}<td class="why">${visible(check.reason)}</td></tr>`;
}

function ChecksPanel() {
  if (!REPORT.checks.length) return html`<p class="empty">There is no check: the baseline is new.</p>`;
  const runs = [...new Set(REPORT.checks.map((check) => check.run))];
  return html`<div class="scroller" tabindex="0" role="region" aria-label="All checks"><table class="checks">
    <thead><tr>${COLUMN_NAMES.map((each) => html`<th scope="col">${each}</th>`)}</tr></thead>
    ${runs.map((run) => html`<tbody><tr class="of-run"><th scope="rowgroup" colspan=${COLUMN_NAMES.length}>${visible(run)}</th></tr>
      ${REPORT.checks.filter((check) => check.run === run).map((check) => html`<${CheckRow} check=${check} />`)}</tbody>`)}
  </table></div>`;
}
