// <script src="https://…/chat/<token>/widget.js" data-name="Davi" async></script>
// A button in the corner and the chat in a frame. It lives in a shadow root: the page's styles and ours do not meet.
(() => {
  const script = document.currentScript;
  const page = new URL("./", script.src).href;
  const remembered = `baton.opened.${page}`;
  if (document.querySelector(`baton-chat[data-page="${CSS.escape(page)}"]`)) return;

  const STYLE = `
    :host { position: fixed; inset: auto 20px 20px auto; z-index: 2147483000; color-scheme: light dark; font: 400 14px/1.4 system-ui, sans-serif; }
    button { all: unset; box-sizing: border-box; cursor: pointer; }
    button:focus-visible { outline: 3px solid light-dark(#5a45b0, #a896f5); outline-offset: 2px; }
    .launch { display: grid; place-content: center; position: relative; width: 56px; height: 56px; margin-left: auto; border-radius: 50%; background: light-dark(#1c1b19, #eceae5); color: light-dark(#fbfaf7, #16171a); }
    .launch svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
    .count { position: absolute; top: -2px; right: -2px; min-width: 20px; padding: 0 5px; border-radius: 10px; background: #0b6e4f; color: #fff; font: 600 12px/20px system-ui, sans-serif; text-align: center; box-sizing: border-box; }
    .panel { position: fixed; right: 20px; bottom: 88px; width: min(384px, calc(100vw - 40px)); height: min(620px, calc(100dvh - 108px)); border: 1px solid light-dark(#cfc9be, #3c3f45); border-radius: 12px; overflow: hidden; background: light-dark(#fff, #1d1f23); }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: light dark; }
    .close { position: absolute; top: 7px; right: 10px; display: grid; place-content: center; width: 32px; height: 32px; border-radius: 6px; color: light-dark(#5d5a54, #a9a69f); font-size: 20px; line-height: 1; }
    [hidden] { display: none !important; }
    @media (max-width: 480px) { .panel:not([hidden]) + .launch { display: none; } .panel { inset: 0; width: auto; height: 100dvh; border: 0; border-radius: 0; } }
  `;

  const host = document.createElement("baton-chat");
  host.dataset.page = page;
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet]; // passes a page whose policy forbids inline styles

  const launch = button("launch", "Open the chat", "m4 16-.6 3.6L7.4 19a8.6 8.6 0 1 0-3.4-3Z");
  const count = make("span", "count");
  const panel = make("div", "panel");
  const close = button("close", "Close the chat");
  close.textContent = "×";
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", "Chat");
  panel.hidden = count.hidden = true;
  launch.append(count);
  panel.append(close);
  root.append(panel, launch);
  let frame = null;
  let isLoaded = false;

  launch.onclick = () => show(panel.hidden);
  close.onclick = () => show(false);
  root.addEventListener("keydown", (event) => event.key === "Escape" && show(false));
  addEventListener("message", ({ source, data }) => {
    if (source !== frame?.contentWindow || data?.baton !== "unread") return;
    count.textContent = data.count > 9 ? "9+" : data.count;
    count.hidden = !data.count || !panel.hidden;
    launch.setAttribute("aria-label", data.count ? `Open the chat, ${data.count} new` : "Open the chat");
  });

  function show(isOpen) {
    if (isOpen) load();
    panel.hidden = !isOpen;
    count.hidden = true;
    launch.setAttribute("aria-expanded", String(isOpen));
    tell({ baton: isOpen ? "open" : "closed" });
    if (isOpen) frame.focus();
    else launch.focus({ preventScroll: true });
  }

  function load() {
    if (frame) return;
    frame = make("iframe", "");
    frame.src = page;
    frame.title = "Chat";
    frame.onload = () => {
      isLoaded = true;
      tell({ baton: "name", name: script.dataset.name ?? "" });
      tell({ baton: panel.hidden ? "closed" : "open" });
    };
    panel.append(frame);
    try { localStorage.setItem(remembered, "1"); } catch { /* then the count of unread waits for the first opening */ }
  }

  function tell(news) { if (isLoaded) frame.contentWindow.postMessage(news, new URL(page).origin); }

  function make(tag, className) {
    const node = document.createElement(tag);
    if (className) node.className = className;
    return node;
  }

  function button(className, label, drawing) {
    const node = make("button", className);
    node.type = "button";
    node.setAttribute("aria-label", label);
    if (drawing) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      svg.setAttribute("viewBox", "0 0 24 24");
      path.setAttribute("d", drawing);
      svg.append(path);
      node.append(svg);
    }
    return node;
  }

  function start() {
    document.body.append(host);
    // Who chatted here before hears of new answers on every page; everybody else loads nothing until they ask.
    try { if (localStorage.getItem(remembered)) load(); } catch { /* storage is forbidden here */ }
  }

  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
