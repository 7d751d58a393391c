// The result as `sentiment predict --excel` writes it: the same columns, names, values and bytes.
import { labelOf, state } from "./state.js";

// As pipeline/batch/output/cells.py: what Excel would run gets an apostrophe, whatever unseen
// characters stand before it; numbers stay. Texts are quoted, our numbers are not.
const SEPARATES = /^[\t\r\n]/;
const UNSEEN = /^[\p{Z}\p{C}\p{M}\u115f\u1160\u3164\uffa0]*/u;
const FORMULA = /^[=+\-@\u2212]/;
const NUMBER = /^[+-]?\p{Nd}+(?:[.,]\p{Nd}+)*(?:[eE][+-]?\p{Nd}+)?$/u;

const isFormula = (cell) => !NUMBER.test(cell)
  && (SEPARATES.test(cell) || FORMULA.test(cell.replace(UNSEEN, "").slice(0, 2).normalize("NFKC")));
const defused = (cell) => (isFormula(cell) ? `'${cell}` : cell);
const quoted = (cell) => `"${defused(cell).replaceAll('"', '""')}"`;
/** All digits, as Python writes them: 1.0, not 1. */
const numeral = (number) => (Number.isInteger(number) ? number.toFixed(1) : String(number));
const written = (cell) => (typeof cell === "number" ? numeral(cell) : quoted(cell));
const line = (cells) => `${cells.map(written).join(",")}\r\n`;

function added(slot, prefix) {
  const isUnsurePossible = state.threshold > 0.5;
  const names = ["predicted_label", "confidence", ...(isUnsurePossible ? ["likelier_label"] : [])];
  const values = (answer) => {
    if (!answer) return names.map(() => "");
    const label = labelOf(answer);
    return [label, answer.confidence, answer.label].slice(0, names.length);
  };
  return { slot, values, names: names.map((name) => prefix + name) };
}

/** The added columns of each model; a prefix tells two models apart, and ours from the input's. */
function additions(result) {
  const isOne = result.slots.length === 1;
  for (let prefix = ""; ; prefix += "model_") {
    const all = result.slots.map((slot) => added(slot, isOne ? prefix : `${prefix}${slot}_`));
    if (!all.some(({ names }) => names.some((name) => result.columns.includes(name)))) return all;
  }
}

function toCsv(result) {
  const columns = additions(result);
  const header = line([...result.columns, ...columns.flatMap(({ names }) => names)]);
  const lines = result.rows.map((row) => line([
    ...row.cells, ...columns.flatMap(({ slot, values }) => values(row.answers[slot])),
  ]));
  return `\ufeff${header}${lines.join("")}`;
}

export function download(result) {
  const address = URL.createObjectURL(new Blob([toCsv(result)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${(result.isFile ? result.name : "sentiment").replace(/\.[^.]*$/, "")}.scored.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
