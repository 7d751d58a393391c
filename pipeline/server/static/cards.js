// The answer to one review: a card for each model.
import { make } from "./elements.js";
import { highlights } from "./highlights.js";
import { percent, say } from "./language.js";
import { disagrees, isAnswered, labelOf } from "./state.js";

/** A label in its colour and with its sign, since colour alone tells not everybody. */
export const chip = (label, after = "") =>
  make("span", { className: `chip ${label}`, textContent: say(label) + after });

export function meter(answer) {
  const fill = make("i", { style: { width: percent(answer.confidence) } });
  return make("span", { className: `meter ${labelOf(answer)}`, attributes: { "aria-hidden": true } }, fill);
}

function card(row, slot, result) {
  const answer = row.answers[slot];
  const label = labelOf(answer);
  const parts = [
    make("h3", { textContent: say(slot) }),
    make("p", {}, chip(label), `${say("confidence")} `,
      make("b", { textContent: percent(answer.confidence) })),
    meter(answer),
  ];
  if (label === "unsure") {
    const likelier = say("likelier", { name: say(answer.label) });
    parts.push(make("p", { className: "facts", textContent: likelier }));
  }
  if (slot === "fast") parts.push(highlights(row));
  const facts = { n: result.ms[slot].toFixed(0), name: result.models[slot] };
  parts.push(make("p", { className: "facts", textContent: say("answered", facts) }));
  return make("article", { className: label }, ...parts);
}

export function agreement(row, result) {
  if (result.slots.length < 2 || !isAnswered(row, result)) return [];
  const differs = disagrees(row, result);
  const properties = { className: differs ? "agreement differs" : "agreement" };
  return [make("p", { ...properties, textContent: say(differs ? "differ" : "agree") })];
}

export function cards(result) {
  const [row] = result.rows;
  const answered = result.slots.filter((slot) => row.answers[slot]);
  return [
    make("blockquote", { textContent: row.text, lang: "ko" }),
    ...agreement(row, result),
    make("div", { className: "cards" }, ...answered.map((slot) => card(row, slot, result))),
  ];
}
