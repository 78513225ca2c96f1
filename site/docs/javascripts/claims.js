// Filters the claims by verdict and study. The choice is in the address: claims.html#verdict=refuted&study=shift
(() => {
  const place = document.querySelector(".c-filter");
  const claims = [...document.querySelectorAll(".c-claim")];
  const studies = [...document.querySelectorAll(".c-study")];
  if (!place) return;

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

  function show() {
    for (const section of studies) {
      let some = false;
      for (const claim of section.querySelectorAll(".c-claim")) {
        claim.hidden = Boolean((verdict.value && claim.dataset.verdict !== verdict.value) || (study.value && section.dataset.study !== study.value));
        some ||= !claim.hidden;
      }
      section.hidden = !some;
    }
    shown.textContent = `${claims.filter((claim) => !claim.hidden).length} of ${claims.length} claims`;
  }
  function change() {
    const state = new URLSearchParams();
    if (verdict.value) state.set("verdict", verdict.value);
    if (study.value) state.set("study", study.value);
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
    show();
  }
  function follow() {
    const state = new URLSearchParams(location.hash.slice(1));
    verdict.value = verdicts.includes(state.get("verdict")) ? state.get("verdict") : "";
    study.value = studies.some((one) => one.dataset.study === state.get("study")) ? state.get("study") : "";
    show();
  }
  verdict.addEventListener("change", change);
  study.addEventListener("change", change);
  addEventListener("hashchange", follow);
  follow();
})();
