// While calls are being worked on, the list is read again every few seconds; it stops when all are finished.
const PAUSE_MS = 3000;

async function again() {
  if (document.hidden) return wait();
  let page;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return wait();
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return wait();
  }
  const fresh = page.getElementById("list");
  const shown = document.getElementById("list");
  if (!fresh || !shown) return location.reload(); // the call is finished: its page looks different now
  if (!shown.contains(document.activeElement)) shown.replaceChildren(...fresh.childNodes);
  if (fresh.hasAttribute("data-unfinished") || shown.querySelector("[data-unfinished]")) wait();
  return undefined;
}

function wait() {
  setTimeout(again, PAUSE_MS);
}

wait();
