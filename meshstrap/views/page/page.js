"use strict";
// Everything but copying works without this: it also remembers the language and which machines are created.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const place = `meshstrap:${document.body.dataset.cluster}:`;
  // A browser may refuse to keep anything for a file: then nothing is remembered, and nothing else is lost.
  const recall = (key) => { try { return localStorage.getItem(place + key); } catch { return null; } };
  const keep = (key, value) => { try { localStorage.setItem(place + key, value); } catch { /* as above */ } };

  const languages = [...document.querySelectorAll("input[name=language]")];
  const speak = (language) => {
    const chosen = languages.find((input) => input.value === language);
    if (!chosen) return;
    chosen.checked = true;
    root.lang = language;
  };
  speak(recall("language") || (navigator.language || "").slice(0, 2));
  for (const input of languages) {
    input.addEventListener("change", () => { speak(input.value); keep("language", input.value); });
  }

  const say = (place, template, number) => {
    const words = document.getElementById(template).content.cloneNode(true);
    for (const word of words.querySelectorAll(".t")) word.textContent = word.textContent.replace("#", number);
    place.replaceChildren(words);
  };

  const boxes = [...document.querySelectorAll("input[data-tick]")];
  const title = document.title;
  const count = () => {
    const created = boxes.filter((box) => box.checked).length;
    say(document.querySelector(".counter"), "said-created", created);
    document.title = `(${created}/${boxes.length}) ${title}`;
  };
  for (const box of boxes) {
    box.checked = recall(`created:${box.dataset.tick}`) === "yes";
    box.addEventListener("change", () => { keep(`created:${box.dataset.tick}`, box.checked ? "yes" : "no"); count(); });
  }
  count();

  const write = async (source, text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Older browsers, and those that allow no clipboard to a file: the old way needs a selection that can be seen.
      const details = source.closest("details");
      if (details) details.open = true;
      const range = document.createRange();
      range.selectNodeContents(source);
      if (source.select) source.select(); else { getSelection().removeAllRanges(); getSelection().addRange(range); }
      if (!document.execCommand("copy")) throw new Error("copying was refused");
    }
  };
  const answer = (button, template, bytes) => {
    const place = button.parentElement.querySelector(".said");
    say(place, template, bytes);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => place.replaceChildren(), 8000);
  };
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.copy);
      const text = source.value ?? source.textContent;
      const bytes = new TextEncoder().encode(text).length.toLocaleString("en");
      write(source, text).then(() => answer(button, "said-copied", bytes), () => answer(button, "said-failed", ""));
    });
  }
})();
