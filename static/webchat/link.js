// The way to the server and back: a socket when it opens, polling when it does not, and the switch between them.

const SOCKET_PATIENCE = 5_000;
const TAKEN_PATIENCE = 8_000;
const POLL = { live: 25_000, visible: 2_500, hidden: 30_000 };
const BACKOFF = { first: 1_000, most: 30_000 };
const FORBIDDEN = 4403;
const NOT_FOUND = 4404;

export class Link {
  // `on` has: news(transcript, isFirst), taken(id), refused(id, reason, retryAfter), state("live" | "polling" | "offline" | "gone")
  constructor(doors, store, on) {
    Object.assign(this, { doors, store, on, after: 0, isLive: false, failures: 0, inFlight: new Set() });
  }

  async start() {
    if (!(await this.identify())) return;
    this.connect();
    this.poll();
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.on.state("offline"));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
  }

  // -- who we are

  async identify() {
    for (;;) {
      const answer = await this.request(this.doors.visitors, { method: "POST" }).catch(() => null);
      if (answer?.status === 404) return this.stop();
      if (answer?.status === 403) {
        this.store.forget();
      } else if (answer?.ok) {
        this.store.visitor = (await answer.json()).visitor;
        return true;
      } else {
        this.on.state("offline");
        await new Promise((later) => setTimeout(later, this.backoff()));
      }
    }
  }

  stop() {
    this.isGone = true;
    this.on.state("gone");
    return false;
  }

  request(url, options = {}) {
    const headers = { "Content-Type": "application/json" };
    if (this.store.visitor) headers.Authorization = `Visitor ${this.store.visitor}`;
    return fetch(url, { headers, cache: "no-store", credentials: "omit", ...options });
  }

  // -- the socket

  connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${this.doors.socket}`);
    const patience = setTimeout(() => socket.close(), SOCKET_PATIENCE);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", visitor: this.store.visitor, after: this.after }));
    socket.onmessage = ({ data }) => {
      clearTimeout(patience);
      this.hear(JSON.parse(data));
    };
    socket.onclose = ({ code }) => {
      clearTimeout(patience);
      this.lose(socket, code);
    };
  }

  hear(frame) {
    if (frame.type === "messages") {
      this.becomeLive();
      this.take(frame);
    }
    if (frame.type === "taken") this.settle(frame.id, () => this.on.taken(frame.id));
    if (frame.type === "refused" && frame.id) {
      this.settle(frame.id, () => this.on.refused(frame.id, frame.reason, frame.retry_after));
    }
  }

  becomeLive() {
    if (this.isLive) return;
    this.isLive = true;
    this.failures = 0;
    this.inFlight.clear();
    this.on.state("live");
    this.flush();
  }

  async lose(socket, code) {
    if (socket !== this.socket || this.isGone) return;
    if (code === NOT_FOUND) return void this.stop();
    this.isLive = false;
    this.inFlight.clear();
    this.poll();
    if (code === FORBIDDEN) await this.identify();
    if (!this.isGone) this.retry = setTimeout(() => this.connect(), this.backoff());
  }

  abandon() {
    const { socket } = this;
    this.on.state("offline");
    socket.close();
    this.lose(socket); // its own close event may take minutes to come
    socket.onclose = null;
  }

  backoff() {
    const longest = Math.min(BACKOFF.most, BACKOFF.first * 2 ** this.failures++);
    return longest * (0.5 + Math.random() / 2);
  }

  // -- polling: the only way without a socket, and a slow second look with one

  async poll() {
    clearTimeout(this.timer);
    const turn = (this.turn = Symbol("poll"));
    if (!this.isLive) await this.fetchNews();
    if (turn !== this.turn || this.isGone) return;
    const pause = this.isLive ? POLL.live : document.visibilityState === "visible" ? POLL.visible : POLL.hidden;
    this.timer = setTimeout(() => (this.isLive ? this.fetchNews().then(() => this.poll()) : this.poll()), pause);
  }

  async fetchNews() {
    try {
      const answer = await this.request(`${this.doors.messages}?after=${this.after}`);
      if (answer.status === 403) return void (await this.identify());
      if (!answer.ok) throw new Error(answer.status);
      this.take(await answer.json());
      this.on.state(this.isLive ? "live" : "polling");
      this.flush();
    } catch {
      this.on.state("offline");
    }
  }

  async fetchEarlier(position) {
    const answer = await this.request(`${this.doors.messages}?before=${position}`);
    return answer.json();
  }

  wake() {
    if (this.isGone) return;
    this.fetchNews();
    if (!this.isLive && this.socket?.readyState === WebSocket.CLOSED) {
      clearTimeout(this.retry);
      this.failures = 0;
      this.connect();
    }
  }

  take(transcript) {
    const isFirst = this.after === 0;
    this.after = Math.max(this.after, ...transcript.messages.map((message) => message.seq));
    this.on.news(transcript, isFirst);
  }

  // -- outward: everything not yet taken, in order, each under its own id

  async flush() {
    if (this.isFlushing || this.isGone || !this.store.visitor) return;
    this.isFlushing = true;
    try {
      for (const message of this.store.outbox.filter((kept) => !kept.taken && !kept.refused)) {
        if (Date.now() < (this.quietUntil ?? 0)) break;
        if (this.inFlight.has(message.id)) continue;
        this.inFlight.add(message.id);
        if (!(await this.deliver(message))) break;
      }
    } finally {
      this.isFlushing = false;
    }
  }

  async deliver({ id, text, name }) {
    if (this.isLive && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type: "say", id, text, name }));
      // A socket may be dead without knowing it, after a sleep or a change of network: then begin again.
      setTimeout(() => { if (this.inFlight.has(id)) this.abandon(); }, TAKEN_PATIENCE);
      return true;
    }
    return this.post({ id, text, name });
  }

  async post(said) {
    try {
      const answer = await this.request(this.doors.messages, { method: "POST", body: JSON.stringify(said) });
      if (answer.ok) return this.settle(said.id, () => this.on.taken(said.id)), true;
      if (answer.status >= 500 || answer.status === 403) throw new Error(answer.status);
      const { error } = await answer.json();
      const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
      this.settle(said.id, () => this.on.refused(said.id, error.message, retryAfter));
      return !retryAfter;
    } catch {
      this.inFlight.delete(said.id);
      return false;
    }
  }

  settle(id, then) {
    this.inFlight.delete(id);
    then();
  }

  pause(seconds) {
    this.quietUntil = Date.now() + seconds * 1000;
    setTimeout(() => this.flush(), seconds * 1000 + 100);
  }

  see(seen) {
    if (this.isLive && this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type: "seen", ...seen }));
    } else {
      this.request(this.doors.seen, { method: "POST", body: JSON.stringify(seen), keepalive: true }).catch(() => {});
    }
  }
}
