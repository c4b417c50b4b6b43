// The ladder as it is drawn in the thread, here to be moved: drag a rung or use the arrow keys; the fields follow.
const SVG = "http://www.w3.org/2000/svg";
const drawing = document.querySelector("#drawing");
const svg = drawing.querySelector("svg");
const shorter = document.querySelector("#shorter");
const LINE = 16;
const rungs = [...document.querySelectorAll("[data-rung]")].map((field) => ({ word: field.dataset.rung, input: field.querySelector("input") }));
const factors = [...document.querySelectorAll("[data-factor]")].map((field) => ({ word: field.dataset.factor, input: field.querySelector("input") }));
let scale = 60;

drawing.hidden = false;
svg.append(gradient(), shape("rect", { class: "line", x: 0, y: LINE - 2, height: 4, rx: 2, width: "100%" }), shape("rect", { class: "wash", x: 0, y: LINE - 2, height: 4, rx: 2 }));
for (const [number, rung] of rungs.entries()) svg.append(grip(rung, number));
for (const { input } of [...rungs, ...factors]) input.addEventListener("input", () => { rescale(); draw(); });
new ResizeObserver(draw).observe(svg);
rescale();

function minutes(rung) {
  return Number.parseFloat(rung.input.value.replace(",", ".")) || 0;
}

// The last rung stands at the right, with room to be moved further.
function rescale() {
  scale = Math.max(...rungs.map(minutes), 0.01) * 1.12;
}

function draw() {
  const width = svg.clientWidth;
  const x = (value) => Math.min(1, value / scale) * width;
  svg.querySelector(".wash").setAttribute("width", x(minutes(rungs.at(-1))));
  let edge = [-Infinity, -Infinity];
  for (const [number, rung] of rungs.entries()) {
    const value = minutes(rung);
    const isWrong = value <= (number ? minutes(rungs[number - 1]) : 0);
    rung.node.setAttribute("transform", `translate(${x(value)} 0)`);
    rung.node.classList.toggle("wrong", isWrong);
    rung.node.setAttribute("aria-valuenow", value);
    rung.node.setAttribute("aria-valuetext", `${rung.word} after ${spoken(value)}`);
    rung.at.textContent = spoken(value);
    // Words that would touch stand one line lower.
    const half = Math.max(rung.label.getComputedTextLength(), rung.at.getComputedTextLength()) / 2 + 6;
    const middle = Math.min(Math.max(x(value), half), width - half);
    const row = middle - half >= edge[0] ? 0 : 1;
    edge[row] = middle + half;
    for (const [line, text] of [rung.label, rung.at].entries()) {
      text.setAttribute("x", middle - x(value));
      text.setAttribute("y", LINE + 20 + 15 * line + row * 32);
    }
  }
  svg.style.height = `${edge[1] > -Infinity ? 104 : 72}px`;
  shorter.textContent = factors.map(({ word, input }) => `${word}: ${rungs.map((rung) => spoken(minutes(rung) * (Number.parseFloat(input.value) || 1))).join(", ")}`).join(" · ");
}

function spoken(value) {
  if (value && value < 1) return `${Math.round(value * 60)} s`;
  return value < 120 ? `${Number(value.toFixed(1))} min` : `${Number((value / 60).toFixed(1))} h`;
}

function move(rung, number, value) {
  const step = scale < 3 ? 0.05 : scale < 30 ? 0.5 : 1;
  const lowest = (number ? minutes(rungs[number - 1]) : 0) + step;
  const highest = number < rungs.length - 1 ? minutes(rungs[number + 1]) - step : scale;
  const rounded = Math.round(value / step) * step;
  rung.input.value = Number(Math.min(Math.max(rounded, lowest), Math.max(highest, lowest)).toFixed(2));
  draw();
}

function grip(rung, number) {
  const node = shape("g", { role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-label": rung.word });
  rung.node = node;
  rung.label = shape("text", { class: "rung", "text-anchor": "middle" });
  rung.at = shape("text", { class: "rung at", "text-anchor": "middle" });
  rung.label.textContent = rung.word;
  node.append(shape("circle", { class: "grip", cy: LINE, r: 9 }), rung.label, rung.at);
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    node.focus();
  });
  node.addEventListener("pointermove", (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const box = svg.getBoundingClientRect();
    move(rung, number, ((event.clientX - box.left) / box.width) * scale);
  });
  node.addEventListener("lostpointercapture", () => { rescale(); draw(); });
  node.addEventListener("keydown", (event) => {
    const step = scale < 3 ? 0.05 : scale < 30 ? 0.5 : 1;
    const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -5 * step, PageUp: 5 * step }[event.key];
    if (!by) return;
    event.preventDefault();
    move(rung, number, minutes(rung) + by);
    rescale();
    draw();
  });
  return node;
}

function gradient() {
  const colours = shape("linearGradient", { id: "climb" });
  colours.append(shape("stop", { class: "from", offset: 0 }), shape("stop", { class: "to", offset: 1 }));
  const definitions = shape("defs", {});
  definitions.append(colours);
  return definitions;
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
