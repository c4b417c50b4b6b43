// Lets time pass on the page: waiting times, times left, and the ladder's dot. The words are those of inbox/words.py.

const count = (number, unit) => `${number} ${unit}${number === 1 ? "" : "s"}`;

function longDuration(seconds) {
  if (seconds < 60) return count(seconds, "second");
  if (seconds < 3600) return count(Math.floor(seconds / 60), "minute");
  if (seconds >= 86400) return count(Math.floor(seconds / 86400), "day");
  const minutes = Math.floor(seconds / 60) % 60;
  return count(Math.floor(seconds / 3600), "hour") + (minutes ? ` ${count(minutes, "minute")}` : "");
}

function shortDuration(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return `${seconds} s`;
}

function countdown(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const secondsSince = (iso) => Math.max(0, Math.floor((Date.now() - Date.parse(iso)) / 1000));
const secondsUntil = (iso) => Math.max(0, Math.floor((Date.parse(iso) - Date.now()) / 1000));

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

// The rungs stand evenly whatever the minutes between them; the dot moves in proportion between two of them.
function share(stops, now) {
  const width = 100 / (stops.length - 1);
  for (let number = 0; number < stops.length - 1; number += 1) {
    if (now >= stops[number + 1]) continue;
    const passed = (now - stops[number]) / Math.max(stops[number + 1] - stops[number], 1);
    return width * (number + Math.min(Math.max(passed, 0), 1));
  }
  return 100;
}

function tick() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-since]")) {
    const seconds = secondsSince(element.dataset.since);
    write(element, "short" in element.dataset ? shortDuration(seconds) : longDuration(seconds));
  }
  for (const tag of document.querySelectorAll(".tag[data-due]")) {
    const left = secondsUntil(tag.dataset.due);
    write(tag, left ? `${tag.dataset.word} in ${shortDuration(left)}` : `${tag.dataset.word} now`);
  }
  for (const ladder of document.querySelectorAll(".ladder[data-due]")) {
    const left = secondsUntil(ladder.dataset.due);
    write(ladder.querySelector("[data-left]"), left ? countdown(left) : "now");
    // an overdue step holds the dot on its rung until it has fired
    const place = Math.min(share(ladder.dataset.stops.split(" ").map(Number), Date.now()), Number(ladder.dataset.limit));
    const x = `${place.toFixed(2)}%`;
    ladder.querySelector("[data-now]")?.setAttribute("cx", x);
    ladder.querySelector("[data-passed]")?.setAttribute("width", x);
  }
}

setInterval(tick, 1_000);
document.addEventListener("visibilitychange", tick);
document.addEventListener("baton:merged", tick);
tick();
