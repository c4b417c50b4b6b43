// Drawing the conversation. Lines are known by id: what comes twice is drawn once, in its newest state.
import { words } from "./words.js";

const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'’]/g;
const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export class View {
  constructor(root) {
    for (const id of ["talk", "log", "typing", "earlier", "newer", "state"]) this[id] = root.querySelector(`#${id}`);
    this.lines = new Map();
    this.waiting = [];
    this.typing.setAttribute("aria-label", words.typing);
    this.earlier.textContent = words.earlier;
    this.newer.textContent = words.newer;
    this.newer.onclick = () => this.toEnd();
    this.talk.addEventListener("scroll", () => { if (this.isAtEnd()) this.newer.hidden = true; });
  }

  get firstPosition() { return Math.min(...[...this.lines.values()].map((line) => line.position)); }
  get ids() { return new Set([...this.lines.values()].map((line) => line.client_id).filter(Boolean)); }

  // The newest lines of ours that still lack a receipt.
  unreceipted(lacking) {
    return [...this.lines.values()].filter((line) => line.voice !== "you" && lacking(line)).slice(-100);
  }

  addLines(lines) {
    const isNews = lines.some((line) => !this.lines.has(line.id));
    for (const line of lines) this.lines.set(line.id, line);
    return isNews;
  }

  draw(waiting, { keepPlace = false } = {}) {
    const wasAtEnd = this.isAtEnd();
    const fromEnd = this.talk.scrollHeight - this.talk.scrollTop;
    const ordered = [...this.lines.values()].sort((a, b) => a.position - b.position);
    const pending = waiting.filter(({ id }) => !this.ids.has(id)).map(asPending);
    this.reconcile([...ordered, ...pending]);
    if (keepPlace) this.talk.scrollTop = this.talk.scrollHeight - fromEnd;
    else if (wasAtEnd) this.toEnd();
    return wasAtEnd;
  }

  // Reuse what stands: a screen reader announces additions only, and nothing flickers.
  reconcile(lines) {
    const standing = new Map([...this.log.children].map((item) => [item.dataset.key, item]));
    let place = null;
    let previous = null;
    for (const line of lines) {
      for (const item of this.itemsOf(line, previous)) {
        const kept = standing.get(item.dataset.key);
        const node = kept && kept.isEqualNode(item) ? kept : item;
        if (kept && kept !== node) kept.replaceWith(node);
        const expected = place ? place.nextSibling : this.log.firstChild;
        if (node !== expected) this.log.insertBefore(node, expected);
        standing.delete(item.dataset.key);
        place = node;
      }
      previous = line;
    }
    for (const item of standing.values()) item.remove();
  }

  itemsOf(line, previous) {
    const isNewDay = !previous || new Date(previous.at).toDateString() !== new Date(line.at).toDateString();
    const isSame = !isNewDay && previous?.voice === line.voice && previous?.by === line.by;
    return isNewDay ? [dayItem(line.at), messageItem(line, false)] : [messageItem(line, isSame)];
  }

  setTyping(isTyping) {
    const wasAtEnd = this.isAtEnd();
    this.typing.hidden = !isTyping;
    if (wasAtEnd) this.toEnd();
  }

  setState(state) {
    this.state.textContent = { offline: words.offline, gone: words.gone }[state] ?? "";
  }

  isAtEnd() { return this.talk.scrollHeight - this.talk.scrollTop - this.talk.clientHeight < 60; }

  toEnd() {
    this.talk.scrollTop = this.talk.scrollHeight;
    this.newer.hidden = true;
  }
}

function asPending({ id, text, at, refused, taken }) {
  return { id, client_id: id, voice: "you", by: "", text, at, pending: !taken, refused };
}

function dayItem(at) {
  const item = element("li", "day", new Date(at).toDateString() === new Date().toDateString() ? words.today : day.format(new Date(at)));
  item.dataset.key = `day ${new Date(at).toDateString()}`;
  return item;
}

function messageItem(line, isSame) {
  const item = element("li", ["msg", line.voice, isSame && "same", line.pending && "pending", line.refused && "refused"].filter(Boolean).join(" "));
  // A message keeps its key when the server's line takes the place of our own draft of it.
  item.dataset.key = line.client_id || line.id;
  if (line.by) item.append(element("span", "by", line.by));
  item.append(...(line.files ?? []).map(fileItem), ...linked(line.text));
  if (line.refused) item.append(element("span", "note", line.refused));
  else if (line.pending && Date.now() - Date.parse(line.at) > 1_500) item.append(element("span", "note", words.waiting));
  else item.append(clock(line.at));
  return item;
}

// A picture is shown, everything else is a name to press.
function fileItem(file) {
  const link = element("a", "file", file.is_image ? "" : file.name);
  Object.assign(link, { href: file.url, target: "_blank", rel: "noopener" });
  if (!file.is_image) return link;
  const picture = document.createElement("img");
  Object.assign(picture, { src: file.url, alt: file.name, width: file.width, height: file.height, loading: "lazy" });
  link.append(picture);
  return link;
}

function clock(at) {
  const stamp = element("time", "", time.format(new Date(at)));
  stamp.dateTime = at;
  return stamp;
}

function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(end, match.index), anchor(match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter(Boolean);
}

function anchor(url) {
  // The address without its scheme and query: what a person would read out. The whole of it is where it leads.
  const link = element("a", "", url.replace(/^https?:\/\/(www\.)?/, "").replace(/\/?[?#].*$/, ""));
  Object.assign(link, { href: url, title: url, target: "_blank", rel: "noopener noreferrer" });
  return link;
}

function element(tag, className, text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}
