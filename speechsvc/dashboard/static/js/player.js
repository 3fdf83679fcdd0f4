// Transcript and sound in step: a sentence plays from its second, the sentence being heard is marked, #t=12.3 seeks.
const audio = document.getElementById("audio");
const lines = [...document.querySelectorAll(".chat > li")].map((element) => ({
  element,
  start: Number(element.dataset.start),
  end: Number(element.dataset.end),
}));
let marked = new Set();
let touched = 0; // when the reader last scrolled by hand: then the page does not move under them

function seek(seconds, play) {
  const go = () => {
    audio.currentTime = seconds;
    mark(seconds);
    if (play) audio.play().catch(() => {}); // a browser may want a click first
  };
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) go();
  else {
    audio.addEventListener("loadedmetadata", go, { once: true });
    audio.load();
  }
}

function mark(now) {
  const current = lines.filter((l) => now >= l.start - 0.05 && now < Math.max(l.end, l.start + 0.3));
  if (current.length === 0) return; // in a pause the last sentence stays marked
  const fresh = new Set(current.map((l) => l.element));
  for (const element of marked) if (!fresh.has(element)) element.removeAttribute("aria-current");
  for (const element of fresh) {
    if (!marked.has(element)) element.setAttribute("aria-current", "true");
  }
  const first = current[0].element;
  if (!marked.has(first) && Date.now() - touched > 4000) reveal(first);
  marked = fresh;
}

function reveal(element) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
}

function fromAddress(play) {
  const match = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (!match) return;
  const seconds = Number(match[1]);
  touched = 0;
  seek(seconds, play);
  const at = lines.find((l) => seconds < l.end) ?? lines.at(-1);
  if (at) reveal(at.element);
}

for (const { element, start } of lines) {
  element.addEventListener("click", (event) => {
    if (event.target.closest("a, summary") || String(getSelection())) return;
    seek(start, true);
  });
}
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#t="]');
  if (!link || link.getAttribute("href") !== location.hash) return; // another second: hashchange will come
  event.preventDefault();
  fromAddress(true);
});
for (const kind of ["wheel", "touchmove"]) addEventListener(kind, () => (touched = Date.now()), { passive: true });
audio.addEventListener("timeupdate", () => mark(audio.currentTime));
audio.addEventListener("error", () => (document.getElementById("audio-problem").hidden = false));
addEventListener("hashchange", () => fromAddress(true));
fromAddress(false);
