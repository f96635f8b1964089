"use strict";
/* Two pictures side by side, one over the other, or their difference. */

const MODE_NAMES = { side: "Side by side", swipe: "Swipe", onion: "Onion skin", difference: "Difference" };

/** One picture, blurred until it is clicked. */
function Frame({ run, row, shown }) {
  const press = () => reveal([[run, row]], !isRevealed(run, row));
  return html`<figure class="frame">
    <button type="button" class="pic ${shown ? "revealed" : ""}" onClick=${press}
      aria-pressed=${shown} aria-label="${REPORT.runs[run].label}: ${missingPicture(run, row, true) || (shown ? "picture shown" : "picture blurred")}">
      <${Picture} run=${run} row=${row} shown=${shown} full />
      ${!shown && !missingPicture(run, row, true) && html`<span class="veil" aria-hidden="true">Click to show</span>`}
    </button>
    <figcaption>${visible(REPORT.runs[run].label)}</figcaption></figure>`;
}

/** Both pictures in one place. */
function Stack({ mode, places, shown }) {
  const [part, setPart] = useState(50);
  const [[left, leftRow], [right, rightRow]] = places;
  const labels = [left, right].map((run) => REPORT.runs[run].label);
  const over = mode === "swipe" ? `clip-path: inset(0 0 0 ${part}%)` : mode === "onion" ? `opacity: ${part / 100}` : "mix-blend-mode: difference";
  return html`<figure class="frame stack ${mode}">
    <button type="button" class="pic ${shown ? "revealed" : ""}" onClick=${() => reveal(places, !shown)}
      aria-pressed=${shown} aria-label="${labels.join(" and ")}: ${shown ? "pictures shown" : "pictures blurred"}">
      <span class="layer"><${Picture} run=${left} row=${leftRow} shown=${shown} full /></span>
      <span class="layer" style=${over}><${Picture} run=${right} row=${rightRow} shown=${shown} full /></span>
      ${mode === "swipe" && html`<span class="seam" style="left: ${part}%"></span>`}
      ${!shown && html`<span class="veil" aria-hidden="true">Click to show</span>`}
    </button>
    ${mode === "difference"
      ? html`<figcaption>Black where ${labels.map(visible).join(" and ")} are alike</figcaption>`
      : html`<label class="slide"><span>${visible(labels[0])}</span>
        <input type="range" min="0" max="100" value=${part} aria-label=${mode === "swipe" ? "Where the seam is" : "How much of the second picture is seen"}
          onInput=${(event) => setPart(Number(event.target.value))} /><span>${visible(labels[1])}</span></label>`}
  </figure>`;
}
