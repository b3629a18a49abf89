// The sample browser: search, filters, a list, and one sample at a time.
// What models wrote is added to the page as text nodes only.
"use strict";

function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function browser() {
  const [search, facets, count, list, pane] = ["search", "facets", "count", "list", "sample"].map((id) =>
    document.getElementById(id),
  );
  const PAGE = 100;
  const MARKS = { passed: "✓", partly: "◐", failed: "✗", undecided: "?" };
  let samples = [];
  let texts = null;
  let chosen = {};
  let found = [];
  let open = null;

  function badge(mark) {
    return element("span", { class: `badge ${mark}`, title: mark }, MARKS[mark]);
  }

  // Which samples

  function words(sample, said) {
    return [
      sample.id,
      ...said.messages.map(([, text]) => text),
      ...said.responses.flatMap((r) => [r.thinking, r.answer, ...r.notes, ...r.verdicts.flatMap((v) => [v.id, v.reason])]),
      ...Object.values(said.replies),
    ];
  }

  async function searched() {
    const wanted = search.value.trim();
    if (!wanted) return samples;
    count.textContent = "searching …";
    const [all, said] = [samples, texts];
    const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i");
    const matches = [];
    for (const sample of all)
      if (words(sample, await said(sample)).some((text) => pattern.test(text))) matches.push(sample);
    return matches;
  }

  function fits(sample, except) {
    return Object.entries(chosen).every(
      ([name, value]) => name === except || (sample.facets[name] ?? []).includes(value),
    );
  }

  // A filter is offered if it narrows what the others leave and applies to all of that: one benchmark's own
  // filters appear once that benchmark is chosen.
  function options(within, name) {
    const counts = new Map();
    const left = within.filter((sample) => fits(sample, name));
    if (left.some((sample) => !(name in sample.facets))) return [];
    for (const sample of left)
      for (const value of sample.facets[name]) counts.set(value, (counts.get(value) ?? 0) + 1);
    if (![...counts.values()].some((number) => number < left.length)) return [];
    return [...counts].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  }

  // What is shown

  function select(name, values, total) {
    const any = element("option", { value: "" }, `${name}: all`);
    const made = element("select", { "aria-label": name, name }, any);
    for (const [value, number] of values)
      made.append(element("option", { value }, `${name}: ${value} (${number})`));
    made.value = chosen[name] ?? "";
    made.addEventListener("change", () => {
      if (made.value) chosen[name] = made.value;
      else delete chosen[name];
      update();
    });
    return made;
  }

  async function update() {
    const [all, wanted] = [samples, search.value];
    let within;
    try {
      within = await searched();
    } catch (error) {
      return say(error.message);
    }
    if (all !== samples || wanted !== search.value) return; // another search has begun
    const names = new Set(samples.flatMap((sample) => Object.keys(sample.facets)));
    const focused = document.activeElement?.name;
    facets.replaceChildren();
    for (const name of names) {
      const values = options(within, name);
      if (values.length || name in chosen) facets.append(select(name, values));
    }
    if (focused && focused in chosen) facets.querySelector(`select[name="${CSS.escape(focused)}"]`)?.focus();
    found = within.filter((sample) => fits(sample));
    count.textContent = `${found.length} of ${samples.length}`;
    list.replaceChildren();
    more();
    if (!found.includes(open)) await show(found[0] ?? null, false);
    else highlight();
  }

  function more() {
    list.querySelector(".more")?.remove();
    const start = list.children.length;
    list.append(...found.slice(start, start + PAGE).map(entry));
    if (found.length <= start + PAGE) return;
    const button = element("button", { type: "button" }, `${found.length - start - PAGE} more`);
    button.addEventListener("click", more);
    list.append(element("li", { class: "more" }, button));
  }

  function entry(sample) {
    const button = element(
      "button",
      { type: "button" },
      badge(sample.mark),
      element("span", { class: "id" }, sample.id),
      element("span", { class: "start" }, sample.start),
    );
    button.addEventListener("click", () => show(sample, true));
    return element("li", {}, button);
  }

  function highlight() {
    const position = found.indexOf(open);
    [...list.children].forEach((line, n) => line.classList.toggle("open", n === position));
  }

  function say(text) {
    pane.replaceChildren(element("p", {}, text));
  }

  async function show(sample, asked) {
    open = sample;
    highlight();
    if (!sample) return say("No sample matches.");
    let said;
    try {
      said = await texts(sample);
    } catch (error) {
      return say(error.message);
    }
    if (open !== sample) return; // another one was opened in the meantime
    pane.replaceChildren(...whole(sample, said));
    pane.scrollTop = 0;
    if (!asked) return;
    const address = new URLSearchParams(location.hash.slice(1));
    address.set("sample", sample.id);
    history.replaceState(null, "", `#${address}`);
    pane.focus({ preventScroll: true });
    if (matchMedia("(max-width: 760px)").matches) pane.scrollIntoView();
  }

  // One sample

  function whole(sample, said) {
    const facts = Object.entries(sample.facets).filter(([name, values]) => values.length && name !== "check failed");
    return [
      element("h3", {}, badge(sample.mark), sample.id, steps()),
      element("p", { class: "chips" }, ...facts.map(([name, values]) => chip(`${name}: ${values.join(", ")}`))),
      ...said.messages.map(message),
      element("div", { class: "responses" }, ...said.responses.map(response)),
      ...replies(said.replies),
    ];
  }

  function chip(text) {
    return element("span", { class: "chip" }, text);
  }

  function steps() {
    const position = found.indexOf(open);
    const to = (sample, name, text) => {
      const button = element("button", { type: "button", "aria-label": name, title: name }, text);
      button.disabled = !sample;
      button.addEventListener("click", () => show(sample, true));
      return button;
    };
    return element(
      "span",
      { class: "steps" },
      to(found[position - 1], "Previous sample", "←"),
      to(found[position + 1], "Next sample", "→"),
    );
  }

  function message([role, text]) {
    const long = role === "system" || text.length > 6000;
    return folded(role === "user" ? "prompt" : role, text, !long, "message");
  }

  function folded(name, text, unfolded, kind) {
    const made = element("details", { class: kind }, element("summary", {}, name), element("pre", {}, text));
    made.open = unfolded;
    return made;
  }

  function response(one) {
    return element(
      "section",
      { class: "response" },
      element("h4", {}, one.name, ...one.notes.map(chip)),
      one.thinking ? folded("thinking", one.thinking, one.thinking.length < 1500, "thinking") : null,
      element("pre", { class: "answer" }, one.answer || "(no answer)"),
      element("ul", { class: "verdicts" }, ...one.verdicts.map(verdict)),
    );
  }

  function verdict({ id, passed, reason, active }) {
    const mark = passed === null ? "undecided" : passed ? "passed" : "failed";
    const counts = active ? "" : "does not count here";
    return element(
      "li",
      { class: active ? "" : "inactive" },
      badge(mark),
      element("span", {}, element("b", {}, id), element("span", { class: "reason" }, reason), counts),
    );
  }

  function replies(found) {
    const entries = Object.entries(found);
    return entries.map(([key, reply]) => folded(`judge: ${key}`, reply, entries.length === 1, "judgment"));
  }

  let waiting;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(update, 150);
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { j: 1, k: -1 }[event.key];
    const next = step && found[found.indexOf(open) + step];
    if (next) show(next, true);
  });

  return {
    say,
    // Show other samples. `said`: from one of them to a promise of its texts; `first`: the filters at the start.
    async open(listed, said, first = {}) {
      [samples, texts, chosen] = [listed, said, first];
      const asked = new URLSearchParams(location.hash.slice(1)).get("sample");
      const named = samples.find((sample) => sample.id === asked);
      open = named ?? null;
      await update();
      if (named) await show(named, false);
      if (named) pane.scrollIntoView();
    },
  };
}
