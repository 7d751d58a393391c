// Asking the server, and its refusals in the page's words.
import { find } from "./elements.js";
import { count, say } from "./language.js";

const { maxBody, maxTexts, maxRows, longest } = document.documentElement.dataset;
export const LIMITS = {
  body: Number(maxBody), texts: Number(maxTexts), rows: Number(maxRows), longest: Number(longest),
};
const MOST_ATTEMPTS = 8;
const WORDS_OF_CODES = {
  model_unavailable: "unavailable", overloaded: "overloaded", rate_limited: "overloaded",
  deadline: "deadline", file_refused: "file_refused", reader_missing: "reader_missing",
};

/** An answer that is none: `status` is 0 where the server was not reached. */
export class Problem extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function post(path, body, type, signal) {
  const headers = { "Content-Type": type };
  const key = find("key").value.trim();
  if (!/^[\x20-\x7e]*$/.test(key)) throw new Problem(401, wordsOf(401)); // no header can hold it
  if (key) headers.Authorization = `Bearer ${key}`;
  try {
    return await fetch(path, { method: "POST", headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, say("unreachable"));
  }
}

export const sayTooBig = () => say("file_too_big", { n: LIMITS.body / 2 ** 20 });

function wordsOf(status, code) {
  if (status === 401) {
    find("key-line").hidden = false;
    find("key").focus();
    return say(find("key").value.trim() ? "wrong_key" : "unauthorized");
  }
  if (code === "file_too_large") return say(code, { n: count(LIMITS.rows) });
  if (status === 413) return sayTooBig();
  return code in WORDS_OF_CODES ? say(WORDS_OF_CODES[code]) : say("failed", { n: status });
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    const waiting = setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(waiting);
      reject(signal.reason);
    });
  });
}

/** The answer as JSON, and its headers. `isPatient`: the server may say to try again later. */
async function ask(path, body, type, { signal, isPatient = false } = {}) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await post(path, body, type, signal);
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return { answer, model: response.headers.get("X-Model") };
    const wait = Number(response.headers.get("Retry-After"));
    const code = answer.error?.code;
    const isOver = !isPatient || !wait || code === "model_unavailable" || attempt === MOST_ATTEMPTS;
    if (isOver) throw new Problem(response.status, wordsOf(response.status, code));
    await pause(wait, signal);
  }
}

const askJson = (path, body, options) =>
  ask(path, JSON.stringify(body), "application/json", options);

/** A review of nothing is answered as one of a space, which the model's cleaning takes away. */
const asSent = (text) => text || " ";

export const predict = (texts, slot, options) => askJson(
  "predict", { text: texts.map(asSent), do_fast: slot === "fast", unsure_below: 0.5 }, options);

export const explain = async (text) => (await askJson("explain", { text: asSent(text) })).answer;

export async function readRows(file, column, signal) {
  const asked = new URLSearchParams({ name: file.name, ...(column === null ? {} : { column }) });
  const options = { signal, isPatient: true };
  return (await ask(`rows?${asked}`, file, "application/octet-stream", options)).answer;
}

/** Slots that the server has a model in. */
export async function servedSlots() {
  const models = await fetch("readyz").then((r) => r.json()).then((r) => r.models, () => ({}));
  return ["fast", "deep"].filter((slot) => slot in models);
}
