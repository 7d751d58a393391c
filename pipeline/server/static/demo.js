"use strict";
const find = (id) => document.getElementById(id);
const CODES = { 401: "unauthorized", 429: "overloaded" };
let language = navigator.language.startsWith("ko") ? "ko" : "en";
let last = []; // what is shown, to show it again in the other language

const say = (word) => WORDS[language][word];

function translate(root) {
  for (const element of root.querySelectorAll("[data-say]")) {
    element.textContent = say(element.dataset.say);
  }
}

function setLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = language;
  document.title = say("title");
  translate(document);
  find("examples").setAttribute("aria-label", say("examples"));
  find("language").textContent = say("other");
  find("language").lang = language === "ko" ? "en" : "ko";
  show(last);
}

async function ask(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (find("key").value) headers.Authorization = `Bearer ${find("key").value}`;
  const started = performance.now();
  let response;
  try {
    response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Error(say("unreachable"));
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(problem(response.status, answer.error));
  return { answer, model: response.headers.get("X-Model"), ms: performance.now() - started };
}

function problem(status, error) {
  if (status === 401) find("key-line").hidden = false;
  const word = error.code === "model_unavailable" ? "unavailable"
    : error.code === "overloaded" ? "overloaded" : CODES[status];
  return word ? say(word) : `${say("failed")}: ${error.message}`;
}

async function judge(slot, text) {
  const { answer, model, ms } = await ask("predict", { text, do_fast: slot === "fast" });
  const result = { slot, model, ms, ...answer[0] };
  if (slot === "fast") result.why = (await ask("explain", { text })).answer;
  return result;
}

async function send(event) {
  event.preventDefault();
  const text = find("text").value;
  find("problem").textContent = "";
  if (!text) {
    find("problem").textContent = say("empty");
    return;
  }
  const chosen = new FormData(find("form")).get("model");
  const slots = chosen === "both" ? ["fast", "deep"] : [chosen];
  find("send").disabled = true;
  const results = await Promise.allSettled(slots.map((slot) => judge(slot, text)));
  find("send").disabled = false;
  const problems = results.filter((r) => r.status === "rejected").map((r) => r.reason.message);
  find("problem").textContent = [...new Set(problems)].join(" ");
  show(results.filter((r) => r.status === "fulfilled").map((r) => r.value));
}

function show(results) {
  last = results;
  find("answers").replaceChildren(...results.map(card));
}

function card(result) {
  const element = find("card").content.cloneNode(true).firstElementChild;
  translate(element);
  const part = (selector) => element.querySelector(selector);
  const percent = (result.confidence * 100).toFixed(1);
  element.classList.add(result.label);
  part("h2").textContent = say(result.slot);
  part("strong").textContent = say(result.label);
  part(".confidence").textContent = `${say("confidence")} ${percent}%`;
  part(".meter").setAttribute("aria-label", `${say(result.label)}, ${percent}%`);
  part(".meter i").style.width = `${percent}%`;
  part(".facts").textContent = `${say("answered")} ${result.ms.toFixed(1)} ms · ${result.model}`;
  if (result.why) {
    part(".why").hidden = false;
    part(".shares").replaceChildren(...coloured(result.why));
  }
  return element;
}

/** Each character on the colour of what it speaks for, the stronger the deeper. */
function coloured({ text, shares }) {
  const strongest = Math.max(...shares.map(Math.abs)) || 1;
  return [...text].map((character, place) => {
    const mark = document.createElement("span");
    const share = shares[place];
    mark.textContent = character;
    mark.className = share > 0 ? "positive" : "negative";
    mark.style.setProperty("--strength", `${Math.round((70 * Math.abs(share)) / strongest)}%`);
    mark.title = share.toFixed(3);
    return mark;
  });
}

/** Offer what the server has; both side by side where it has both. */
async function offerModels() {
  const models = await fetch("readyz").then((r) => r.json()).then((r) => r.models, () => ({}));
  const has = { fast: "fast" in models, deep: "deep" in models };
  has.both = has.fast && has.deep;
  for (const radio of document.querySelectorAll("[name=model]")) {
    radio.disabled = !has[radio.value];
    radio.parentElement.hidden = radio.value === "both" && !has.both;
  }
  const best = ["both", "fast", "deep"].find((name) => has[name]) || "fast";
  const radio = document.querySelector(`[name=model][value=${best}]`);
  radio.disabled = false;
  radio.checked = true;
}

for (const text of EXAMPLES) {
  const button = document.createElement("button");
  button.type = "button";
  button.lang = "ko";
  button.textContent = text;
  button.addEventListener("click", () => {
    find("text").value = text;
    find("form").requestSubmit();
  });
  find("examples").append(button);
}
find("form").addEventListener("submit", send);
find("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("form").requestSubmit();
});
find("language").addEventListener("click", () => setLanguage(language === "ko" ? "en" : "ko"));
setLanguage(language);
offerModels();
