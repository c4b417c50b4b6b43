// The visitor's page: what is written is kept first and sent after; what arrives is shown and acknowledged.
import { Link } from "./link.js";
import { Store } from "./store.js";
import { View } from "./view.js";
import { words } from "./words.js";

const MOST = 4000;
const TYPING_SECONDS = 25;
const THINKING_STARTS = 2_500;
const doors = document.body.dataset;
const store = new Store(doors.chat, doors.visitor);
const view = new View(document);
const form = document.querySelector("#composer");
const text = document.querySelector("#text");
const wrong = document.querySelector("#wrong");
const acknowledged = { delivered: new Set(), read: new Set() };

let visitorName = doors.name ?? "";
let isOpen = true;
let typingEnds;

const link = new Link(doors, store, {
  news(transcript, isFirst) {
    const isNews = view.addLines(transcript.messages);
    if (isFirst) view.earlier.hidden = !transcript.has_earlier;
    store.drop(view.ids);
    const wasAtEnd = view.draw(store.outbox);
    view.newer.hidden = wasAtEnd || !isNews;
    showTyping(transcript.replying);
    acknowledge();
  },
  taken(id) {
    store.mark(id, { taken: true });
    view.draw(store.outbox);
    setTimeout(() => link.fetchNews(), THINKING_STARTS); // to learn whether somebody is writing: that alone is no news
  },
  refused(id, reason, retryAfter) {
    if (retryAfter) {
      link.pause(retryAfter);
      explain(words.pace);
    } else {
      store.mark(id, { refused: reason });
    }
    view.draw(store.outbox);
  },
  state(state) {
    view.setState(state);
    view.draw(store.outbox);
    form.inert = state === "gone";
  },
});

// -- writing

form.addEventListener("submit", (event) => {
  event.preventDefault();
  say(text.value);
});
text.addEventListener("keydown", (event) => {
  const isPhone = matchMedia("(pointer: coarse)").matches;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !isPhone) {
    event.preventDefault();
    say(text.value);
  }
});
text.addEventListener("input", () => {
  fit();
  explain(text.value.length > MOST ? words.tooLong : "");
});
text.placeholder = words.write;
text.setAttribute("aria-label", words.write);
document.querySelector("#send").setAttribute("aria-label", words.send);

function say(written) {
  if (!written.trim() || [...written].length > MOST) return;
  store.keep({ id: newId(), text: written, name: visitorName, at: new Date().toISOString() });
  text.value = "";
  fit();
  explain("");
  view.draw(store.outbox);
  view.toEnd();
  link.flush();
  setTimeout(() => view.draw(store.outbox), 1_600);
}

function newId() {
  // randomUUID exists in secure contexts only; a chat on plain http in an office must work too
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function explain(problem) {
  wrong.textContent = problem;
  wrong.hidden = !problem;
}

// -- reading

view.earlier.addEventListener("click", async () => {
  const transcript = await link.fetchEarlier(view.firstPosition);
  view.addLines(transcript.messages);
  view.earlier.hidden = !transcript.has_earlier;
  view.draw(store.outbox, { keepPlace: true });
});

function showTyping(isReplying) {
  clearTimeout(typingEnds);
  view.setTyping(isReplying);
  if (isReplying) typingEnds = setTimeout(() => view.setTyping(false), TYPING_SECONDS * 1000);
}

function acknowledge() {
  const isLooking = isOpen && document.visibilityState === "visible";
  const delivered = lacking("delivered", (line) => !line.receipt);
  const read = isLooking ? lacking("read", (line) => line.receipt !== "read") : [];
  if (delivered.length || read.length) link.see({ delivered: isLooking ? [] : delivered, read });
  const unread = isLooking ? 0 : view.unreceipted((line) => line.receipt !== "read").length;
  if (parent !== window) parent.postMessage({ baton: "unread", count: unread }, "*"); // a number is all that leaves
}

function lacking(receipt, lacks) {
  const ids = view.unreceipted(lacks).map((line) => line.id).filter((id) => !acknowledged[receipt].has(id));
  for (const id of ids) acknowledged[receipt].add(id);
  return ids;
}

document.addEventListener("visibilitychange", acknowledge);

// -- the widget around us: it says whether we are open, and the name that its page knows the visitor by

addEventListener("message", ({ source, origin, data }) => {
  if (source !== parent || parent === window || typeof data !== "object" || data === null) return;
  if (data.baton === "open" || data.baton === "closed") {
    document.documentElement.classList.add("framed");
    isOpen = data.baton === "open";
    if (isOpen) text.focus();
    acknowledge();
  }
  if (data.baton === "name" && typeof data.name === "string") visitorName = data.name.slice(0, 80);
  // The demo beside us writes a suggestion into the field; a page of another origin may not.
  if (data.baton === "say" && origin === location.origin) say(String(data.text));
});

view.draw(store.outbox);
link.start();
