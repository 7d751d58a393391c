// Many answers in a table that can be sorted; a review opens to show why.
import { agreement, chip, meter } from "./cards.js";
import { button, make } from "./elements.js";
import { highlights } from "./highlights.js";
import { count, percent, say } from "./language.js";
import { sayProblem } from "./scoring.js";
import { disagrees, labelOf, look, positiveShare, state } from "./state.js";
import { matching } from "./totals.js";

const MORE = 100;
const ALWAYS_LAST = Infinity;
const collator = new Intl.Collator("ko");

/** What rows are sorted by; a verdict by P(positive), what has no answer always at the end. */
function keyOf(name) {
  const [what, slot] = name.split(":");
  if (what === "verdict") return (row) => row.answers[slot] && positiveShare(row.answers[slot]);
  if (what === "confidence") return (row) => row.answers[slot]?.confidence;
  return (row) => row.number;
}

function sorted(rows) {
  const { sort, descending } = state.view;
  if (sort === "text") {
    const order = rows.toSorted((a, b) => collator.compare(a.text, b.text));
    return descending ? order.reverse() : order;
  }
  const key = keyOf(sort);
  const value = (row) => key(row) ?? ALWAYS_LAST;
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === y) return a.number - b.number;
    if (x === ALWAYS_LAST || y === ALWAYS_LAST) return x === ALWAYS_LAST ? 1 : -1;
    return descending ? y - x : x - y;
  });
}

function heading(name, text) {
  const { sort, descending } = state.view;
  const isOn = sort === name;
  const order = isOn ? (descending ? "descending" : "ascending") : "none";
  const turn = () => look({ sort: name, descending: isOn ? !descending : name.includes("confidence") });
  return make("th", { attributes: { scope: "col", role: "columnheader", "aria-sort": order } },
    button(text, turn, { data: { key: `sort-${name}` } }));
}

const cell = (className, ...children) =>
  make("td", { className, attributes: { role: "cell" } }, ...children);

function answerCells(row, slot, result) {
  const answer = row.answers[slot];
  if (!answer) return [cell("verdict", "–"), cell("confidence", "–")];
  const named = result.slots.length > 1 ? [make("span", { className: "slot", textContent: say(slot) })] : [];
  const number = make("b", { textContent: percent(answer.confidence) });
  return [cell("verdict", ...named, chip(labelOf(answer))), cell("confidence", make("span", { className: "level" }, number, meter(answer)))];
}

function problemText(row) {
  if (!row.problem) return [];
  return [make("span", { className: "problem", textContent: sayProblem(row.text) })];
}

function differenceMark(row, result) {
  if (!disagrees(row, result)) return [];
  return [make("span", { className: "difference", textContent: say("disagreement") })];
}

function reviewCell(row, result) {
  const text = make("button", {
    type: "button", className: "review", textContent: row.text, lang: "ko",
    attributes: { "aria-expanded": false },
  });
  const place = cell("text", text, ...problemText(row), ...differenceMark(row, result));
  text.addEventListener("click", () => {
    const isOpen = text.getAttribute("aria-expanded") === "true";
    text.setAttribute("aria-expanded", !isOpen);
    if (isOpen) place.querySelector(".detail").remove();
    else {
      const why = result.slots.includes("fast") && !row.problem ? [highlights(row)] : [];
      place.append(make("div", { className: "detail" }, ...agreement(row, result), ...why));
    }
  });
  return place;
}

function tableRow(row, result) {
  return make("tr", { attributes: { role: "row" } },
    cell("number", count(row.number)),
    reviewCell(row, result),
    ...result.slots.flatMap((slot) => answerCells(row, slot, result)));
}

export function table(result) {
  const rows = sorted(matching(result));
  const isOne = result.slots.length === 1;
  const head = make("tr", { attributes: { role: "row" } },
    heading("number", say("number")),
    heading("text", say("label")),
    ...result.slots.flatMap((slot) => [
      heading(`verdict:${slot}`, say(isOne ? "verdict" : slot)),
      heading(`confidence:${slot}`, say("confidence")),
    ]));
  const shown = rows.slice(0, state.view.shown);
  const parts = [make("table", { attributes: { role: "table", "aria-label": say("results"), "aria-rowcount": rows.length + 1 } },
    make("thead", { attributes: { role: "rowgroup" } }, head),
    make("tbody", { attributes: { role: "rowgroup" } }, ...shown.map((row) => tableRow(row, result))))];
  if (!rows.length) parts.push(make("p", { className: "facts", textContent: say("none") }));
  const left = Math.min(rows.length - shown.length, MORE);
  if (left > 0) {
    parts.push(button(say("more", { n: count(left) }), () => look({ shown: state.view.shown + MORE }),
      { data: { key: "more" } }));
  }
  return parts;
}
