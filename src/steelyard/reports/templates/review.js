// Decisions about one item after the other. What others wrote is only ever set as textContent or as a field's value.
"use strict";
(() => {
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const written = (number) => number.toLocaleString("en-US");
  const counted = (number, noun) => `${written(number)} ${noun}${number === 1 ? "" : "s"}`;
  const isText = (value) => typeof value === "string";

  const index = JSON.parse(find("#index").textContent);
  const { ids, before, decisions, limits } = index;
  const total = ids.length;
  const isReview = index.kind === "review";
  const [card, texts, status, which, who] = ["#card", "#texts", "#status", "#which", "#who"].map((id) => find(id));

  // ── the items ─────────────────────────────────────────────────────────────────────────────────────────────────────

  const sources = all("script.chunk");
  const chunks = []; // by number, promises of those that were needed

  // JSON, compressed by gzip, in base64.
  async function unpacked(source) {
    const packed = atob(source.textContent);
    const bytes = new Uint8Array(packed.length);
    for (let place = 0; place < packed.length; place++) bytes[place] = packed.charCodeAt(place);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  async function itemAt(place) {
    const number = Math.floor(place / index.chunk);
    chunks[number] ??= unpacked(sources[number]);
    return (await chunks[number])[place % index.chunk];
  }

  // ── what is decided, kept in this browser where it can be ─────────────────────────────────────────────────────────

  let changes = new Map(); // by id
  let at = 0; // the place of the item that is shown
  let item = null;
  let isKept = true;
  let isSaved = true;

  const decisionOf = (place) => changes.get(ids[place])?.decision || before[place];
  const change = () => changes.get(ids[at]) ?? {};

  // What another page or an older one may have left here is taken only where it is of the right form.
  function readable(found) {
    if (typeof found !== "object" || found === null || !["", ...decisions].includes(found.decision)) return null;
    const taken = { decision: found.decision };
    for (const name of ["question", "answer", "reason"]) if (isText(found[name])) taken[name] = found[name];
    if (Array.isArray(found.tags) && found.tags.every(isText)) taken.tags = found.tags;
    if (["", "easy", "hard"].includes(found.difficulty)) taken.difficulty = found.difficulty;
    if ((taken.decision === "drop") !== !!taken.reason) return null;
    if ((taken.decision === "edit") !== ("question" in taken || "answer" in taken)) return null;
    return taken;
  }

  function recall() {
    try {
      const found = JSON.parse(localStorage.getItem(index.key) ?? "{}");
      for (const [id, each] of Object.entries(found.changes ?? {})) {
        const taken = ids.includes(id) ? readable(each) : null;
        if (taken) changes.set(id, taken);
      }
      if (isText(found.who) && !who.value) who.value = found.who.slice(0, limits.name);
      isSaved = found.isSaved === true || !changes.size;
    } catch {
      isKept = false;
    }
  }

  function keep() {
    try {
      const kept = { changes: Object.fromEntries(changes), who: who.value, isSaved };
      localStorage.setItem(index.key, JSON.stringify(kept));
      isKept = true;
    } catch {
      isKept = false;
    }
    say();
  }

  // ── the item that is shown ────────────────────────────────────────────────────────────────────────────────────────

  function textsOf() {
    const { question, answer } = change();
    return item.texts.map((text) => {
      if (text[0] === "Question" && question !== undefined) return ["Question", question, 0, ""];
      if (text[0] === "Answer" && answer !== undefined) return ["Answer", answer, 0, ""];
      return text;
    });
  }

  function drawnField([name, head, cut, tail]) {
    const field = find("#field").content.firstElementChild.cloneNode(true);
    const part = (each) => find(`[data-part="${each}"]`, field);
    find("dt", field).textContent = name;
    part("head").textContent = head;
    part("cut").hidden = !cut;
    part("count").textContent = counted(cut, "character");
    part("tail").textContent = tail;
    return field;
  }

  // Each is a data URI of a PNG, JPEG or WebP, or none; the page's policy allows no other source.
  function drawnImage({ words, uri }) {
    const figure = find("#figure").content.firstElementChild.cloneNode(true);
    const image = find("img", figure);
    if (uri) image.src = uri;
    else image.remove();
    image.alt = words;
    find("figcaption", figure).textContent = words;
    return figure;
  }

  async function draw() {
    const place = at;
    const found = await itemAt(place);
    if (place !== at) return;
    item = found;
    const decision = decisionOf(at);
    card.className = `answer ${decision}`;
    find("#name").textContent = item.id;
    const reason = change().reason ? `: ${change().reason}` : "";
    const when = decision && !change().decision ? ", before this page" : "";
    find("#decision").textContent = decision ? `${decision}${when}${reason}` : "";
    find("#facts").textContent = [difficulty(), ...tags()].filter(Boolean).join(" · ");
    find("#images").replaceChildren(...item.images.map(drawnImage));
    find("#images").hidden = !item.images.length;
    texts.replaceChildren(...textsOf().map(drawnField));
    for (const button of all("[data-act][aria-pressed]")) {
      const act = button.dataset.act;
      button.setAttribute("aria-pressed", act === decision || act === difficulty());
    }
    find("#number").value = at + 1;
    say();
  }

  const tags = () => change().tags ?? item.tags;
  const difficulty = () => change().difficulty ?? item.difficulty;

  function say() {
    const decided = ids.filter((_, place) => decisionOf(place)).length;
    status.textContent = `${written(at + 1)} of ${written(total)} · ${written(decided)} decided · ${written(total - decided)} left`;
    find("#progress").value = decided;
    const mine = changes.size;
    const noun = isReview ? "change" : "label";
    const kept = isKept ? "kept in this browser" : "NOT kept by this browser: save before you close the page";
    const saved = isSaved ? "saved" : "not saved yet";
    find("#kept").textContent = mine ? `${counted(mine, noun)}, ${saved}, ${kept}.` : `No ${noun} yet.`;
    if (find("#copying").open) find("#copy").value = fileText();
  }

  // ── from item to item ─────────────────────────────────────────────────────────────────────────────────────────────

  function fits(place) {
    const decision = decisionOf(place);
    return which.value === "all" || (which.value === "open" ? !decision : decision === which.value);
  }

  function goTo(place) {
    close();
    at = Math.min(Math.max(place, 0), total - 1);
    item = null; // until it is unpacked, no key acts on another one
    return draw();
  }

  function step(by) {
    for (let place = at + by; place >= 0 && place < total; place += by) if (fits(place)) return goTo(place);
    return undefined;
  }

  // After a decision: the next item that is left, from here on and then from the start.
  function goOn() {
    for (let number = 1; number <= total; number++) {
      const place = (at + number) % total;
      if (!decisionOf(place)) {
        scrollTo(0, 0);
        return goTo(place);
      }
    }
    return goTo(at);
  }

  // ── decisions ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function set(part) {
    changes.set(ids[at], { decision: "", ...part });
    isSaved = false;
    keep();
  }

  // Tags and difficulty stay, whatever is decided.
  function decide(decision, more = {}) {
    const { tags, difficulty } = change();
    set({ ...(tags && { tags }), ...(difficulty !== undefined && { difficulty }), decision, ...more });
    return goOn();
  }

  function mark(part) {
    set({ ...change(), ...part, decision: change().decision || (before[at] ? "keep" : "") });
    return draw();
  }

  const panels = all(".panel");
  const openPanel = () => panels.find((panel) => !panel.hidden);

  function close() {
    const open = openPanel();
    for (const panel of panels) panel.hidden = true;
    find(".actions").hidden = false;
    if (open) card.focus({ preventScroll: true });
  }

  function open(id, field) {
    close();
    const panel = find(`#${id}`);
    find(".problem", panel).textContent = "";
    panel.hidden = false;
    find(".actions").hidden = true;
    panel.scrollIntoView({ block: "nearest" });
    find(field)?.focus();
  }

  function problem(id, text) {
    find(`#${id} .problem`).textContent = text;
  }

  let asWritten = {}; // the fields' values before anybody typed: a browser changes line ends

  function openEdit() {
    const [question, answer, option] = [find("#question"), find("#answer"), find("#option")];
    question.disabled = item.question === null;
    answer.disabled = item.answer === null;
    question.value = item.question ?? "too long to be edited here: edit samples.jsonl";
    answer.value = item.answer ?? "too long to be edited here: edit samples.jsonl";
    option.replaceChildren(...item.options.map((text) => new Option(text, text)));
    option.value = item.options.find((each) => each.toLowerCase() === (item.answer ?? "").toLowerCase()) ?? "";
    answer.hidden = item.options.length > 0;
    option.hidden = !answer.hidden;
    asWritten = { question: question.value, answer: answerField().value };
    if (change().question !== undefined) question.value = change().question;
    if (change().answer !== undefined) answerField().value = change().answer;
    open("edit", "#question:enabled, #answer:enabled");
  }

  const answerField = () => (item.options.length ? find("#option") : find("#answer"));

  function submitEdit() {
    const more = {};
    for (const [name, field] of [["question", find("#question")], ["answer", answerField()]]) {
      const text = field.value.replace(/[\0\p{Cs}]/gu, ""); // what no file of a suite can hold
      if (field.disabled || field.value === asWritten[name]) continue;
      if (!text.trim()) return problem("edit", `The ${name} is empty: drop the item instead.`);
      if (text.length > limits.text) return problem("edit", `The ${name} is too long.`);
      more[name] = text;
    }
    return decide(Object.keys(more).length ? "edit" : "keep", more);
  }

  const oneLine = (text, limit) => text.replace(/[\p{C}\s]+/gu, " ").trim().slice(0, limit).trim();

  function submitDrop(button) {
    const reason = oneLine(button?.dataset.reason ?? find("#reason").value, limits.reason);
    if (!reason) return problem("drop", "Say why.");
    find("#reason").value = "";
    return decide("drop", { reason });
  }

  function submitTags() {
    const words = [...new Set(find("#words").value.split(",").map((word) => oneLine(word, limits.tag)).filter(Boolean))];
    if (words.length > limits.tags) return problem("tags", `At most ${limits.tags} tags.`);
    close();
    return mark({ tags: words });
  }

  const acts = {
    back: () => step(-1),
    next: () => step(1),
    clear: () => {
      changes.delete(ids[at]);
      isSaved = !changes.size;
      keep();
      return goTo(at);
    },
    edit: openEdit,
    drop: () => open("drop", "#drop [data-reason]"),
    tags: () => {
      find("#words").value = tags().join(", ");
      open("tags", "#words");
    },
  };
  for (const name of ["hard", "easy"]) acts[name] = () => mark({ difficulty: difficulty() === name ? "" : name });
  for (const name of decisions) acts[name] ??= () => decide(name);

  // ── the file ──────────────────────────────────────────────────────────────────────────────────────────────────────

  function fileText() {
    const name = oneLine(who.value, limits.name);
    const mine = ids.filter((id) => changes.has(id));
    if (!isReview) {
      const lines = mine.map((id) => JSON.stringify({ id, label: changes.get(id).decision, labeller: name }));
      return lines.map((line) => `${line}\n`).join("");
    }
    const decided = mine.map((id) => ({ item: id, ...changes.get(id) }));
    const saved = new Date().toISOString();
    return `${JSON.stringify({ format: index.format, suite: index.digest, reviewer: name, saved, changes: decided }, null, 1)}\n`;
  }

  function save() {
    const url = URL.createObjectURL(new Blob([fileText()], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = index.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    isSaved = true;
    keep();
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────

  for (const button of all("[data-act]")) button.addEventListener("click", () => item && acts[button.dataset.act]());
  for (const button of all("[data-close]")) button.addEventListener("click", close);
  const submits = { edit: submitEdit, drop: submitDrop, tags: submitTags };
  for (const panel of panels) {
    panel.addEventListener("submit", (event) => {
      event.preventDefault();
      submits[panel.id](event.submitter?.dataset.reason && event.submitter);
    });
  }
  // Enter in the field of another reason would press the first button: that of a listed reason.
  find("#reason")?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    submitDrop();
  });
  which.addEventListener("change", () => {
    if (fits(at)) return draw();
    const place = ids.findIndex((_, each) => fits(each));
    return place < 0 ? draw() : goTo(place);
  });
  find("#number").addEventListener("change", (event) => goTo(Math.floor(Number(event.target.value) || 1) - 1));
  who.addEventListener("change", keep);
  find("#save").addEventListener("click", save);
  find("#copying").addEventListener("toggle", say);
  find("#forget").addEventListener("click", () => {
    find("#sure").hidden = false;
  });
  find("#forget-sure").addEventListener("click", () => {
    find("#sure").hidden = true;
    changes = new Map();
    isSaved = true;
    keep();
    try {
      localStorage.removeItem(index.key);
    } catch {
      // nothing was kept
    }
    goTo(0);
  });
  // The same page in another tab: what is decided there counts here too.
  addEventListener("storage", (event) => {
    if (event.key !== index.key || !event.newValue) return;
    changes = new Map();
    recall();
    draw();
  });
  addEventListener("beforeunload", (event) => {
    if (!isKept && !isSaved) event.preventDefault();
  });

  const keys = { ArrowLeft: "back", ArrowRight: "next" };
  for (const button of all("[data-act]")) keys[button.getAttribute("aria-keyshortcuts")] ??= button.dataset.act;
  if (isReview) Object.assign(keys, { b: "back", n: "next" });
  addEventListener("keydown", (event) => {
    const panel = openPanel();
    if (event.key === "Escape" && panel) {
      close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && panel?.id === "edit") {
      submitEdit();
    } else if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea")) {
      return;
    } else if (panel?.id === "drop" && /^[1-9]$/.test(event.key)) {
      const button = all("[data-reason]", panel)[Number(event.key) - 1];
      if (button) submitDrop(button);
    } else if (!panel && item && keys[event.key]) {
      acts[keys[event.key]]();
    } else {
      return;
    }
    event.preventDefault();
  });

  if (typeof DecompressionStream === "undefined") {
    find("#packed").hidden = false;
    return;
  }
  recall();
  find("#work").hidden = find("#saving").hidden = false;
  const left = ids.findIndex((_, place) => !decisionOf(place));
  goTo(left < 0 ? 0 : left);
})();
