// From reviews to a result: what is asked is shown while it is under way, and can be cancelled.
import { find, reveal } from "./elements.js";
import { count, percent, say } from "./language.js";
import { scoreRows } from "./scoring.js";
import { Problem } from "./server.js";
import { labelOf, leading, show, unanswered } from "./state.js";

let running = null;

export const cancel = () => running?.abort();
export function tell(text) {
  find("status").textContent = text;
  find("status").classList.remove("heard");
}

export function complain(text) {
  find("problem").textContent = text;
  if (text) reveal(find("problem"));
}

/** Do what takes a while; one thing at a time, and what comes later ends what is under way. */
export async function busily(work) {
  cancel();
  const mine = running = new AbortController();
  complain("");
  find("send").disabled = true;
  try {
    return await work(mine.signal);
  } catch (error) {
    if (error.name === "AbortError") return null;
    if (!(error instanceof Problem)) throw error; // a bug
    complain(error.message);
    return null;
  } finally {
    if (running === mine) {
      find("send").disabled = false;
      find("progress").hidden = true;
    }
  }
}

function showProgress(done, total) {
  find("progress").hidden = total < 2;
  find("bar").max = total;
  find("bar").value = done;
  find("done").textContent = say("progress", { n: count(done), m: count(total) });
}

function summary(result, seconds) {
  const [row] = result.rows;
  const answer = row?.answers[leading(result)];
  if (result.isOne && answer) {
    return `${say(labelOf(answer))}, ${say("confidence")} ${percent(answer.confidence)}`;
  }
  const left = unanswered(result);
  if (left) return say("left", { n: count(left) });
  return say("done", { n: count(result.rows.length), m: Math.max(seconds, 0.1).toFixed(1) });
}

/** Ask for the answers that a result lacks; shown with those that it got, whatever came between. */
export function score(result) {
  return busily(async (signal) => {
    const began = performance.now();
    tell("");
    try {
      await scoreRows(result, { signal, tell: showProgress });
    } finally {
      if (result.rows.some((row) => Object.keys(row.answers).length) || !result.isOne) {
        show(result);
        tell(summary(result, (performance.now() - began) / 1000));
        find("status").classList.toggle("heard", result.isOne); // it is read aloud, the card is seen
        reveal(find("results"));
      }
    }
  });
}
