"use strict";
/* The tables as `sdd-bench table` prints them; a cell leads to the images behind it. */

const CELL = /^(–|[−-]?\d\S*)\s*(\[[^\]]*\])?\s*(.*)$/s;

/** A cell's text: its value, its interval, and what else is said, which may have several lines. */
function cellLines(text) {
  const [, value = "", interval = "", rest = text] = CELL.exec(text) || [];
  return { value, interval, rest };
}

/** The lines of a table's cell, each as it can be shown. */
function linesOf(text) {
  return text.split("\n").map(visible).join("\n");
}

/** A heading whose signs (%, an arrow, a suite's number) stay with the word before them. */
function headingText(text) {
  return linesOf(text).replace(/ (?=[%↑↓#])/g, "\u00a0");
}

/** To the images of a run that a definition, and a group, is about. */
function goToImages(run, definition, group) {
  const named = DEFINITIONS.get(definition);
  const images = named && named.kind !== "set";
  change({
    ...NO_FILTERS, tab: "pictures", suite: REPORT.runs[run].suite, run, group: group || "",
    hidden: store.view.hidden.filter((each) => each !== run),
    definition: images ? definition : store.view.definition, open: null,
    sort: images ? "score" : "prompt", order: named && named.better === "higher" ? "asc" : "desc",
  });
  window.scrollTo(0, 0);
}

function TableCell({ cell, shade }) {
  const { value, interval, rest } = cellLines(cell.text);
  const content = html`${value && html`<span class="value">${visible(value)}</span>`}
    ${interval && html` <span class="interval">${interval}</span>`}
    ${rest && html` <span class="rest">${linesOf(rest)}</span>`}`;
  const style = shade === undefined ? "" : `--shade: ${shade}`;
  const linked = cell.run !== null && cell.number && cell.number.n > 0;
  return html`<td class=${shade === undefined ? "" : "shaded"} style=${style}>
    ${linked ? html`<button class="cell" title="Show its images"
      onClick=${() => goToImages(cell.run, cell.definition, cell.group)}>${content}</button>` : content}</td>`;
}

/** How dark a cell of a matrix is: the share of its table's largest value. */
function shadesOf(table) {
  const values = table.rows.flat().map((cell) => (cell.number ? cell.number.value : null));
  const largest = Math.max(...values.filter((value) => value !== null), 0);
  return (cell) => (cell.number && cell.number.value !== null && largest > 0
    ? Math.max(0, cell.number.value / largest).toFixed(3) : undefined);
}

function DataTable({ table, heading = table.title, shaded = false }) {
  const shade = shaded ? shadesOf(table) : () => undefined;
  return html`<figure class="table">
    <p class="caption">${visible(table.title)}</p>
    <div class="scroller" tabindex="0" role="region" aria-label=${visible(heading)}>
      <table aria-label=${visible(table.title)}>
        <thead><tr>${table.header.map((each) => html`<th scope="col">${headingText(each)}</th>`)}</tr></thead>
        <tbody>${table.rows.map(([heading, ...cells]) => html`<tr>
          <th scope="row">${visible(heading.text)}</th>
          ${cells.map((cell) => html`<${TableCell} cell=${cell} shade=${shade(cell)} />`)}</tr>`)}</tbody>
      </table>
    </div>
    ${table.notes.length > 0 && html`<figcaption>${table.notes.map((note) => html`<p>${visible(note)}</p>`)}</figcaption>`}
  </figure>`;
}

function tableHeading(table) {
  const headings = {
    runs: "Runs", group: "By group of prompts", attack: "With and without an attack",
    contrast: "Target minus neighbour",
  };
  return headings[table.name] || `Of the paper: ${table.name}`;
}

function TablesPanel() {
  if (!REPORT.tables.some((table) => table.rows.length)) {
    return html`<p class="empty">There is no number to show yet: score runs first.</p>`;
  }
  return REPORT.tables.map((table) => html`<section>
    <h2>${tableHeading(table)}</h2>
    <${DataTable} table=${table} heading=${tableHeading(table)} /></section>`);
}
