// The strip follows what really happened: it asks once a second, while somebody looks.
const steps = [...document.querySelectorAll("#steps li")];
const phone = document.querySelector("#phone");
const team = document.querySelector("#team");
const rungs = document.querySelector("#rungs");
const last = document.querySelector("#last");
const told = document.querySelector("#told");
const { progress, thread } = document.body.dataset;
let shown = null;

for (const button of document.querySelectorAll(".say")) {
  button.addEventListener("click", () => phone.contentWindow.postMessage({ baton: "say", text: button.textContent }, location.origin));
}

async function look() {
  if (document.visibilityState === "visible") {
    try {
      draw(await (await fetch(progress, { cache: "no-store" })).json());
    } catch { /* the server is away for a moment: the next look will tell */ }
  }
  setTimeout(look, 1000);
}

function draw(now) {
  const current = now.steps.lastIndexOf(true) + 1; // a step may be skipped
  for (const [number, step] of steps.entries()) {
    step.classList.toggle("done", now.steps[number]);
    step.classList.toggle("now", number === current);
    if (number === current) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
  }
  if (now.rungs.length) say(rungs, capitalised(now.rungs.join(" · ")));
  if (now.ended) say(last, `Ended: ${now.ended}`);
  if (now.conversation && now.conversation !== shown) open(now.conversation);
}

function say(place, words) {
  if (place.textContent === words) return;
  place.textContent = words;
  told.textContent = words;
}

function capitalised(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function open(conversation) {
  shown = conversation;
  team.src = thread.replace("/0/", `/${conversation}/`);
  team.hidden = false;
  document.querySelector("#waiting").remove();
}

look();
