"use strict";
// Search, asking and comparing. Data comes in scripts, since a page opened from a disk may not fetch. All text is set as
// text, never as HTML, and no answer is worked out here: what was not asked at build gets the command that answers it.
(() => {
  const root = document.documentElement.dataset.root;
  const byId = (id) => document.getElementById(id);
  const loaded = new Map();
  const arrived = new Map();
  window.catalogue = (name, value) => arrived.set(name, value);

  function load(name) {
    if (!loaded.has(name)) {
      loaded.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = `${root}data/${name}.js`;
        script.onload = () => { script.remove(); resolve(arrived.get(name)); };
        script.onerror = () => reject(new Error(`${script.src} cannot be loaded`));
        document.head.append(script);
      }));
    }
    return loaded.get(name);
  }

  function element(tag, text, properties = {}) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(text);
    return made;
  }

  const page = (dataset, number) => `${root}datasets/${dataset}/${number ? `v${number}` : "index"}.html`;

  // The words of a text, as the index has them.
  const wordsOf = (text) =>
    text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ß/g, "ss").match(/[\p{L}\p{N}]+/gu) || [];
  const hexOf = (text) => Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");

  // Marks, with one bit for each word, the versions that have a word beginning so.
  async function mark(word, bit, marks, about) {
    const start = hexOf([...word].slice(0, 2).join(""));
    const files = about.files.filter((name) => name.startsWith(start));
    for (const words of await Promise.all(files.map((name) => load(`words/${name}`)))) {
      for (const [known, ranges] of Object.entries(words)) {
        if (!known.startsWith(word)) continue;
        for (let at = 0; at < ranges.length; at += 2) {
          for (let place = ranges[at]; place < ranges[at] + ranges[at + 1]; place += 1) marks[place] |= bit;
        }
      }
    }
  }

  const MOST = 50;
  const MOST_WORDS = 30;

  async function search(text) {
    const about = await load("search");
    const words = [...new Set(wordsOf(text))].slice(0, MOST_WORDS);
    const marks = new Uint32Array(about.versions);
    await Promise.all(words.map((word, number) => mark(word, 1 << number, marks, about)));
    const all = 2 ** words.length - 1;
    const found = [];
    marks.forEach((mark, place) => { if (mark === all) found.push(place); });
    return { found, rows: await rowsOf(found, about.starts) };
  }

  // The datasets of the first versions found, each with the numbers found of it.
  async function rowsOf(found, starts) {
    const rows = [];
    let next = 0;
    for (let file = 0; file < starts.length && rows.length < MOST && next < found.length; file += 1) {
      if (file + 1 < starts.length && found[next] >= starts[file + 1]) continue;
      let place = starts[file];
      for (const [name, title, current, numbers] of await load(`datasets/${file}`)) {
        const hits = [];
        for (; next < found.length && found[next] < place + numbers.length; next += 1) hits.push(numbers[found[next] - place]);
        place += numbers.length;
        if (hits.length && rows.length < MOST) rows.push({ name, title, current, hits, all: numbers.length });
      }
    }
    return rows;
  }

  function resultOf({ name, title, current, hits, all }) {
    const item = document.createElement("li");
    item.append(element("a", name, { href: page(name) }), " ", element("span", title, { className: "muted" }), " ");
    const shown = hits.includes(current) ? [current] : hits.slice(-1);
    for (const number of shown) item.append(element("a", `v${number}`, { href: page(name, number) }), number === current ? " current " : " ");
    const others = hits.length - shown.length;
    if (others) item.append(element("span", `and ${others} other ${others === 1 ? "version" : "versions"} of ${all}`, { className: "muted" }));
    return item;
  }

  function startSearch() {
    const form = byId("search"), input = byId("words");
    let asked = 0;
    async function show() {
      const mine = (asked += 1);
      const words = wordsOf(input.value);
      byId("all").hidden = words.length > 0;
      history.replaceState(null, "", words.length ? `#q=${encodeURIComponent(input.value)}` : location.pathname);
      const { found, rows } = words.length ? await search(input.value) : { found: [], rows: [] };
      if (mine !== asked) return;
      byId("results").replaceChildren(...rows.map(resultOf));
      const more = rows.length === MOST ? `; the first ${MOST} datasets` : "";
      byId("found").textContent = words.length ? `${found.length.toLocaleString("en")} ${found.length === 1 ? "version" : "versions"}${more}` : "";
      form.dataset.shown = input.value;
    }
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    input.addEventListener("input", show);
    // What every search needs is there before the first word is typed.
    load("search").then((about) => about.starts.length && load("datasets/0"));
    const given = new URLSearchParams(location.hash.slice(1)).get("q");
    if (given) { input.value = given; show(); }
  }

  function startFind() {
    byId("find").hidden = false;
    byId("find").addEventListener("submit", (event) => {
      event.preventDefault();
      location.href = `${root}index.html#q=${encodeURIComponent(byId("find-words").value)}`;
    });
  }

  // The stored answer for two names, or null. A name may be that of the current version.
  async function answerFor(a, b) {
    const known = new Map((await load("names")).map(([name, current, first]) => [name, { current, first }]));
    const [one, two] = [a, b].map((typed) => {
      const [name, number] = typed.split("@v");
      const entry = known.get(name);
      return entry && (number === undefined || Number(number) === entry.current) ? name : null;
    });
    for (const [first, second] of [[one, two], [two, one]]) {
      if (first && second && known.get(first).first) {
        const found = (await load(`answers/${first}`))[second];
        if (found) return { names: [first, second], found };
      }
    }
    return null;
  }

  async function showAnswer(a, b) {
    const answer = await answerFor(a, b);
    byId("answer").hidden = false;
    if (answer) {
      const [verdict, kind, command, words] = answer.found;
      byId("says").replaceChildren(`${answer.names[0]} with ${answer.names[1]}: `, element("span", verdict, { className: `verdict ${kind}` }));
      byId("command").textContent = command;
      byId("says-all").textContent = words;
    } else {
      byId("says").textContent = "This was not asked at build. The registry answers it:";
      byId("command").textContent = `feature-registry join ${a} ${b}`;
      byId("says-all").textContent = "";
    }
    byId("says-all").hidden = !answer;
  }

  function startAsk() {
    const form = byId("ask"), inputs = [byId("a"), byId("b")];
    const show = () => {
      const [a, b] = inputs.map((input) => input.value.trim());
      if (a && b) { history.replaceState(null, "", `#a=${encodeURIComponent(a)}&b=${encodeURIComponent(b)}`); showAnswer(a, b); }
    };
    const suggest = async (event) => {
      const typed = event.target.value.trim();
      const names = (await load("names")).map(([name]) => name).filter((name) => name.includes(typed));
      byId("names").replaceChildren(...names.slice(0, MOST).map((name) => element("option", "", { value: name })));
    };
    const fill = () => {
      const given = new URLSearchParams(location.hash.slice(1));
      inputs.forEach((input) => { input.value = given.get(input.id) || input.value; });
      show();
    };
    form.hidden = false;
    form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
    for (const input of inputs) for (const kind of ["focus", "input"]) input.addEventListener(kind, suggest);
    window.addEventListener("hashchange", fill);
    fill();
  }

  function startCompare() {
    const form = byId("compare"), { made, dataset } = form.dataset;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [before, after] = ["before", "after"].map((id) => byId(id).value);
      if (made.split(" ").includes(`v${before}-v${after}`)) location.href = `v${after}.html#since-v${before}`;
      else form.querySelector("output").replaceChildren(element("code", `feature-registry diff ${dataset}@v${before} ${dataset}@v${after}`));
    });
  }

  function openNamed() {
    const named = location.hash && byId(decodeURIComponent(location.hash.slice(1)));
    if (named && named.tagName === "DETAILS") { named.open = true; named.scrollIntoView(); }
  }

  for (const [id, start] of [["search", startSearch], ["find", startFind], ["ask", startAsk], ["compare", startCompare]]) {
    if (byId(id)) start();
  }
  openNamed();
  window.addEventListener("hashchange", openNamed);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
})();
