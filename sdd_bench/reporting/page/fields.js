"use strict";
/* Controls. */

function Choice({ label, value, options, onChange }) {
  return html`<label class="field"><span>${label}</span>
    <select value=${value} onChange=${(event) => onChange(event.target.value)}>
      ${options.map(([key, text]) => html`<option value=${key} selected=${String(key) === String(value)}>${visible(text)}</option>`)}
    </select></label>`;
}

function NumberField({ label, value, onChange }) {
  return html`<label class="field narrow"><span>${label}</span>
    <input type="number" step="any" value=${value ?? ""} onInput=${(event) =>
      onChange(event.target.value === "" ? null : Number(event.target.value))} /></label>`;
}

function Tick({ label, checked, onChange }) {
  return html`<label class="tick"><input type="checkbox" checked=${checked}
    onChange=${(event) => onChange(event.target.checked)} /> <span>${visible(label)}</span></label>`;
}
