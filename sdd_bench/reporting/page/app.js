"use strict";
/* The whole page. */

const PANELS = {
  tables: TablesPanel, pictures: PicturesPanel, thresholds: ThresholdsPanel, charts: ChartsPanel, runs: RunsPanel,
};
const TAB_NAMES = { tables: "Tables", pictures: "Pictures", thresholds: "Thresholds", charts: "Charts", runs: "Runs" };

/** Draw again whenever something else is looked at, the window changes, or the page is printed. */
function useView() {
  const [, draw] = useState(0);
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const again = () => draw((count) => count + 1);
    const [before, after] = [() => setPrinting(true), () => setPrinting(false)];
    store.listeners.add(again);
    addEventListener("resize", again);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      store.listeners.delete(again);
      removeEventListener("resize", again);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, []);
  return { view: store.view, printing };
}

function Tabs({ view }) {
  const keys = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    const tab = TABS[(TABS.indexOf(view.tab) + step + TABS.length) % TABS.length];
    change({ tab });
    requestAnimationFrame(() => document.getElementById(`tab-${tab}`).focus());
  };
  return html`<div class="tabs" role="tablist" aria-label="Parts of the report" onKeyDown=${keys}>${TABS.map((tab) => html`
    <button type="button" role="tab" id="tab-${tab}" aria-selected=${view.tab === tab} aria-controls="panel"
      tabindex=${view.tab === tab ? 0 : -1} onClick=${() => change({ tab, open: null })}>${TAB_NAMES[tab]}</button>`)}</div>`;
}

function Header({ showHelp }) {
  const warnings = REPORT.warnings;
  const counted = REPORT.runs.filter((run) => run.warnings.length).length;
  return html`<header>
    <div class="title"><h1>${visible(REPORT.title)}</h1>
      <p>${plural(REPORT.runs.length, "run")} · made ${REPORT.made.slice(0, 16).replace("T", " ")} UTC · sdd-bench ${REPORT.sdd_bench}</p></div>
    <div class="switches">
      ${REPORT.options.images !== "none" && html`<label class="tick switch"><input type="checkbox" checked=${revealed.all} onChange=${(event) => revealAll(event.target.checked)} />
        <span>Show all pictures unblurred</span></label>`}
      <button type="button" onClick=${showHelp} aria-label="Keys and help">?</button></div>
    ${(warnings.length > 0 || counted > 0 || REPORT.options.sampled || REPORT.options.mask) && html`<ul class="warnings">
      ${warnings.map((each) => html`<li>${visible(each)}</li>`)}
      ${REPORT.options.sampled && html`<li>${visible(REPORT.options.sampled)}</li>`}
      ${REPORT.options.mask && html`<li>What detectors saw is black in all pictures; one that none has looked at is black altogether.</li>`}
      ${counted > 0 && html`<li><button type="button" class="link" onClick=${() => change({ tab: "runs" })}>${plural(counted, "run")} ${counted === 1 ? "has" : "have"} remarks</button></li>`}</ul>`}
  </header>`;
}

function App() {
  const { view, printing } = useView();
  const [help, setHelp] = useState(false);
  useEffect(() => listenForKeys(() => setHelp(true)), []);
  const Panel = PANELS[view.tab];
  return html`<${Header} showHelp=${() => setHelp(true)} />
    <main><${Tabs} view=${view} />
    <div id="panel" role="tabpanel" aria-labelledby="tab-${view.tab}" class="panel on-${view.tab}">
      ${printing ? TABS.filter((tab) => tab !== "pictures" || view.tab === tab).map((tab) => html`<${PANELS[tab]} view=${view} printing />`) : html`<${Panel} view=${view} />`}</div></main>
    ${help && html`<${Help} close=${() => setHelp(false)} />`}`;
}

const page = document.getElementById("page");
page.textContent = "";
render(html`<${App} />`, page);
