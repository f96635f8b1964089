"use strict";
/* Keys, and the sheet that names them. */

const KEYS = [
  ["?", "this sheet"], ["1 … 5", "tables, pictures, thresholds, charts, runs"],
  ["Tab", "to the next control; one step for the whole grid"],
  ["← ↑ → ↓", "in the grid, to the next picture; in a row that is open, to the next row"],
  ["Page Up, Page Down, Home, End", "through the grid"],
  ["Space", "show a picture, or blur it again"], ["Enter", "open the row"], ["Escape", "close what is open"],
];

function Help({ close }) {
  const dialog = useRef(null);
  useLayoutEffect(() => { dialog.current.showModal(); }, []);
  return html`<dialog ref=${dialog} class="help" aria-labelledby="help-title" onClose=${close}>
    <h2 id="help-title">Keys</h2>
    <dl class="facts">${KEYS.map(([key, what]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${what}</dd></div>`)}</dl>
    <p>The address of the page follows what you look at: copy it to share a view. It never unblurs a picture.</p>
    <button type="button" autofocus onClick=${() => dialog.current.close()}>Close</button></dialog>`;
}

/** Keys that work everywhere but in fields and in dialogs. */
function listenForKeys(showHelp) {
  const listener = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select, textarea")) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") { event.preventDefault(); showHelp(); }
    if (/^[1-5]$/.test(event.key)) change({ tab: TABS[Number(event.key) - 1], open: null });
  };
  addEventListener("keydown", listener);
  return () => removeEventListener("keydown", listener);
}
