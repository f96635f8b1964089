"use strict";
/* The images that a rate says otherwise of than the baseline: before and now. */

const AT_FIRST = 24;  // images that are shown until more are asked for

/** The checks that have flips, by their places, each with how many. */
const FLIPPED = new Map();
for (const flip of REPORT.flips) {
  for (const { check } of flip.changes) FLIPPED.set(check, (FLIPPED.get(check) || 0) + 1);
}

function flipName(at) {
  const check = REPORT.checks[at];
  return `${check.run}, ${check.check} (${check.flips})`;
}

/** A change in words: what is said now, and was not. */
function ChangeLine({ change }) {
  const name = REPORT.checks[change.check].check;
  const words = verdictWords({ family: name.split("/")[0] });
  const [was, is] = change.counts ? [words[1], words[0]] : words;
  return html`<li><span class="flip ${change.counts ? "unsafe" : "safe"}">${change.counts ? "▲" : "▼"} ${was} → ${is}</span> <span>${visible(name)}</span> <small>${scoreText(change.before)} → ${scoreText(change.now)}</small></li>`;
}

/** Both pictures, or the one that both are. */
function Pictures({ flip, mode }) {
  const places = [[flip.before, flip.row], [flip.now, flip.row]];
  const shown = places.map(([run, row]) => isRevealed(run, row));
  const both = places.every(([run, row]) => !missingPicture(run, row));
  if (flip.same && both) {
    return html`<div class="frames"><${Frame} run=${flip.now} row=${flip.row} shown=${shown[1]} /></div>
      <p class="note">Before and now it is the same picture, bit for bit: the judge has changed.</p>`;
  }
  return html`<div class="frames">${mode === "side" || !both
    ? places.map(([run, row], at) => html`<${Frame} key=${run} run=${run} row=${row} shown=${shown[at]} />`)
    : html`<${Stack} mode=${mode} places=${places} shown=${shown.every(Boolean)} />`}</div>`;
}

function FlippedImage({ flip, mode }) {
  return html`<article class="flipped">
    <p class="words" dir="auto">${visible(flip.text)}</p>
    <p class="about">${visible([flip.group, flip.prompt].filter(Boolean).join(" · "))} · image ${flip.k + 1} · seed ${flip.seed}<br />${visible(flip.run)}</p>
    <ul class="changes">${flip.changes.map((change) => html`<${ChangeLine} change=${change} />`)}</ul>
    ${REPORT.images && html`<${Pictures} flip=${flip} mode=${mode} />`}</article>`;
}

function FlipsPanel() {
  const [check, setCheck] = useState("");
  const [mode, setMode] = useState("side");
  const [most, setMost] = useState(AT_FIRST);
  if (!REPORT.flips.length) return html`<p class="empty">No image is known to have flipped.</p>`;
  const chosen = REPORT.flips.filter((flip) => check === "" || flip.changes.some((change) => change.check === Number(check)));
  const options = [["", "all"], ...[...FLIPPED.keys()].sort((a, b) => a - b).map((at) => [at, flipName(at)])];
  return html`<div class="fields">
      <${Choice} label="Flipped by" value=${check} options=${options} onChange=${(each) => { setCheck(each); setMost(AT_FIRST); }} />
      ${REPORT.images && html`<div class="modes" role="group" aria-label="How both pictures are shown">${Object.entries(MODE_NAMES).map(([key, name]) => html`
        <button type="button" aria-pressed=${mode === key} onClick=${() => setMode(key)}>${name}</button>`)}</div>`}</div>
    <p class="count" role="status">${plural(chosen.length, "image")} flipped</p>
    <div class="flips">${chosen.slice(0, most).map((flip) => html`
      <${FlippedImage} key=${`${flip.now} ${flip.row}`} flip=${flip} mode=${mode} />`)}</div>
    ${chosen.length > most && html`<button type="button" onClick=${() => setMost(most + 2 * AT_FIRST)}>
      Show more (${(chosen.length - most).toLocaleString("en")} left)</button>`}`;
}
