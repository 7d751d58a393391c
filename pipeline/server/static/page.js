// The page put together: what is offered, what is heard.
import { cancel } from "./asking.js";
import { download } from "./csv.js";
import { button, find } from "./elements.js";
import { takeFiles } from "./files.js";
import { EXAMPLES } from "./korean.js";
import { count, nameOfOther, otherLanguage, say, speak } from "./language.js";
import { render } from "./results.js";
import { send, updateCounter } from "./reviews.js";
import { LIMITS, servedSlots } from "./server.js";
import { changed, look, state, whenChanged } from "./state.js";

function chosenSlots() {
  const chosen = new FormData(find("form")).get("model") ?? "fast";
  return chosen === "both" ? ["fast", "deep"] : [chosen];
}

/** Offer what the server has; both side by side where it has both. */
async function offerModels() {
  const slots = await servedSlots();
  const offered = slots.length > 1 ? [...slots, "both"] : slots;
  for (const radio of document.querySelectorAll("[name=model]")) {
    radio.disabled = !offered.includes(radio.value);
    radio.parentElement.hidden = radio.value === "both" && radio.disabled;
  }
  const radio = document.querySelector(`[name=model][value=${offered.at(-1) ?? "fast"}]`);
  radio.disabled = false;
  radio.checked = true;
}

function offerExamples() {
  find("examples").append(...EXAMPLES.map((text) => button(text, () => {
    find("text").value = text;
    find("form").requestSubmit();
  }, { lang: "ko" })));
}

function sayAll() {
  speak();
  const other = nameOfOther();
  find("language").textContent = other.text;
  find("language").lang = other.lang;
  find("kinds").textContent = say("kinds", { n: count(LIMITS.rows) });
  updateCounter();
  changed();
}

find("form").addEventListener("submit", (event) => {
  event.preventDefault();
  updateCounter();
  send(chosenSlots());
});
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("form").requestSubmit();
});
for (const id of ["text", "lines"]) find(id).addEventListener("input", updateCounter);
find("language").addEventListener("click", () => {
  otherLanguage();
  sayAll();
});
find("threshold").addEventListener("input", (event) => {
  state.threshold = Number(event.target.value) / 100;
  changed();
});
find("find").addEventListener("input", (event) => look({ wanted: event.target.value, shown: 50 }));
find("cancel").addEventListener("click", cancel);
find("download").addEventListener("click", () => download(state.result));
find("forget").addEventListener("click", () => {
  state.history = [];
  state.result = null;
  changed();
});
takeFiles(chosenSlots);
whenChanged(render);
offerExamples();
sayAll();
offerModels();
