// Files: their rows are read by the server, with the readers of `sentiment predict`.
import { busily, complain, score, tell } from "./asking.js";
import { find, make, reveal } from "./elements.js";
import { count, say } from "./language.js";
import { LIMITS, readRows, sayTooBig } from "./server.js";
import { makeResult } from "./state.js";

const SHOWN_OF_A_CELL = 30;
let chosenSlots = () => [];
let pending = null; // a file whose column is being asked for

async function read(file, column) {
  find("columns").hidden = true;
  if (file.size > LIMITS.body) {
    complain(sayTooBig());
    return;
  }
  tell(say("reading", { name: file.name }));
  const found = await busily((signal) => readRows(file, column, signal));
  tell("");
  if (!found) return;
  if (!found.rows.length) complain(say("nothing"));
  else if (found.text_column === null) askForColumn(file, found);
  else await scoreFile(file, found);
}

async function scoreFile(file, found) {
  const result = makeResult(file.name, chosenSlots(), found);
  const shape = { name: file.name, n: found.encoding, m: found.text_column };
  Object.assign(result, { isFile: true, shape, rejects: found.rejects });
  await score(result);
}

function askForColumn(file, { columns, rows }) {
  pending = file;
  const options = columns.map((column, place) => make("option", {
    value: column, textContent: `${column} · ${rows[0][place].slice(0, SHOWN_OF_A_CELL)}`,
  }));
  find("column").replaceChildren(...options);
  find("columns").hidden = false;
  find("column").focus();
  reveal(find("columns"));
}

/** What is to be known of how a file was read. */
export function notes(result) {
  if (!result.isFile) return [];
  const texts = [say("read_as", result.shape)];
  if (result.rejects.length) {
    const values = { n: count(result.rejects.length), m: count(result.rejects[0].line) };
    texts.push(say("rejects", values));
  }
  return texts.map((textContent) => make("p", { className: "facts", textContent }));
}

export function takeFiles(slots) {
  chosenSlots = slots;
  const zone = find("form");
  find("file").addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen again
    if (file) read(file, null);
  });
  find("use-column").addEventListener("click", () => read(pending, find("column").value));
  for (const name of ["dragover", "dragleave", "drop"]) {
    zone.addEventListener(name, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return; // a text that is dragged
      event.preventDefault();
      zone.classList.toggle("dropping", name === "dragover");
      const [file] = event.dataTransfer.files;
      if (name === "drop" && file) read(file, null);
    });
  }
}
