// A report of one run: all of its samples.
"use strict";
(async () => {
  const found = source(document.getElementById("samples").dataset.beside);
  const shown = browser();
  try {
    await shown.open(await found.index(), found.texts);
  } catch (error) {
    shown.say(error.message);
  }
})();
