// What is written in the box: one review, or one on each line.
import { complain, score } from "./asking.js";
import { find } from "./elements.js";
import { count, say } from "./language.js";
import { length, sayProblem } from "./scoring.js";
import { LIMITS } from "./server.js";
import { makeResult } from "./state.js";

const lines = () => find("text").value.split("\n").filter((line) => line.trim());
const isMany = () => lines().length > 1 && find("lines").checked;
const written = () => (isMany() ? lines() : [find("text").value]);

/** Count the characters as the server does, by code points. */
export function updateCounter() {
  const longest = Math.max(...written().map(length), 0);
  const word = isMany() ? { n: count(lines().length), m: count(longest) }
    : { n: count(longest), m: count(LIMITS.longest) };
  find("counter").textContent = say(isMany() ? "counters" : "counter", word);
  find("counter").classList.toggle("over", longest > LIMITS.longest);
  find("lines-line").hidden = lines().length < 2;
}

function complaint(texts) {
  if (!find("text").value) return say("empty");
  if (!find("text").value.trim()) return say("blank");
  if (texts.length > LIMITS.rows) return say("too_many", { n: count(LIMITS.rows) });
  return texts.length === 1 ? sayProblem(texts[0]) : "";
}

export async function send(slots) {
  const texts = written();
  const problem = complaint(texts);
  complain(problem);
  if (problem) {
    find("text").focus();
    return;
  }
  const isOne = texts.length === 1;
  const name = isOne ? texts[0] : say("pasted");
  const rows = texts.map((text) => [text]);
  await score(makeResult(name, slots, { columns: ["text"], texts, rows }, isOne));
}
