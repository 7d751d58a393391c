// The page's language: chosen by the browser, then by its reader, and remembered.
import { ENGLISH } from "./english.js";
import { KOREAN } from "./korean.js";

const WORDS = { ko: KOREAN, en: ENGLISH };
const NAME = "sentiment-language";
let language = remembered() ?? (navigator.language.startsWith("ko") ? "ko" : "en");

/** Storage may be denied: then the choice lasts as long as the page. */
function remembered() {
  try {
    const found = localStorage.getItem(NAME);
    return Object.hasOwn(WORDS, found) ? found : null;
  } catch {
    return null;
  }
}

function remember() {
  try {
    localStorage.setItem(NAME, language);
  } catch {
    // the choice lasts as long as the page
  }
}

export const say = (word, values = {}) =>
  WORDS[language][word].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
export const count = (number) => number.toLocaleString(language);
export const percent = (share) => `${(share * 100).toFixed(1)}%`;

export function speak() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-say]")) {
    element.textContent = say(element.dataset.say);
  }
  for (const element of document.querySelectorAll("[data-say-label]")) {
    element.setAttribute("aria-label", say(element.dataset.sayLabel));
  }
  for (const element of document.querySelectorAll("[data-say-placeholder]")) {
    element.placeholder = say(element.dataset.sayPlaceholder);
  }
}

export function otherLanguage() {
  language = language === "ko" ? "en" : "ko";
  remember();
}

export const nameOfOther = () => ({ text: say("other"), lang: language === "ko" ? "en" : "ko" });
