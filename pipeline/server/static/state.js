// What the page holds: the result that is shown, those before it, and how they are looked at.

const MOST_REMEMBERED = 20;
const FRESH_VIEW = { sort: "number", descending: false, filter: "all", wanted: "", shown: 50 };

export const state = {
  result: null,
  history: [],
  threshold: 0.5,
  view: { ...FRESH_VIEW },
};

const watchers = [];
export const whenChanged = (watcher) => watchers.push(watcher);
export const changed = () => watchers.forEach((watcher) => watcher());

/**
 * A result: rows of a file, of pasted lines, or one review (`isOne`).
 *
 * A row: `number` from 1, `text`, `cells` (all its columns), `problem` (why it cannot be asked, or
 * null) and `answers` by slot, each with label and confidence. `models` and `ms`: the artifact that answered
 * last, and in which time, by slot.
 */
export function makeResult(name, slots, { columns, texts, rows }, isOne = false) {
  const made = texts.map((text, place) => ({
    number: place + 1, text, cells: rows[place], problem: null, answers: {},
  }));
  return { name, slots, columns, rows: made, isOne, models: {}, ms: {} };
}

export function show(result) {
  state.result = result;
  state.view = { ...FRESH_VIEW };
  if (!state.history.includes(result)) {
    state.history = [result, ...state.history].slice(0, MOST_REMEMBERED);
  }
  changed();
}

export function look(changes) {
  Object.assign(state.view, changes);
  changed();
}

/** The label of an answer, `unsure` where it is less sure than wanted. */
export const labelOf = (answer) => (answer.confidence < state.threshold ? "unsure" : answer.label);

export const positiveShare = ({ label, confidence }) =>
  label === "positive" ? confidence : 1 - confidence;

/** Of two models, the one whose labels are counted: the deep one. */
export const leading = (result) => result.slots.at(-1);

export const isAnswered = (row, result) => result.slots.every((slot) => row.answers[slot]);

/** How many rows lack an answer that they can be asked for. */
export const unanswered = (result) =>
  result.rows.filter((row) => !row.problem && !isAnswered(row, result)).length;

export function disagrees(row, result) {
  return result.slots.length > 1 && isAnswered(row, result)
    && row.answers.fast.label !== row.answers.deep.label;
}
