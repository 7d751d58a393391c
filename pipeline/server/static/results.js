// The part of the page that shows the result, and the session's earlier ones.
import { score } from "./asking.js";
import { cards, chip } from "./cards.js";
import { button, find, make, reveal } from "./elements.js";
import { notes } from "./files.js";
import { count, percent, say } from "./language.js";
import { labelOf, leading, show, state, unanswered } from "./state.js";
import { table } from "./table.js";
import { totals } from "./totals.js";

const SHOWN_OF_A_NAME = 40;

function proceedButton(result) {
  if (!unanswered(result)) return [];
  return [button(say("proceed"), () => score(result), { className: "proceed" })];
}

/** Above many answers, but below a single one, which is what a phone has to show first. */
function placeTools({ isOne }) {
  const [tools, shown] = [find("tools"), find("shown")];
  if (isOne !== (shown.nextElementSibling === tools)) shown[isOne ? "after" : "before"](tools);
}

function renderResult(result) {
  find("results").hidden = !result;
  if (!result) return;
  find("find-line").hidden = result.isOne;
  placeTools(result);
  find("count").textContent = result.isOne ? "" : say("total", { n: count(result.rows.length) });
  find("limit").textContent = state.threshold > 0.5 ? `${Math.round(state.threshold * 100)}%` : say("off");
  find("find").value = state.view.wanted;
  const parts = result.isOne ? cards(result)
    : [...notes(result), ...totals(result), ...proceedButton(result), ...table(result)];
  const focused = document.activeElement?.dataset.key;
  find("shown").replaceChildren(...parts);
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function entry(result) {
  const name = result.isOne ? [...result.name].slice(0, SHOWN_OF_A_NAME).join("") : result.name;
  const answer = result.rows[0].answers[leading(result)];
  const made = button("", () => {
    show(result);
    reveal(find("results"));
  }, { attributes: { "aria-current": result === state.result } });
  made.append(make("span", { className: "name", textContent: name }));
  if (!result.isOne) made.append(make("span", { className: "facts", textContent: say("total", { n: count(result.rows.length) }) }));
  else if (answer) made.append(chip(labelOf(answer), ` ${percent(answer.confidence)}`));
  return make("li", {}, made);
}

export function render() {
  renderResult(state.result);
  find("history-part").hidden = state.history.length < 2;
  find("history").replaceChildren(...state.history.map(entry));
}
