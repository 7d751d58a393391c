// Sums over all rows of a result, and buttons that show a part of them.
import { button, make } from "./elements.js";
import { count, percent, say } from "./language.js";
import { disagrees, isAnswered, labelOf, leading, look, state } from "./state.js";

const LABELS = ["positive", "unsure", "negative"];

const isLabelled = (label) => (row, result) => {
  const answer = row.answers[leading(result)];
  return Boolean(answer) && labelOf(answer) === label;
};

/** Whether a row is shown under a filter. */
const FILTERS = {
  all: () => true,
  positive: isLabelled("positive"),
  negative: isLabelled("negative"),
  unsure: isLabelled("unsure"),
  disagreement: disagrees,
  unanswered: (row, result) => !isAnswered(row, result),
};

export function matching(result) {
  const wanted = state.view.wanted.toLowerCase();
  return result.rows.filter((row) => FILTERS[state.view.filter](row, result)
    && row.text.toLowerCase().includes(wanted));
}

/** A bar of the labels of one model, and what it says in words. */
function bar(result, slot) {
  const answers = result.rows.map((row) => row.answers[slot]).filter(Boolean);
  const labels = answers.map(labelOf);
  const share = (label) => labels.filter((other) => other === label).length / (labels.length || 1);
  const mean = answers.reduce((sum, answer) => sum + answer.confidence, 0) / (answers.length || 1);
  const values = { name: say(slot), n: percent(share("positive")), m: percent(mean) };
  const parts = LABELS.map((label) =>
    make("i", { className: label, style: { "flex-grow": String(share(label)) } }));
  return make("div", {},
    make("p", { textContent: say("total_model", values) }),
    make("div", { className: "bar", attributes: { "aria-hidden": true } }, ...parts));
}

function filterButton(name, result) {
  const found = result.rows.filter((row) => FILTERS[name](row, result)).length;
  const isOn = state.view.filter === name;
  if (!found && !isOn && name !== "all") return [];
  const text = make("span", { className: "count", textContent: count(found) });
  const made = button(say(name), () => look({ filter: name, shown: 50 }), {
    className: `filter ${name}`,
    data: { key: `filter-${name}` },
    attributes: { "aria-pressed": isOn },
  });
  made.append(" ", text);
  return [made];
}

export function totals(result) {
  const filters = Object.keys(FILTERS).flatMap((name) => filterButton(name, result));
  const group = { role: "group", "aria-label": say("filter") };
  const based = result.slots.length > 1 ? [say("based", { name: say(leading(result)) })] : [];
  return [
    make("div", { className: "totals" }, ...result.slots.map((slot) => bar(result, slot))),
    make("div", { className: "filters", attributes: group }, ...filters,
      make("span", { className: "facts" }, ...based)),
  ];
}
