"use strict";
/* What is looked at. It lies in the address behind `#`, so that a link leads to the same view.
   Which pictures are revealed is no part of it: nobody's link unblurs a picture. */

const TABS = ["tables", "pictures", "thresholds", "charts", "runs"];
const MODES = ["side", "swipe", "onion", "difference"];

const START = {
  tab: "tables", suite: 0, definition: "", badges: null, run: null, flip: "", verdict: "", group: "",
  disagree: false, low: null, high: null, text: "", sort: "prompt", order: "desc", hidden: [],
  thresholds: {}, open: null, mode: "side", left: null, right: null, against: "",
};

const CHOICES = {
  tab: TABS, mode: MODES, flip: ["", "either", "unsafe", "safe"],
  verdict: ["", "counted", "not", "unscored"], sort: ["prompt", "score", "lpips", "disagreement"],
  order: ["asc", "desc"],
};

const store = { view: START, listeners: new Set(), timer: 0 };

/** Look at something else. */
function change(patch) {
  store.view = { ...store.view, ...patch };
  clearTimeout(store.timer);
  store.timer = setTimeout(saveView, 120);  // browsers take but some changes of an address a second
  announceChange();
}

function announceChange() {
  for (const listener of store.listeners) listener();
}

function saveView() {
  clearTimeout(store.timer);
  const fragment = toFragment(store.view);
  if (fragment !== location.hash.slice(1)) history.replaceState(null, "", `#${fragment}`);
}

/** A view as text: what is as at the start is left out. */
function toFragment(view) {
  const fields = new URLSearchParams();
  for (const [key, value] of Object.entries(view)) {
    if (JSON.stringify(value) === JSON.stringify(START[key])) continue;
    if (key === "thresholds") {
      for (const [name, at] of Object.entries(value)) fields.append("at", `${name}:${at}`);
    } else if (Array.isArray(value)) {
      fields.set(key, value.join(" "));
    } else {
      fields.set(key, value === true ? "yes" : String(value));
    }
  }
  return fields.toString();
}

/** A text as a view: what does not fit this page is as at the start. */
function fromFragment(text) {
  const fields = new URLSearchParams(text);
  const view = { ...START, thresholds: {} };
  for (const key of Object.keys(CHOICES)) {
    if (CHOICES[key].includes(fields.get(key))) view[key] = fields.get(key);
  }
  for (const key of ["low", "high"]) {
    if (fields.get(key) && Number.isFinite(Number(fields.get(key)))) view[key] = Number(fields.get(key));
  }
  for (const key of ["group", "text"]) view[key] = fields.get(key) || "";
  view.suite = placeIn(REPORT.suites, fields.get("suite")) ?? 0;
  const samples = REPORT.suites.length ? REPORT.suites[view.suite].samples.prompt : [];
  view.open = placeIn(samples, fields.get("open"));
  for (const key of ["run", "left", "right"]) {
    const run = placeIn(REPORT.runs, fields.get(key));
    if (run !== null && REPORT.runs[run].suite === view.suite) view[key] = run;
  }
  for (const key of ["definition", "against"]) {
    if (DEFINITIONS.has(fields.get(key))) view[key] = fields.get(key);
  }
  view.disagree = fields.get("disagree") === "yes";
  if (fields.has("badges")) view.badges = fields.get("badges").split(" ").filter((name) => DEFINITIONS.has(name));
  if (fields.has("hidden")) view.hidden = fields.get("hidden").split(" ").map(Number).filter((run) => REPORT.runs[run]);
  for (const each of fields.getAll("at")) {
    const [name, at] = [each.slice(0, each.lastIndexOf(":")), Number(each.slice(each.lastIndexOf(":") + 1))];
    if (DEFINITIONS.has(name) && Number.isFinite(at)) view.thresholds[name] = at;
  }
  return view;
}

function placeIn(list, text) {
  return text !== null && /^\d+$/.test(text) && Number(text) < list.length ? Number(text) : null;
}

/** The definition that is sorted and filtered by: the one chosen, or the first rate of the suite. */
function primaryOf(view) {
  const known = definitionsOf(view.suite);
  return known.find((each) => each.name === view.definition)
    || known.find((each) => each.threshold !== null) || known[0] || null;
}

const MOST_BADGES = 4;

/** The rates whose verdicts are shown under each picture. */
function badgesOf(view) {
  const rates = definitionsOf(view.suite).filter((each) => each.threshold !== null);
  return view.badges === null ? rates.slice(0, MOST_BADGES) : rates.filter((each) => view.badges.includes(each.name));
}

/** Where a definition counts from: where the slider stands, or its own threshold. */
function thresholdOf(view, definition) {
  return view.thresholds[definition.name] ?? definition.threshold;
}

store.view = fromFragment(location.hash.slice(1));
window.addEventListener("hashchange", () => {
  store.view = fromFragment(location.hash.slice(1));
  announceChange();
});
