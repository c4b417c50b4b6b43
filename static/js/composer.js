// The reply: a draft for each conversation that outlives a reload, Ctrl or ⌘ with Enter sends, and a new key for
// each message, so that a doubled click says nothing twice.

const field = () => document.getElementById("reply");
const form = () => document.getElementById("composer");
const place = () => `draft-${form()?.dataset.draft}`;

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

function restore() {
  if (!field()) return;
  if (isMac) document.querySelector("[data-send-key]").textContent = "⌘↵";
  if (field().value) return;
  field().value = sessionStorage.getItem(place()) ?? "";
}

function keep() {
  if (field().value) sessionStorage.setItem(place(), field().value);
  else sessionStorage.removeItem(place());
}

// The name of the file that goes along.
function showFile(input) {
  input.closest("label").querySelector("[data-chosen]").textContent = input.files[0]?.name ?? "";
  document.getElementById("composer-error").hidden = true;
}

function dropFile() {
  const input = form()?.elements.file;
  if (!input) return;
  input.value = "";
  showFile(input);
}

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

document.addEventListener("input", ({ target }) => {
  if (target.id !== "reply") return;
  keep();
  document.getElementById("composer-error").hidden = true;
});
document.addEventListener("change", ({ target }) => {
  if ("file" in target.dataset) showFile(target);
});
// Pressing the chosen file's name takes it back; so do Delete and Backspace on the button.
document.addEventListener("click", (event) => {
  if (!("chosen" in event.target.dataset)) return;
  event.preventDefault();
  dropFile();
});
document.addEventListener("keydown", (event) => {
  if ("file" in event.target.dataset && ["Delete", "Backspace"].includes(event.key)) dropFile();
});
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "reply" || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  form().requestSubmit();
});

document.addEventListener("message-queued", () => {
  document.getElementById("composer-error").hidden = true;
  field().value = "";
  dropFile();
  keep();
  form().elements.key.value = newKey();
  field().focus();
});
// Refused words stay in the field; what is sent next is a new attempt.
document.addEventListener("message-refused", () => {
  form().elements.key.value = newKey();
});
// At once, not when the answer is there: what is typed meanwhile are words, not hotkeys.
document.addEventListener("submit", ({ target }) => "takesOver" in target.dataset && field()?.focus());
document.addEventListener("htmx:afterSettle", ({ target }) => target.id === "stage" && restore());
restore();
