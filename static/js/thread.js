// The open thread: stays at its end only if it was there, says so when news waits below, and marks what was seen.

const NEAR = 48;
let wasAtEnd = true;
let heightBefore = 0;

const talk = () => document.getElementById("talk");
const pill = () => document.getElementById("to-newest");
const isAtEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;

function toEnd() {
  const box = talk();
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  pill().hidden = true;
}

document.addEventListener("baton:stream-changing", () => {
  const box = talk();
  if (!box) return;
  wasAtEnd = isAtEnd(box);
  heightBefore = box.scrollHeight;
});

document.addEventListener("baton:stream-changed", ({ detail }) => {
  const box = talk();
  const fresh = detail.arrived.filter((item) => item.matches(".new"));
  if (!box || !fresh.length) return wasAtEnd && toEnd();
  const isOlder = fresh[0] !== fresh.at(-1) && box.scrollTop < NEAR && !wasAtEnd;
  if (isOlder) box.scrollTop += box.scrollHeight - heightBefore;
  else if (wasAtEnd || fresh.at(-1).matches(".human")) toEnd();
  else pill().hidden = false;
});

function arriveAtThread() {
  const opened = document.getElementById("thread-state");
  document.querySelectorAll("[data-row][aria-current]").forEach((row) => row.removeAttribute("aria-current"));
  if (!opened) return;
  document.getElementById(`row-${opened.dataset.conversation}`)?.setAttribute("aria-current", "true");
}

function markSeen() {
  const opened = document.getElementById("thread-state");
  if (document.hidden || !opened?.dataset.seenUrl || opened.dataset.unread === "0") return;
  opened.dataset.unread = "0";
  htmx.ajax("POST", opened.dataset.seenUrl, { source: document.body, swap: "none" }).catch(() => {
    opened.dataset.unread = "1";
  });
}

document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (target.id !== "stage") return;
  arriveAtThread();
  toEnd();
  markSeen();
});
document.addEventListener("baton:merged", () => {
  arriveAtThread();
  markSeen();
});
document.addEventListener("visibilitychange", markSeen);
document.addEventListener("click", ({ target }) => {
  if (target.closest("#to-newest")) toEnd();
  for (const menu of document.querySelectorAll("details.assign[open], details.me[open]")) {
    if (!menu.contains(target)) menu.removeAttribute("open");
  }
});
document.addEventListener("scroll", ({ target }) => {
  if (target.id === "talk" && isAtEnd(target)) pill().hidden = true;
}, true);

arriveAtThread();
toEnd();
document.fonts?.ready.then(() => wasAtEnd && toEnd());
markSeen();
// On a narrow screen the views are a row of chips, and the chosen one may lie outside of it.
document.querySelector(".chips [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
