// Keys for what the page's buttons and boxes do. Each key presses the element, so that nothing is
// done here that a pointer cannot do.
"use strict";

const press = (selector) => document.querySelector(selector)?.click();
const KEYS = {
  ArrowLeft: () => press('button[value="left"]'),
  ArrowDown: () => press('button[value="tie"]'),
  ArrowRight: () => press('button[value="right"]'),
  Backspace: () => press("#previous"),
  1: () => press('input[name="left_accepted"]'),
  2: () => press('input[name="right_accepted"]'),
};

// People who speak to their computer press keys that they did not mean: the keys can be turned off
// (WCAG 2.1.4), and stay so in this browser.
const OFF = "yuragi-keys-off";
const keysAreOn = () => localStorage.getItem(OFF) === null;
const shortcuts = document.querySelector("#shortcuts");
if (shortcuts) {
  const box = shortcuts.querySelector("input");
  shortcuts.hidden = false;
  box.checked = keysAreOn();
  box.addEventListener("change", () => (box.checked ? localStorage.removeItem(OFF) : localStorage.setItem(OFF, "1")));
}

document.addEventListener("keydown", (event) => {
  if (!keysAreOn()) return;
  const modified = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  if (modified || event.repeat || !(event.key in KEYS)) return;
  if (document.readyState !== "complete") return; // nobody votes on pictures that are not there yet
  event.preventDefault();
  KEYS[event.key]();
});

// A second press of a slow page would be a vote on the same pair: it does nothing.
const form = document.querySelector("form");
form?.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => delete form?.dataset.sent);
