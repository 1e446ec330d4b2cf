// Filters the cards and stores labels in the browser. Without it the page can still be read.
(() => {
  "use strict";
  const cards = [...document.querySelectorAll(".card")];
  const by = (id) => document.getElementById(id);
  const form = by("filter");
  const store = document.body.dataset.store;
  const key = (card) => `${card.dataset.query} ${card.dataset.candidate}`;
  let stored = true; // whether this browser can store labels of this page
  let labels = read(); // "query candidate" -> "1" relevant, "0" not

  function read() {
    try {
      return new Map(Object.entries(JSON.parse(localStorage.getItem(store) || "{}")));
    } catch {
      stored = false;
      return new Map();
    }
  }

  function write() {
    try {
      localStorage.setItem(store, JSON.stringify(Object.fromEntries(labels)));
    } catch {
      stored = false;
    }
  }

  function show(card) {
    const label = labels.get(key(card));
    if (label === undefined) delete card.dataset.label;
    else card.dataset.label = label;
    for (const button of card.querySelectorAll("[data-answer]")) {
      button.setAttribute("aria-pressed", String(button.dataset.answer === label));
    }
  }

  function tally() {
    const yes = [...labels.values()].filter((label) => label === "1").length;
    by("count").textContent = labels.size
      ? `${yes} relevant, ${labels.size - yes} not${stored ? "" : ". This browser cannot store labels: download them before you close the page"}`
      : "No labels yet";
    for (const id of ["csv", "jsonl", "delete"]) by(id).disabled = labels.size === 0;
  }

  function announce(text) {
    by("announcement").textContent = text;
  }

  function answer(card, label) {
    if (label === null) labels.delete(key(card));
    else labels.set(key(card), label);
    write();
    cards.filter((other) => key(other) === key(card)).forEach(show); // a pair may have cards in two sections
    tally();
    const message = label === null ? "Label removed" : label === "1" ? "Accepted: relevant" : "Rejected: not relevant";
    announce(`${message}. ${labels.size} labelled.`);
  }

  const visible = () => cards.filter((card) => !card.hidden);

  function go(card, step) {
    const some = visible();
    const next = some[some.indexOf(card) + step];
    if (!next) return announce(step > 0 ? "This is the last card." : "This is the first card.");
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    a: (card) => { answer(card, "1"); go(card, 1); },
    r: (card) => { answer(card, "0"); go(card, 1); },
    u: (card) => answer(card, null),
    j: (card) => go(card, 1),
    k: (card) => go(card, -1),
  };

  document.addEventListener("keydown", (event) => {
    const card = event.target.closest(".card");
    const act = keys[event.key.toLowerCase()];
    if (!card || !act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act(card);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-answer]");
    if (!button) return;
    const card = button.closest(".card");
    const again = labels.get(key(card)) === button.dataset.answer;
    answer(card, again ? null : button.dataset.answer);
  });

  function filter() {
    const criteria = Object.fromEntries(new FormData(form));
    const low = criteria.low === "" ? -Infinity : Number(criteria.low);
    const high = criteria.high === "" ? Infinity : Number(criteria.high);
    const fits = ({ part, task, score, label }) =>
      (!criteria.part || part === criteria.part) &&
      (!criteria.task || task === criteria.task) &&
      (score === "" ? !Number.isFinite(low) && !Number.isFinite(high) : Number(score) >= low && Number(score) <= high) &&
      (!criteria.label || (label ?? "none") === criteria.label);
    for (const card of cards) card.hidden = !fits(card.dataset);
    for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".card:not([hidden])");
    by("matches").textContent = `${visible().length} of ${cards.length} cards`;
  }

  function download(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    announce(`${labels.size} labels downloaded as ${name}.`);
  }

  const rows = () => [...labels].sort(([one], [other]) => (one < other ? -1 : 1)).map(([pair, label]) => {
    const [query_id, candidate_id] = pair.split(" ");
    return { query_id, candidate_id, relevant: label === "1" };
  });

  by("csv").addEventListener("click", () => {
    const lines = rows().map((row) => `${row.query_id},${row.candidate_id},${row.relevant}`);
    download("labels.csv", "text/csv", ["query_id,candidate_id,relevant", ...lines, ""].join("\n"));
  });
  by("jsonl").addEventListener("click", () => {
    download("labels.jsonl", "application/jsonl", rows().map((row) => `${JSON.stringify(row)}\n`).join(""));
  });
  by("delete").addEventListener("click", () => {
    if (!confirm(`Delete all ${labels.size} labels? Downloaded files are kept.`)) return;
    labels = new Map();
    write();
    cards.forEach(show);
    tally();
    announce("All labels deleted.");
  });
  by("begin").addEventListener("click", () => {
    const first = visible().find((card) => card.dataset.label === undefined) ?? visible()[0];
    if (!first) return announce("No card to label: no card matches the filter.");
    first.focus({ preventScroll: true });
    first.scrollIntoView({ block: "center" });
  });
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());

  cards.forEach(show);
  tally();
  filter();
  document.body.dataset.ready = ""; // reveals the controls that need this script
})();
