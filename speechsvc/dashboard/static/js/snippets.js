// Plays just the second in which something was said. Without scripts the link opens the call at that second.
const LEAD_S = 0.6; // a little before and after, so that the first and last syllable are heard
const audio = new Audio();
audio.preload = "auto";
audio.id = "snippet";
document.body.append(audio);
let current = null;
let end = 0;

for (const button of document.querySelectorAll("[data-play]")) {
  button.setAttribute("role", "button");
  button.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (current === button) stop();
    else play(button);
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " ") {
      event.preventDefault();
      button.click();
    }
  });
}

function play(button) {
  stop();
  current = button;
  label(button, true);
  const start = Math.max(0, Number(button.dataset.start) - LEAD_S);
  end = Math.max(Number(button.dataset.end), Number(button.dataset.start) + 1) + LEAD_S;
  const address = new URL(button.dataset.play, location.href).href;
  if (audio.src !== address) audio.src = address;
  const go = () => {
    audio.currentTime = start;
    audio.play().catch(failed);
  };
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) go();
  else audio.addEventListener("loadedmetadata", go, { once: true });
}

function stop() {
  audio.pause();
  if (current) label(current, false);
  current = null;
}

function label(button, playing) {
  button.classList.toggle("playing", playing);
  const verb = button.querySelector(".verb");
  verb.textContent = playing ? verb.dataset.stopWord : verb.dataset.playWord;
}

function failed(error) {
  if (error?.name === "AbortError") return; // another one was started meanwhile
  stop();
  document.getElementById("audio-problem").hidden = false;
}

audio.addEventListener("timeupdate", () => {
  if (current && audio.currentTime >= end) stop();
});
audio.addEventListener("ended", stop);
audio.addEventListener("error", () => current && failed());
