// The board: sorted and filtered, with ranks among the models that are left, and two models side by side.
"use strict";
(() => {
  const [models, columns] = ["models", "columns"].map((id) => JSON.parse(document.getElementById(id).textContent));
  const table = document.getElementById("board");
  const rows = [...table.tBodies[0].rows];
  const headings = [...table.tHead.rows[0].cells];
  const number = (row) => Number(row.dataset.row);
  const text = (value, sign = false) =>
    value === undefined ? "none" : `${sign && value > 0 ? "+" : ""}${(100 * value).toFixed(1)}`.replace("-", "−");

  // Sorting

  let sorted = null; // the column, and whether the best comes first

  function sort(column) {
    sorted = { column, best: sorted?.column !== column || !sorted.best };
    const sign = sorted.best ? -1 : 1;
    const value = (row) => columns[column].values[number(row)];
    const missing = (row) => (value(row) === undefined ? 1 : 0);
    rows.sort((a, b) => missing(a) - missing(b) || sign * (value(a) - value(b)) || 0);
    table.tBodies[0].append(...rows);
    headings.slice(1).forEach((heading, n) =>
      heading.setAttribute("aria-sort", n !== column ? "none" : sorted.best ? "descending" : "ascending"),
    );
  }

  headings.slice(1).forEach((heading, n) => heading.querySelector("button").addEventListener("click", () => sort(n)));

  // Filters, and ranks among what they leave

  const filters = [...document.querySelectorAll("#filters select")];

  function filter() {
    const wanted = filters.filter((one) => one.value).map((one) => [one.name, one.value]);
    const fits = (cell) => {
      const own = JSON.parse(cell.dataset.settings ?? "null");
      return own && wanted.every(([key, value]) => own[key] === value || !(key in own));
    };
    const left = columns.map(() => new Set());
    for (const row of rows)
      [...row.cells].slice(1).forEach((cell, n) => {
        const partial = columns[n].average && wanted.length > 0; // of its benchmarks, not all may be left
        cell.classList.toggle("off", partial || !fits(cell));
        if (cell.dataset.settings && !cell.classList.contains("off")) left[n].add(number(row));
      });
    const shown = new Set(left.flatMap((each) => [...each]));
    for (const row of rows) {
      row.hidden = !shown.has(number(row));
      [...row.cells].slice(1).forEach((cell, n) => (cell.hidden = !left[n].size));
    }
    headings.slice(1).forEach((heading, n) => (heading.hidden = !left[n].size));
    left.forEach(rank);
    const status = document.getElementById("left");
    if (status) status.textContent = `${shown.size} of ${rows.length} models`;
  }

  function rank(left, n) {
    const [better, worse] = [new Map(), new Map()];
    const count = (map, one) => map.set(one, (map.get(one) ?? 0) + 1);
    for (const { a, b, apart, difference } of columns[n].pairs) {
      if (!apart || !left.has(a) || !left.has(b)) continue;
      const [first, second] = difference.value > 0 ? [b, a] : [a, b];
      count(worse, first);
      count(better, second);
    }
    const ranked = [...left].filter((one) => one in columns[n].values);
    for (const row of rows) {
      if (!ranked.includes(number(row))) continue;
      const cell = row.cells[n + 1];
      const [best, worst] = [1 + (better.get(number(row)) ?? 0), ranked.length - (worse.get(number(row)) ?? 0)];
      cell.querySelector(".rank").textContent = best === worst ? `${best}` : `${best}–${worst}`;
      cell.classList.toggle("first", best === 1);
    }
  }

  for (const one of filters) one.addEventListener("change", filter);

  // Two models

  const pair = [...document.querySelectorAll("#pair select")];
  if (!pair.length) return;
  const shown = browser();
  const sources = models.map((model) => source(model.samples));

  function differences(a, b) {
    const body = document.querySelector("#differences tbody");
    body.replaceChildren(
      ...columns.filter(({ values }) => a in values && b in values).map((column) => {
        const found = column.pairs.find((one) => (one.a === a && one.b === b) || (one.a === b && one.b === a));
        const sign = found?.a === a ? 1 : -1;
        const apart = found && ["low", "value", "high"].map((side) => sign * found.difference[side]);
        const cells = [text(column.values[a]), text(column.values[b])].map((value) => element("td", { class: "count" }, value));
        const range = apart ? [apart[0], apart[2]].sort((x, y) => x - y).map((value) => text(value, true)).join(" to ") : "";
        return element(
          "tr",
          {},
          element("th", { scope: "row" }, column.name),
          ...cells,
          element("td", { class: "count" }, apart ? text(apart[1], true) : "none", element("span", { class: "range" }, ` ${range}`)),
          element("td", { class: "count" }, found ? (found.p < 0.001 ? "< 0.001" : found.p.toFixed(3)) : ""),
        );
      }),
    );
  }

  // Samples that both have, with the answers of both. A filter at the start leaves those that differ.
  async function compare(asked) {
    const [a, b] = pair.map((one) => Number(one.value));
    if (asked) history.replaceState(null, "", `#${new URLSearchParams({ a, b })}`);
    differences(a, b);
    const chosen = () => pair.every((one, n) => Number(one.value) === [a, b][n]);
    try {
      const [first, second] = await Promise.all([sources[a].index(), sources[b].index()]);
      if (!chosen()) return; // another model was chosen in the meantime
      const others = new Map(second.map((one) => [one.id, one]));
      const both = first.filter((one) => others.has(one.id)).map((one) => joined(one, others.get(one.id)));
      const differ = both.some((one) => one.facets.scores[0] === "differ");
      await shown.open(both, (one) => texts(one, a, b), differ ? { scores: "differ" } : {});
    } catch (error) {
      shown.say(error.message);
    }
  }

  function joined(a, b) {
    const known = a.score !== null && b.score !== null;
    const better = !known ? "not known" : a.score > b.score ? "A" : b.score > a.score ? "B" : "neither";
    const own = Object.entries(a.facets).filter(([name]) => !["result", "answer", "check failed", "samples that pass"].includes(name));
    const facets = {
      scores: [a.score === b.score ? "alike" : "differ"],
      better: [better],
      A: [a.mark],
      B: [b.mark],
      ...Object.fromEntries(own),
    };
    return { ...b, facets, sides: [a, b] };
  }

  async function texts({ sides }, a, b) {
    const found = await Promise.all(sides.map((one, n) => sources[[a, b][n]].texts(one)));
    const named = (name, n) => `${"AB"[n]}, ${models[[a, b][n]].name}: ${name}`;
    const [first, second] = found.map((one) => one.messages);
    const alike = JSON.stringify(first) === JSON.stringify(second); // a turn follows each model's own answers
    return {
      messages: alike ? first : [...first, ...second.map(([role, said]) => [`B: ${role}`, said])],
      responses: found.flatMap((one, n) => one.responses.map((each) => ({ ...each, name: named(each.name, n) }))),
      replies: Object.fromEntries(
        found.flatMap((one, n) => Object.entries(one.replies).map(([key, reply]) => [named(key, n), reply])),
      ),
    };
  }

  const address = new URLSearchParams(location.hash.slice(1));
  ["a", "b"].forEach((side, n) => {
    if (models[address.get(side)]) pair[n].value = address.get(side);
  });
  for (const one of pair) one.addEventListener("change", () => compare(true));
  compare(false);
})();
