/* Updates the page of the one who runs a study, in place: what is scrolled or focused stays so. */

"use strict";

const PATIENCE = 10_000; // ms
const every = 1000 * Number(document.body.dataset.every);
const wanted = document.getElementById("update");
const parts = (page) => [...page.querySelectorAll("[data-live]")];

async function update() {
  if (!wanted.checked || document.hidden) return;
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const news = parts(fresh);
    document.title = fresh.title;
    parts(document).forEach((part, i) => part.replaceChildren(...news[i].childNodes));
    document.getElementById("old").hidden = true;
  } catch {
    document.getElementById("old").hidden = false;
  }
}

document.getElementById("updating").hidden = false;
setInterval(update, every);
wanted.addEventListener("change", update);
document.addEventListener("visibilitychange", update);
