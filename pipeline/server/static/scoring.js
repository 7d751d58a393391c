// Many reviews in requests that the server's limits admit, one after the other for each model.
import { count, say } from "./language.js";
import { LIMITS, predict } from "./server.js";

const TEXTS_AT_A_TIME = { fast: 500, deep: 64 };
const BYTES_AT_A_TIME = Math.min(LIMITS.body * 0.9, 2 ** 18);
const SMALLER_MAY_DO = [413, 504];

export const length = (text) => [...text].length;

/** Why the server would refuse a review, or null. */
function problemOf(text) {
  if (length(text) > LIMITS.longest) return "too_long";
  return text.isWellFormed() ? null : "malformed";
}

/** Why, in the page's words; empty where it would not. */
export function sayProblem(text) {
  const problem = problemOf(text);
  return problem ? say(problem, { n: count(length(text)), m: count(LIMITS.longest) }) : "";
}

const encoder = new TextEncoder();
const bytesOf = (text) => encoder.encode(JSON.stringify(text)).length + 1;

function* batches(rows, slot) {
  const most = Math.min(LIMITS.texts, TEXTS_AT_A_TIME[slot]);
  let batch = [];
  let bytes = 0;
  for (const row of rows) {
    const more = bytesOf(row.text);
    if (batch.length === most || (batch.length && bytes + more > BYTES_AT_A_TIME)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += more;
  }
  if (batch.length) yield batch;
}

/** Answer the rows of a batch; in halves, where the whole is too much. */
async function answer(batch, slot, result, signal) {
  try {
    const options = { signal, isPatient: true };
    const began = performance.now();
    const reply = await predict(batch.map((row) => row.text), slot, options);
    result.models[slot] = reply.model;
    result.ms[slot] = performance.now() - began;
    batch.forEach((row, place) => {
      const { label, confidence } = reply.answer[place];
      row.answers[slot] = { label, confidence };
    });
  } catch (problem) {
    if (batch.length === 1 || !SMALLER_MAY_DO.includes(problem.status)) throw problem;
    const middle = Math.ceil(batch.length / 2);
    await answer(batch.slice(0, middle), slot, result, signal);
    await answer(batch.slice(middle), slot, result, signal);
  }
}

/**
 * Ask for all answers that the rows lack. `tell` is called with how many are there, and of how many.
 * What is answered stays answered, whatever ends it: an abort, or a Problem.
 */
export async function scoreRows(result, { signal, tell }) {
  for (const row of result.rows) row.problem = problemOf(row.text);
  const able = result.rows.filter((row) => !row.problem);
  const total = able.length * result.slots.length;
  const left = result.slots.map((slot) => able.filter((row) => !row.answers[slot]));
  let done = total - left.reduce((sum, rows) => sum + rows.length, 0);
  tell(done, total);
  const scoreSlot = async (slot, place) => {
    for (const batch of batches(left[place], slot)) {
      await answer(batch, slot, result, signal);
      done += batch.length;
      tell(done, total);
    }
  };
  const ends = await Promise.allSettled(result.slots.map(scoreSlot));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
