// What this browser remembers: who the visitor is, and what has been written but not yet arrived.
// Storage may be forbidden (private mode, third-party frames): then the page remembers for itself alone.

function open() {
  try {
    localStorage.setItem("baton.probe", "1");
    localStorage.removeItem("baton.probe");
    return localStorage;
  } catch {
    return memory();
  }
}

function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

const OUTBOX_DAYS = 2;

export class Store {
  constructor(chat, givenVisitor) {
    this.storage = givenVisitor ? memory() : open();
    this.key = (name) => `baton.${name}.${chat}`;
    if (givenVisitor) this.visitor = givenVisitor;
  }

  get visitor() { return this.storage.getItem(this.key("visitor")); }
  set visitor(signed) { this.write("visitor", signed); }

  forget() {
    this.storage.removeItem(this.key("visitor"));
    this.storage.removeItem(this.key("outbox"));
  }

  get outbox() {
    try {
      const kept = JSON.parse(this.storage.getItem(this.key("outbox")) ?? "[]");
      return kept.filter((message) => Date.now() - Date.parse(message.at) < OUTBOX_DAYS * 86_400_000);
    } catch {
      return [];
    }
  }
  set outbox(messages) { this.write("outbox", JSON.stringify(messages)); }

  keep(message) { this.outbox = [...this.outbox, message]; }
  mark(id, change) { this.outbox = this.outbox.map((kept) => (kept.id === id ? { ...kept, ...change } : kept)); }
  drop(ids) { this.outbox = this.outbox.filter((kept) => !ids.has(kept.id)); }

  write(name, value) {
    try {
      this.storage.setItem(this.key(name), value);
    } catch { /* full: the message still goes out, it is only not kept over a reload */ }
  }
}
