"use strict";
/* Where everything comes from, and what to know before believing it. */

function settingText(value) {
  if (value === null) return "–";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Facts({ facts }) {
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${visible(name)}</dt><dd>${visible(value)}</dd></div>`)}</dl>`;
}

function runFacts(run) {
  const known = [
    ["suite", suiteLabel(run.suite)], ["removed", run.concepts.join(", ") || "nothing"],
    ["images", `${run.rows.sample.length.toLocaleString("en")} of ${run.images.toLocaleString("en")} scored`],
    ["started", run.started || "unknown"], ["finished", run.finished || "not finished"],
    ["folder", run.folder], ["digest", run.digest],
  ];
  if (run.imported) known.push(["pictures", "imported"]);
  if (run.discarded) known.push(["pictures", "discarded on purpose"]);
  return known;
}

function RunPart({ run }) {
  return html`<article class="run"><h3>${visible(run.label)} <small>${visible(suiteLabel(run.suite))}</small></h3>
    ${run.warnings.length > 0 && html`<ul class="warnings">${run.warnings.map((each) => html`<li>${visible(each)}</li>`)}</ul>`}
    <${Facts} facts=${runFacts(run)} />
    <details><summary>Settings</summary><${Facts} facts=${Object.entries(run.settings).map(([name, value]) => [name, settingText(value)])} /></details>
    ${Object.keys(run.provenance).length > 0 && html`<details><summary>Provenance</summary><${Facts} facts=${Object.entries(run.provenance)} /></details>`}
    ${Object.keys(run.failed).length > 0 && html`<details><summary>What failed</summary><${Facts} facts=${Object.entries(run.failed)} /></details>`}
  </article>`;
}

function RunsPanel() {
  return html`<section aria-label="Runs"><h2>Runs</h2>
    ${REPORT.runs.length ? html`<div class="runs">${REPORT.runs.map((run) => html`<${RunPart} run=${run} />`)}</div>`
      : html`<p class="empty">There is no run on this page.</p>`}</section>
    <section><h2>Definitions</h2><${Facts} facts=${REPORT.definitions.map((each) => [each.name,
      `${each.better === "lower" ? "Lower" : "Higher"} is better${each.threshold === null ? "" : `; counts ${each.inclusive ? "from" : "above"} ${thresholdText(each.threshold)}`}. Source: ${each.source}`])} /></section>
    <section><h2>This page</h2><${Facts} facts=${[["made", REPORT.made], ["sdd-bench", REPORT.sdd_bench], ["command", REPORT.command || "–"],
      ["pictures", REPORT.options.thumbnails || "none"], ["boxes", REPORT.options.mask || "none"]]} />
      <p class="note">Made with htm (Apache-2.0) and Preact (MIT), both inside.</p></section>`;
}
