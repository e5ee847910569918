// Filters, search and pages of the answers. What others wrote is only ever set as textContent.
"use strict";
(() => {
  const DEBOUNCE = 200; // milliseconds after the last key
  const TURN = 12; // milliseconds of search, then the browser may paint
  const DEFAULTS = { readings: [], task: "", query: "", page: 1 };

  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const written = (number) => number.toLocaleString("en-US");
  const counted = (number, noun) => `${written(number)} ${noun}${number === 1 ? "" : "s"}`;
  const css = (reading) => reading.replace(" ", "-");

  const index = JSON.parse(find("#index").textContent);
  const total = index.readings.length;
  const words = Object.keys(index.signs);
  const choices = all("input[name=reading]");
  const [list, blank, status, none] = ["#answers", "#blank", "#status", "#none"].map((id) => find(id));
  const [search, task, page] = ["#find", "#task", "#page"].map((id) => find(id));

  // ── the data ──────────────────────────────────────────────────────────────────────────────────────────────────────

  const sources = all("script.chunk");
  const chunks = []; // by number, promises of those that were needed

  function chunk(number) {
    chunks[number] ??= unpacked(sources[number]);
    return chunks[number];
  }

  // JSON, compressed by gzip, in base64.
  async function unpacked(source) {
    const packed = atob(source.textContent);
    source.remove();
    const bytes = new Uint8Array(packed.length);
    for (let place = 0; place < packed.length; place++) bytes[place] = packed.charCodeAt(place);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
  }

  // The order of answers_page._encoded.
  async function answerAt(number) {
    const { texts, rows } = await chunk(Math.floor(number / index.chunk));
    const [reading, score, name, measurement, sample, quoted, repeat, scorer, why, question, expected, answer, reasoning, images] =
      rows[number % index.chunk];
    const text = (part) => {
      if (part === null) return null;
      const [head, cut, tail] = Array.isArray(part) ? part : [part, 0, null];
      return { head: texts[head], cut, tail: tail === null ? "" : texts[tail] };
    };
    return {
      reading: words[reading],
      facts: {
        sign: index.signs[words[reading]],
        reading: words[reading],
        sample: texts[sample],
        score: texts[score],
        task: texts[name],
        measurement: texts[measurement],
        repeat: repeat ? String(repeat) : "",
        scorer: texts[scorer],
        why: texts[why],
        reasoning: reasoning ? counted(reasoning, "character") : "",
      },
      texts: { question: text(question), expected: text(expected), answer: text(answer) },
      images: images.map(([words, uri]) => ({ words: texts[words], uri: texts[uri] })),
      command: `${index.command} --sample ${texts[quoted]}`,
      isLong: reasoning > index.longest, // the terminal cuts such a text
    };
  }

  // For each answer of a chunk: whether the query is in its question, expected answer, answer or id.
  async function matchesIn(number, query) {
    const { texts, rows } = await chunk(number);
    const has = texts.map((text) => text.toLowerCase().includes(query));
    const isIn = (part) => (Array.isArray(part) ? has[part[0]] || has[part[2]] : part !== null && has[part]);
    return rows.map((row) => has[row[4]] || isIn(row[9]) || isIn(row[10]) || isIn(row[11]));
  }

  // ── an answer ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function drawn(answer) {
    const item = blank.content.firstElementChild.cloneNode(true);
    item.className = `answer ${css(answer.reading)}`;
    for (const [name, value] of Object.entries(answer.facts)) {
      const place = find(`[data-is="${name}"]`, item);
      place.textContent = value;
      const holder = { measurement: "span", repeat: ".facts > span", why: "p", reasoning: "div" }[name];
      if (holder) place.closest(holder).hidden = !value;
    }
    for (const [name, text] of Object.entries(answer.texts)) draw(find(`[data-text="${name}"]`, item), text);
    showImages(find('[data-is="images"]', item), answer.images);
    for (const code of all("[data-command]", item)) {
      const whole = answer.isLong && code.dataset.command === " --reasoning" ? " --json" : "";
      code.textContent = answer.command + code.dataset.command + whole;
    }
    return item;
  }

  // Each is a data URI of a PNG, JPEG or WebP, or none; the page's policy allows no other source.
  function showImages(place, images) {
    const figure = find("figure", place);
    place.replaceChildren(...images.map(({ words, uri }) => {
      const drawn = figure.cloneNode(true);
      const image = find("img", drawn);
      if (uri) image.src = uri;
      else image.remove();
      image.alt = words;
      find("figcaption", drawn).textContent = words;
      return drawn;
    }));
    place.parentElement.hidden = !images.length;
  }

  function draw(place, text) {
    const part = (name) => find(`[data-part="${name}"]`, place);
    place.className = text?.head ? "" : "none";
    part("head").textContent = text === null ? index.withheld : text.head || "(empty)";
    part("cut").hidden = !text?.cut;
    part("count").textContent = counted(text?.cut ?? 0, "character");
    part("tail").textContent = text?.tail ?? "";
  }

  // ── filters ───────────────────────────────────────────────────────────────────────────────────────────────────────

  let state = { ...DEFAULTS };
  let found = []; // the numbers of the answers that fit
  let turns = 0; // a search that is not the latest stops
  let isAsWritten = true; // the list is still the one of the file

  const painted = () => new Promise((done) => setTimeout(done));

  async function filter() {
    const turn = ++turns;
    const query = state.query.toLowerCase();
    const place = state.task ? index.tasks.indexOf(state.task) : -1;
    const counts = Object.fromEntries(words.map((word) => [css(word), 0]));
    const fitting = [];
    let since = performance.now();
    for (let start = 0; start < total; start += index.chunk) {
      const hits = query && (await matchesIn(start / index.chunk, query));
      if (turn !== turns) return;
      for (let number = start; number < Math.min(start + index.chunk, total); number++) {
        if (hits && !hits[number - start]) continue;
        if (state.task && index.task[number] !== place) continue;
        const reading = css(words[index.readings[number]]);
        counts[reading]++;
        if (!state.readings.length || state.readings.includes(reading)) fitting.push(number);
      }
      if (query && performance.now() - since > TURN) {
        status.textContent = `searching: ${Math.round((100 * start) / total)} %`;
        await painted();
        if (turn !== turns) return;
        since = performance.now();
      }
    }
    found = fitting;
    for (const [reading, number] of Object.entries(counts)) find(`[data-count="${reading}"]`).textContent = written(number);
    await show();
  }

  async function show() {
    const turn = ++turns;
    const pages = Math.max(1, Math.ceil(found.length / index.page));
    state.page = Math.min(Math.max(state.page, 1), pages);
    const from = (state.page - 1) * index.page;
    const here = found.slice(from, from + index.page);
    isAsWritten &&= found.length === total && state.page === 1;
    if (!isAsWritten) {
      const answers = await Promise.all(here.map(answerAt));
      if (turn !== turns) return;
      list.replaceChildren(...answers.map(drawn));
    }
    none.hidden = !!found.length;
    const range = pages > 1 ? `, ${written(from + 1)} to ${written(from + here.length)} on this page` : "";
    status.textContent = `${written(found.length)} of ${written(total)} shown${range}`;
    for (const pager of all(".pager")) pager.hidden = pages === 1;
    for (const button of all("[data-step]")) {
      button.setAttribute("aria-disabled", state.page + Number(button.dataset.step) < 1 || state.page + Number(button.dataset.step) > pages);
    }
    find('[data-is="pages"]').textContent = written(pages);
    page.max = pages;
    page.value = state.page;
  }

  // ── the address ───────────────────────────────────────────────────────────────────────────────────────────────────

  function remember() {
    const parts = new URLSearchParams();
    if (state.readings.length) parts.set("reading", state.readings.join(","));
    if (state.task) parts.set("task", state.task);
    if (state.query) parts.set("find", state.query);
    if (state.page > 1) parts.set("page", state.page);
    const fragment = `#${parts}`;
    if (fragment !== (location.hash || "#")) history.replaceState(null, "", fragment);
  }

  // A fragment without "=" is that of a link inside the page.
  function recall() {
    const fragment = location.hash.slice(1);
    if (fragment && !fragment.includes("=")) return false;
    const parts = new URLSearchParams(fragment);
    const readings = (parts.get("reading") ?? "").split(",");
    state = {
      readings: choices.map((choice) => choice.value).filter((value) => readings.includes(value)),
      task: index.tasks.length > 1 && index.tasks.includes(parts.get("task")) ? parts.get("task") : "",
      query: parts.get("find") ?? "",
      page: Math.floor(Number(parts.get("page"))) || 1,
    };
    return true;
  }

  function fill() {
    search.value = state.query;
    if (task) task.value = state.task;
    for (const choice of choices) choice.checked = state.readings.includes(choice.value);
  }

  async function change(part) {
    state = { ...state, page: 1, ...part };
    await filter();
    remember();
  }

  async function turnTo(number) {
    state.page = number;
    await show();
    remember();
    find(".bar").scrollIntoView();
  }

  // ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => change({ query: search.value.trim() }), DEBOUNCE);
  });
  task?.addEventListener("change", () => change({ task: task.value }));
  for (const choice of choices) {
    choice.addEventListener("change", () =>
      change({ readings: choices.filter((each) => each.checked).map((each) => each.value) }),
    );
  }
  find("#clear").addEventListener("click", () => {
    clearTimeout(waiting);
    change(DEFAULTS);
    fill();
    search.focus();
  });
  find("#controls").addEventListener("submit", (event) => event.preventDefault());
  for (const button of all("[data-step]")) {
    button.addEventListener("click", () => {
      if (button.getAttribute("aria-disabled") !== "true") turnTo(state.page + Number(button.dataset.step));
    });
  }
  page.addEventListener("change", () => turnTo(Math.floor(Number(page.value)) || 1));
  addEventListener("hashchange", () => {
    if (!recall()) return;
    fill();
    filter();
  });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input:not([type=checkbox]), select")) return;
    const step = { j: 1, k: -1 }[event.key];
    if (event.key === "/") search.focus();
    else if (step) goTo(step);
    else return;
    event.preventDefault();
  });

  function goTo(step) {
    const items = all(".answer", list);
    const at = items.indexOf(document.activeElement?.closest(".answer"));
    items[at < 0 ? 0 : Math.min(Math.max(at + step, 0), items.length - 1)]?.focus();
  }

  if (typeof DecompressionStream === "undefined") {
    find("#packed").hidden = false;
    return;
  }
  find("#controls").hidden = false;
  recall();
  fill();
  filter();
})();
