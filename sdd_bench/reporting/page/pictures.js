"use strict";
/* Pictures: copies of a few pixels until they are clicked. What is asked for is decoded when it comes near the view,
   and let go when it is far from it. */

const KEPT_URLS = 500;
const KEPT_BLOCKS = 12;
const AT_ONCE = 2;  // pictures per frame, so that scrolling never waits for them

const revealed = { all: false, some: new Set() };
const urls = new Map();  // key -> {url, users}; the least recently used come first
const blocks = new Map();
const waiting = new Map();  // key -> {run, row, tell}

function pictureKey(run, row) {
  return `${run}:${row}`;
}

function isRevealed(run, row) {
  return revealed.all || revealed.some.has(pictureKey(run, row));
}

/** Unblur pictures, or blur them again; a switch for all rules over single ones. */
function reveal(places, shown) {
  if (revealed.all && !shown) return revealAll(false);
  for (const [run, row] of places) {
    if (shown) revealed.some.add(pictureKey(run, row)); else revealed.some.delete(pictureKey(run, row));
  }
  announceChange();
}

function revealAll(shown) {
  revealed.all = shown;
  revealed.some.clear();
  announceChange();
}

/** The address of a picture in full size; empty where the page has none. */
function fileOf(run, row) {
  return (REPORT.runs[run].files[row] || "").split("/").map(encodeURIComponent).join("/");
}

/** Why there is no picture; empty where there is one. */
function missingPicture(run, row, full = false) {
  if (row < 0) return "not made";
  if (full && fileOf(run, row)) return "";
  const { block, why } = REPORT.runs[run].pictures;
  return block[row] >= 0 ? "" : why[row] || "not there";
}

function blockOf(number) {
  let block = blocks.get(number);
  if (!block) {
    const element = document.getElementById(`block-${number}`);
    if (!element) return null;  // still being read
    block = JSON.parse(element.textContent);
  }
  blocks.delete(number);
  blocks.set(number, block);
  if (blocks.size > KEPT_BLOCKS) blocks.delete(blocks.keys().next().value);
  return block;
}

function decode(run, row) {
  const { block, index } = REPORT.runs[run].pictures;
  const pictures = blockOf(block[row]);
  if (!pictures) return null;
  const bytes = Uint8Array.from(atob(pictures[index[row]]), (letter) => letter.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: "image/webp" }));
}

function decodeSome() {
  let left = AT_ONCE;
  for (const [key, { run, row, tell }] of waiting) {
    if (left === 0) break;
    left -= 1;
    if (!urls.has(key)) {
      const url = decode(run, row);
      if (!url) break;
      urls.set(key, { url, users: 0 });
    }
    waiting.delete(key);
    tell.forEach((each) => each(use(key)));
  }
  if (waiting.size) requestAnimationFrame(decodeSome);
  forget();
}

function use(key) {
  const entry = urls.get(key);
  urls.delete(key);
  urls.set(key, entry);
  entry.users += 1;
  return entry.url;
}

function forget() {
  for (const [key, entry] of urls) {
    if (urls.size <= KEPT_URLS) return;
    if (entry.users > 0) continue;
    URL.revokeObjectURL(entry.url);
    urls.delete(key);
  }
}

/** The address of a picture that is `asked` for, as soon as it is decoded; undefined until then. */
function usePicture(run, row, asked) {
  const [url, setUrl] = useState(undefined);
  useEffect(() => {
    setUrl(undefined);
    if (!asked || missingPicture(run, row)) return undefined;
    const key = pictureKey(run, row);
    let used = false;
    const tell = (found) => { used = true; setUrl(found); };
    if (urls.has(key)) {
      tell(use(key));
    } else {
      if (!waiting.size) requestAnimationFrame(decodeSome);
      const entry = waiting.get(key) || { run, row, tell: [] };
      entry.tell.push(tell);
      waiting.set(key, entry);
    }
    return () => {
      if (used) { urls.get(key).users -= 1; return; }
      const entry = waiting.get(key);
      if (!entry) return;
      entry.tell = entry.tell.filter((each) => each !== tell);
      if (!entry.tell.length) waiting.delete(key);
    };
  }, [run, row, asked]);
  return url;
}

/** A picture once it is to be `shown`, in full size where the page has such files; until then its colours. */
function Picture({ run, row, shown, full = false }) {
  const file = full && fileOf(run, row);
  const small = usePicture(run, row, shown && !file);
  const missing = missingPicture(run, row, full);
  if (missing) return html`<span class="missing">${missing}</span>`;
  const sharp = file || small;
  if (shown && sharp) return html`<img key="sharp" class="sharp" src=${sharp} alt="" draggable="false" onLoad=${crisp} />`;
  const blurred = REPORT.runs[run].pictures.blurred[row];
  return blurred && html`<img key="blurred" src="data:image/webp;base64,${blurred}" alt="" draggable="false" />`;
}

/** Small pictures are enlarged without smoothing. */
function crisp(event) {
  if (event.target.naturalWidth <= 96) event.target.classList.add("crisp");
}

/** What is said of an image: raw score and verdict of each definition. */
function Badge({ view, run, row, definition, definitions }) {
  const alone = definitions.filter((each) => each.family === definition.family).length === 1;
  const name = alone ? definition.family : definition.name.slice(definition.name.indexOf("/") + 1);
  const score = scoreOf(run, row, definition);
  if (definition.threshold === null) {
    return html`<li class="badge plain" title=${definition.name}><b>${scoreText(score)}</b> <span>${name}</span></li>`;
  }
  const verdict = counts(definition, thresholdOf(view, definition), score);
  const word = verdict === null ? "unscored" : verdictWords(definition)[verdict ? 0 : 1];
  const mark = verdict === null ? "–" : verdict ? "●" : "○";
  return html`<li class="badge ${verdict ? "counted" : "not"}" title=${definition.name}>
    <i aria-hidden="true">${mark}</i> <b>${scoreText(score)}</b> ${word} <span>${name}</span></li>`;
}
