// The keyboard first: j and k move, Enter opens, / searches, r replies, t takes over, ? shows every key.

const rows = () => [...document.querySelectorAll("[data-row]")];
const isTyping = (element) => element.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

function move(step) {
  const all = rows();
  if (!all.length) return;
  const here = document.activeElement?.closest("[data-keys]");
  const at = all.findIndex((row) => row === document.activeElement || here?.contains(row));
  const from = at >= 0 ? at : all.findIndex((row) => row.hasAttribute("aria-current"));
  const next = all[Math.min(Math.max(from + step, 0), all.length - 1)];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function press(key) {
  const wanted = document.querySelector(`[data-hotkey="${CSS.escape(key)}"]`);
  if (!wanted) return false;
  if (isTyping(wanted)) wanted.focus();
  else wanted.click();
  return true;
}

// A row's own keys work only while the hand is on that row.
function pressInRow(key) {
  const wanted = document.activeElement?.closest("[data-keys]")?.querySelector(`[data-rowkey="${CSS.escape(key)}"]`);
  wanted?.focus();
  wanted?.click();
  return Boolean(wanted);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    document.activeElement?.blur();
    return;
  }
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const inList = !event.target.closest("#talk, .side, .menu");
  if (event.key === "j" || (event.key === "ArrowDown" && inList)) move(1);
  else if (event.key === "k" || (event.key === "ArrowUp" && inList)) move(-1);
  else if (event.key === "?") document.getElementById("keys")?.showModal();
  else if (!pressInRow(event.key) && !press(event.key)) return;
  event.preventDefault();
});
