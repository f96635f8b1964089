"use strict";
/* The page of a gate. */

const listeners = new Set();

/** Draw again: other pictures are revealed. */
function announceChange() {
  for (const listener of listeners) listener();
}

function useChanges() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    listeners.add(again);
    addEventListener("resize", again);
    return () => { listeners.delete(again); removeEventListener("resize", again); };
  }, []);
}

const TOLD = 12;  // failures that are told above all else; the table has the others

/** Why a check failed; most reasons begin with the verdict. */
function failureText(check) {
  return check.reason.startsWith(check.verdict) ? check.reason : `${check.verdict}: ${check.reason}`;
}

function Header() {
  const failed = REPORT.checks.filter((check) => check.verdict !== "pass");
  return html`<header>
    <div class="title"><h1 class=${REPORT.passes ? "passed" : "failed"}>${visible(REPORT.title)}</h1>
      <p>made ${REPORT.made.slice(0, 16).replace("T", " ")} UTC · sdd-bench ${REPORT.sdd_bench}</p></div>
    ${REPORT.images && REPORT.flips.length > 0 && html`<div class="switches"><label class="tick switch"><input type="checkbox" checked=${revealed.all} onChange=${(event) => revealAll(event.target.checked)} />
      <span>Show all pictures unblurred</span></label></div>`}
    ${failed.length > 0 && html`<ul class="failures">${failed.slice(0, TOLD).map((check) => html`<li><b>${visible(check.run)}, ${visible(check.check)}</b> ${visible(failureText(check))}</li>`)}
      ${failed.length > TOLD && html`<li>${failed.length - TOLD} more failed: see all checks below.</li>`}</ul>`}
    ${REPORT.notes.length > 0 && html`<ul class="warnings">${REPORT.notes.map((each) => html`<li>${visible(each)}</li>`)}</ul>`}
  </header>`;
}

function App() {
  useChanges();
  return html`<${Header} /><main id="panel">
    <section><h2>Drift</h2><${DriftPanel} /></section>
    <section><h2>Flipped images</h2><${FlipsPanel} /></section>
    <section><h2>History</h2><${HistoryPanel} /></section>
    <section><h2>All checks</h2><${ChecksPanel} /></section>
    <p class="note">${REPORT.thumbnails} Made with htm (Apache-2.0) and Preact (MIT), both inside.</p></main>`;
}

const page = document.getElementById("page");
page.textContent = "";
render(html`<${App} />`, page);
