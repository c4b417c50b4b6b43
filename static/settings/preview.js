// The words as a customer would read them, beside each template.
const example = JSON.parse(document.querySelector("#example").textContent);
let last = null;

for (const said of document.querySelectorAll("[data-preview-of]")) {
  const field = document.getElementById(said.dataset.previewOf);
  const draw = () => said.replaceChildren(...filled(field.value));
  field.addEventListener("input", draw);
  field.addEventListener("focus", () => (last = field));
  said.hidden = false;
  draw();
}

for (const chip of document.querySelectorAll("[data-insert]")) {
  chip.addEventListener("click", () => {
    if (!last) return;
    last.setRangeText(`{${chip.dataset.insert}}`, last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
    last.focus();
  });
}

function filled(template) {
  return template.split(/(\{[^{}]*\})/).map((part) => {
    if (!/^\{.*\}$/.test(part)) return part;
    const mark = document.createElement("mark");
    const name = part.slice(1, -1);
    mark.textContent = name in example ? example[name] : part;
    mark.title = part;
    if (!(name in example)) mark.className = "unknown";
    return mark;
  });
}
