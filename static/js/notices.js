// Notices: refusals and lost connections told in words, alerts of the handover with a badge on the title and, if
// the person allowed it, a notification of the browser.

const REFUSED = {
  0: "The server cannot be reached. Nothing was changed; try again in a moment.",
  403: "Your role does not allow this.",
  404: "This is no longer here.",
  429: "Too many requests at once. Wait a moment, then try again.",
};
const FAILED = "Something failed on the server. Nothing was changed; try again.";
let alerts = 0;

function show(text, { tone = "error", href = "", stays = 10_000, about = text } = {}) {
  document.querySelectorAll("#notices .notice").forEach((other) => other.dataset.about === about && other.remove());
  const notice = document.createElement("p");
  notice.dataset.about = about;
  notice.className = `notice ${tone}`;
  const words = document.createElement(href ? "a" : "span");
  if (href) words.href = href;
  words.textContent = text;
  const shut = document.createElement("button");
  shut.type = "button";
  shut.className = "plain";
  shut.setAttribute("aria-label", "Dismiss");
  shut.textContent = "×";
  notice.append(words, shut);
  document.getElementById("notices").append(notice);
  setTimeout(() => notice.remove(), stays);
}

// Those that came with the page go by themselves, like all others.
document.querySelectorAll("#notices .notice").forEach((notice) => setTimeout(() => notice.remove(), 8_000));

function reasonIn(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
  return page.querySelector("[data-notice]")?.textContent.trim() || REFUSED[xhr.status] || FAILED;
}

// A refresh in the background fails silently: the line above the list says that the connection is lost.
const isBackground = ({ detail: { elt } }) => Boolean(elt?.matches?.("[data-live], [data-background]"));

document.addEventListener("htmx:responseError", (event) => isBackground(event) || show(reasonIn(event.detail.xhr)));
document.addEventListener("htmx:sendError", (event) => isBackground(event) || show(REFUSED[0]));
document.addEventListener("click", ({ target }) => {
  if (target.matches(".notice button")) target.closest(".notice").remove();
});

document.addEventListener("notice", ({ detail }) => show(detail.text));
document.addEventListener("baton:alert", ({ detail }) => {
  const base = location.pathname.match(/^\/w\/[^/]+\//)?.[0] ?? "/";
  const href = `${base}conversations/${detail.conversation}/?view=waiting`;
  show(detail.text, { tone: "waiting", href, stays: 25_000, about: `handover-${detail.handover}` });
  if (document.hasFocus()) return;
  alerts += 1;
  document.title = `(${alerts}) ${document.title.replace(/^\(\d+\) /, "")}`;
  if (window.Notification?.permission === "granted") {
    const notification = new Notification("Baton", { body: detail.text, tag: `handover-${detail.handover}` });
    notification.onclick = () => { window.focus(); location.href = href; };
  }
});
window.addEventListener("focus", () => {
  alerts = 0;
  document.title = document.title.replace(/^\(\d+\) /, "");
});

const ask = document.querySelector("[data-ask-notifications]");
if (ask && window.Notification?.permission === "default") {
  ask.hidden = false;
  ask.addEventListener("click", async () => {
    ask.hidden = (await Notification.requestPermission()) !== "default";
  });
}
