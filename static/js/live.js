// Keeps every element with `data-live="URL"` up to date. The socket only says that something changed; the page
// then fetches what it lacks, as it also does on reconnect and by a slow poll: a lost push costs seconds, never data.

const POLL = { up: 25_000, down: 4_000 };
const PACE = 1_000; // a list is fetched at most this often, however much happens

const address = document.body.dataset.live;
let socket = null;
let failures = 0;
let lastPoll = Date.now();
const state = new Map(); // id -> { busy, again, last, timer }

function connect() {
  if (!address) return;
  socket = new WebSocket(location.origin.replace(/^http/, "ws") + address);
  socket.onopen = () => {
    failures = 0;
    showLink(true);
    refreshAll();
  };
  socket.onmessage = ({ data }) => hear(JSON.parse(data));
  socket.onclose = () => {
    failures += 1;
    if (failures > 1) showLink(false);
    setTimeout(connect, Math.min(500 * 2 ** failures, 15_000) * (0.7 + Math.random() * 0.6));
  };
}

const isUp = () => socket?.readyState === WebSocket.OPEN;

function showLink(up) {
  const line = document.getElementById("link");
  if (line) line.hidden = up;
}

function hear(news) {
  if (news.type === "handover.alert") document.dispatchEvent(new CustomEvent("baton:alert", { detail: news }));
  for (const region of regions()) if (concerns(region, news)) refreshSoon(region);
}

function concerns(region, news) {
  const mine = region.dataset.liveConversation;
  if (!mine) return true;
  return String(news.conversation) === mine && !(news.seq <= Number(seen()));
}

const regions = () => document.querySelectorAll("[data-live]:not(body)");
const seen = () => document.getElementById("thread-state")?.dataset.seq ?? 0;
const refreshAll = () => regions().forEach(refreshSoon);

function refreshSoon(region) {
  const known = state.get(region.id) ?? { busy: false, again: false, last: 0, timer: 0 };
  state.set(region.id, known);
  if (known.busy) {
    known.again = true;
    return;
  }
  const wait = region.dataset.liveConversation ? 0 : Math.max(0, known.last + PACE - Date.now());
  clearTimeout(known.timer);
  known.timer = setTimeout(() => refresh(region.id, known), wait);
}

async function refresh(id, known) {
  const region = document.getElementById(id);
  if (!region) return;
  known.busy = true;
  known.last = Date.now();
  try {
    await htmx.ajax("GET", urlOf(region), { source: region, target: region, swap: "merge" });
  } catch {
    // the server is away: the line above the list says so, and the next poll tries again
  } finally {
    known.busy = false;
    if (known.again) {
      known.again = false;
      refreshSoon(region);
    }
  }
}

function urlOf(region) {
  if (!region.dataset.liveConversation) return region.dataset.live;
  return `${region.dataset.live}?seq=${seen()}&show=${document.getElementById("show")?.value ?? "story"}`;
}

// What was asked for before a change may arrive after it and show the page as it was: so everything is fetched anew.
document.addEventListener("htmx:afterRequest", ({ detail }) => detail.requestConfig.verb !== "get" && refreshAll());

setInterval(() => {
  const due = isUp() ? POLL.up : POLL.down;
  if (document.hidden || Date.now() - lastPoll < due) return;
  lastPoll = Date.now();
  refreshAll();
}, 1_000);
document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
window.addEventListener("online", () => isUp() || connect());
connect();
