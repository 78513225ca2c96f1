// Filters the claims by verdict and study, and opens the studies that have some. The choice is in the address:
// claims.html#verdict=refuted&study=shift
(() => {
  const place = document.querySelector(".c-filter");
  const claims = [...document.querySelectorAll(".c-claim")];
  const studies = [...document.querySelectorAll(".c-study")];
  if (!place) return;
  // The theme would measure every heading of its contents after each choice, and lay out for it what is out of sight: 10 ms. Before
  // its script runs, the list becomes one of plain links.
  for (const list of document.querySelectorAll("[data-md-component=toc]")) list.removeAttribute("data-md-component");

  const choice = (name, words) => {
    const select = document.createElement("select");
    for (const [value, text] of words) select.add(new Option(text, value));
    const label = document.createElement("label");
    label.append(name, " ", select);
    place.append(label);
    return select;
  };
  const verdicts = ["supported", "refuted", "inconclusive"];
  const verdict = choice("Verdict", [["", "all"], ...verdicts.map((one) => [one, one === "inconclusive" ? "undecided" : one])]);
  const study = choice("Study", [["", "all"], ...studies.map((one) => [one.dataset.study, one.querySelector("h2").firstChild.textContent])]);
  const shown = document.createElement("output");
  shown.setAttribute("role", "status");
  place.append(shown);

  const lists = studies.map((section) => {
    const fold = section.querySelector(".c-own");
    return { section, fold, opened: fold.open, own: [...section.querySelectorAll(".c-claim")] };
  });
  // The room that is kept for a study out of sight: see site.css.
  function room(section, fold, own) {
    const rem = fold.open ? 12 + 24 * own.filter((claim) => !claim.hidden).length : 7;
    section.style.containIntrinsicBlockSize = `${rem}rem`;
  }
  for (const { section, fold, own } of lists) fold.addEventListener("toggle", () => room(section, fold, own));
  const wanted = (claim) => !verdict.value || claim.dataset.verdict === verdict.value;
  // Which studies are there, and how many claims; what shows them is for later.
  function show() {
    let count = 0;
    for (const { section, own } of lists) {
      const some = !study.value || section.dataset.study === study.value ? own.filter(wanted).length : 0;
      if (section.hidden !== !some) section.hidden = !some;
      count += some;
    }
    shown.textContent = `${count} of ${claims.length} claims`;
  }
  function unfold() {
    for (const { section, fold, opened, own } of lists) {
      if (section.hidden) continue;
      for (const claim of own) if (claim.hidden === wanted(claim)) claim.hidden = !claim.hidden;
      const open = verdict.value || study.value ? true : opened;
      if (fold.open !== open) fold.open = open;
      room(section, fold, own);
    }
  }
  let writing = 0; // the address, when what was chosen is on the screen: it took 10 ms of the 50 that an answer may take
  function change() {
    show();
    requestAnimationFrame(() => setTimeout(unfold)); // in a frame of its own: together they took 50 to 76 ms
    clearTimeout(writing);
    writing = setTimeout(write, 150);
  }
  function write() {
    const state = new URLSearchParams();
    if (verdict.value) state.set("verdict", verdict.value);
    if (study.value) state.set("study", study.value);
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
  }
  function follow() {
    const state = new URLSearchParams(location.hash.slice(1));
    verdict.value = verdicts.includes(state.get("verdict")) ? state.get("verdict") : "";
    study.value = studies.some((one) => one.dataset.study === state.get("study")) ? state.get("study") : "";
    show();
    unfold();
    const claim = document.getElementById(location.hash.slice(1));
    const fold = claim?.closest(".c-own");
    if (!fold) return;
    fold.open = true;
    // Studies above it are laid out as they come near, and take less room than was kept for them: it moves until they are.
    let times = 4;
    const lead = () => {
      claim.scrollIntoView();
      if (--times) requestAnimationFrame(lead);
    };
    lead();
  }
  verdict.addEventListener("change", change);
  study.addEventListener("change", change);
  addEventListener("hashchange", follow);
  follow();
})();
