// Elements of the page. Texts only ever become text: nothing here takes HTML.

export const find = (id) => document.getElementById(id);

/** An element with these properties and children; `data`, `attributes`, `style` and `on` hold several. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { data = {}, attributes = {}, style = {}, on = {}, ...rest } = properties;
  Object.assign(element, rest);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  element.append(...children);
  return element;
}

export const button = (text, listener, properties = {}) =>
  make("button", { type: "button", textContent: text, on: { click: listener }, ...properties });

/** Bring an answer into view, where it is not; at once for those who want no motion. */
export function reveal(element) {
  const { top } = element.getBoundingClientRect();
  if (top >= 0 && top < innerHeight * 0.6) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}
