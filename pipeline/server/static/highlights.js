// Which words of a review speak for what: each a button, whose value a touch or the keyboard shows.
import { button, make } from "./elements.js";
import { percent, say } from "./language.js";
import { explain } from "./server.js";

const signed = (number) => (number < 0 ? "−" : "+") + Math.abs(number).toFixed(1);

/** Words and the blanks between them, each with the sum of its characters' shares. */
function words({ text, shares }) {
  const characters = [...text];
  const found = [];
  characters.forEach((character, place) => {
    const isBlank = /\s/.test(character);
    const last = found.at(-1);
    if (last && last.isBlank === isBlank) {
      last.text += character;
      last.share += shares[place];
    } else {
      found.push({ text: character, share: shares[place], isBlank });
    }
  });
  return found;
}

function wordButton(word, { strongest, all }, value) {
  const side = word.share > 0 ? "positive" : "negative";
  const weight = { n: signed(word.share), m: percent(Math.abs(word.share) / all) };
  const meaning = say(`towards_${side}`, weight);
  const tell = (event) => {
    const chosen = event.currentTarget;
    chosen.parentElement.querySelector(".chosen")?.classList.remove("chosen");
    chosen.classList.add("chosen");
    value.textContent = say("share", { name: word.text, n: meaning });
  };
  const properties = {
    className: `word ${side}`,
    style: { "--share": (Math.abs(word.share) / strongest).toFixed(3) },
    attributes: { "aria-description": meaning },
  };
  const made = button(word.text, tell, properties);
  made.addEventListener("focus", tell);
  made.addEventListener("pointerenter", tell);
  return made;
}

function drawn(explanation) {
  const found = words(explanation);
  const sizes = found.map((word) => Math.abs(word.share));
  const scale = { strongest: Math.max(...sizes) || 1, all: sizes.reduce((a, b) => a + b, 0) || 1 };
  const value = make("p", { className: "value", textContent: say("touch") });
  const shares = make("p", { className: "shares", lang: "ko" }, ...found.map((word) =>
    (word.isBlank ? word.text : wordButton(word, scale, value))));
  const sum = { n: signed(explanation.intercept), m: signed(explanation.logit) };
  return [shares, value, make("p", { className: "facts", textContent: say("base", sum) })];
}

/** A part of the page that says why the fast model answers so; kept with the row. */
export function highlights(row) {
  const part = make("div", { className: "why" }, make("h3", { textContent: say("why") }));
  const add = (explanation) => {
    row.explanation = explanation;
    part.append(...drawn(explanation));
  };
  if (row.explanation) add(row.explanation);
  else {
    explain(row.text).then(add, (problem) => {
      part.append(make("p", { className: "facts", textContent: problem.message }));
    });
  }
  return part;
}
