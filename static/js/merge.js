// Puts fetched parts into the page by id and touches only what differs, so that nothing jumps:
// a focus, a scroll position, an open <details> outlive the news.
// Used by htmx as `hx-swap="merge"`; every part of an answer is a top-level element with an id.

htmx.defineExtension("merge", {
  isInlineSwap: (style) => style === "merge",
  handleSwap: (style, target, fragment) => (style === "merge" ? mergeAll(fragment) : false),
});

// A part from which something was just asked waits for that answer: gone from the page, it could not take it.
const isAsking = (part) => part.querySelector("form.htmx-request, button.htmx-request") !== null;
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  detail.elt.classList.remove("htmx-request");
  if (detail.elt.matches("form[data-kept]")) detail.elt.dataset.kept = "answered";
});

// A part in which somebody is typing waits as well; only the answer to what they typed takes its place.
const isTyping = (part) => {
  const hand = document.activeElement;
  return part.contains(hand) && hand.matches("input, select") && hand.closest("form[data-kept]")?.dataset.kept === "";
};

function mergeAll(fragment) {
  const focused = document.activeElement?.id;
  const arrived = [];
  for (const part of [...fragment.children]) arrived.push(...mergePart(part));
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("baton:merged"));
  return arrived;
}

function mergePart(part) {
  if ("stream" in part.dataset) return mergeStream(document.getElementById("stream"), part);
  const current = part.id && document.getElementById(part.id);
  if (!current) return [];
  if ("keyed" in part.dataset) return mergeKeyed(current, part);
  if ("growing" in part.dataset) return mergeGrowing(current, part);
  return replace(current, part);
}

function replace(current, part) {
  if (current.isEqualNode(part) || isAsking(current) || isTyping(current)) return [];
  const openOnes = [...current.querySelectorAll("details[open]")].map((details) => details.closest("[id]")?.id);
  current.replaceWith(part);
  for (const id of openOnes) document.getElementById(id)?.querySelector("details")?.setAttribute("open", "");
  return [part];
}

// A list that only grows at its top: what is older than the answer stays. A gap between the two starts it anew.
function mergeGrowing(list, part) {
  const lines = [...part.children];
  const fresh = lines.filter((line) => !document.getElementById(line.id));
  if (fresh.length === lines.length) {
    list.replaceChildren(...lines);
    return lines;
  }
  const news = fresh.filter((line) => line.matches(".reason"));
  list.prepend(...news);
  return news;
}

// Rows of a list: kept when unchanged, moved when their order changed, dropped when gone.
function mergeKeyed(list, part) {
  const arrived = [];
  const appends = "append" in part.dataset;
  list.dataset.live = part.dataset.live;
  if (appends) document.getElementById("older")?.remove();
  else dropGone(list, part);
  let place = appends ? null : list.firstElementChild;
  for (const fresh of [...part.children]) {
    const known = fresh.id && [...list.children].find((child) => child.id === fresh.id);
    let kept = known;
    if (known && !sameAsServed(known, fresh) && !isAsking(known)) {
      if (place === known) place = known.nextElementSibling;
      known.remove();
      kept = null;
    }
    if (!kept) {
      remember(fresh);
      kept = fresh;
      arrived.push(fresh);
    }
    if (kept === place) place = place.nextElementSibling;
    else list.insertBefore(kept, place);
  }
  return arrived;
}

// The hand that was on a row which goes stays in the list.
function dropGone(list, part) {
  const left = new Set([...part.children].map((row) => row.id));
  for (const row of [...list.children].filter((known) => !left.has(known.id) && !isAsking(known))) {
    const neighbour = row.nextElementSibling ?? row.previousElementSibling;
    const wasHeld = row.contains(document.activeElement);
    row.remove();
    if (wasHeld) (neighbour?.matches("[data-row]") ? neighbour : neighbour?.querySelector("[data-row]"))?.focus();
  }
}

// Ticking words and marks change a row after it was served; what was served is what is compared.
const served = new WeakMap();
const remember = (row) => served.set(row, row.outerHTML);
const sameAsServed = (known, fresh) => (served.get(known) ?? known.outerHTML) === fresh.outerHTML;
document.querySelectorAll("[data-keyed] > *").forEach(remember);

// The messages: new ones at their place, changed ones exchanged where they stand.
function mergeStream(stream, part) {
  if (!stream) return [];
  document.dispatchEvent(new CustomEvent("baton:stream-changing"));
  const arrived = [];
  for (const item of [...part.children]) {
    const known = document.getElementById(item.id);
    if (known && (known.isEqualNode(item) || isAsking(known))) continue;
    if (known && !known.matches(".day")) known.replaceWith(item);
    else {
      known?.remove();
      stream.insertBefore(item, follower(stream, item));
      if (!known && item.matches(".msg")) item.classList.add("new");
    }
    arrived.push(item);
  }
  document.dispatchEvent(new CustomEvent("baton:stream-changed", { detail: { arrived } }));
  return arrived;
}

// Messages stand by position. An event stands where it happened; of one instant, what the customer said comes
// first, then what was decided about it, then what was answered.
function follower(stream, item) {
  const { position, at } = item.dataset;
  const comesAfter = (other) =>
    position
      ? Number(other.dataset.position) > Number(position)
      : Number(other.dataset.at) + other.matches(".out") > Number(at);
  return [...stream.children].find((other) => other.dataset.position && comesAfter(other)) ?? null;
}
