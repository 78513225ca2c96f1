// Shows one place of metrics.json at a time: the way to it, and what is there. The address names the place.
(() => {
  const tree = document.querySelector(".n-tree");
  if (!tree) return;

  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const escaped = (name) => String(name).replaceAll("~", "~0").replaceAll("/", "~1");
  const plain = (part) => part.replaceAll("~1", "/").replaceAll("~0", "~");
  const link = (pointer, text) => element("a", { href: `#${encodeURI(pointer || "/")}` }, text);

  // A few words about what is behind a name.
  function brief(value) {
    if (Array.isArray(value)) return value.length <= 4 && value.every((one) => typeof one !== "object") ? JSON.stringify(value) : `${value.length} elements`;
    if (value && typeof value === "object") return value.title ?? value.statement ?? `${Object.keys(value).length} entries`;
    return JSON.stringify(value);
  }

  globalThis.convscopeMetrics = (metrics) => {
    function show() {
      const pointer = decodeURI(location.hash.slice(1)).replace(/\/$/, "");
      const parts = pointer.split("/").slice(1).map(plain);
      const way = element("p", { class: "n-way" }, link("", "metrics.json"));
      let value = metrics;
      let at = "";
      for (const part of parts) {
        value = value !== null && typeof value === "object" ? value[part] : undefined;
        at += `/${escaped(part)}`;
        way.append(" / ", link(at, part));
      }
      if (value === undefined) return tree.replaceChildren(way, element("p", {}, "Nothing is there in this build."));
      if (value === null || typeof value !== "object") return tree.replaceChildren(way, element("p", {}, element("code", {}, JSON.stringify(value))));
      const rows = Object.entries(value).map(([name, inner]) =>
        element("tr", {}, element("th", { scope: "row" }, link(`${pointer}/${escaped(name)}`, name)), element("td", {}, brief(inner))),
      );
      tree.replaceChildren(way, element("div", { class: "n-scroll", tabindex: "0" }, element("table", {}, element("tbody", {}, ...rows.slice(0, 500)))));
    }
    addEventListener("hashchange", show);
    show();
  };
  document.head.append(element("script", { src: tree.dataset.sourceScript }));
})();
