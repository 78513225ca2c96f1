// Figures open large in the browser's own <dialog>: Escape closes it, the description stays with the picture.
(() => {
  const figures = document.querySelectorAll(".md-typeset figure img");
  if (!figures.length) return;
  const dialog = document.createElement("dialog");
  dialog.className = "f-dialog";
  const picture = document.createElement("img");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  const box = document.createElement("div"); // scrolls where the picture is wider than the screen
  box.tabIndex = 0;
  dialog.append(close, box);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);

  function open(image) {
    picture.src = image.currentSrc || image.src;
    picture.alt = image.alt;
    box.replaceChildren(picture); // not before: an image without an address is a broken one
    dialog.setAttribute("aria-label", image.alt || "Figure");
    dialog.showModal();
  }
  figures.forEach((image) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "f-enlarge";
    button.textContent = "Enlarge";
    button.setAttribute("aria-label", `Enlarge: ${image.alt || "figure"}`);
    button.addEventListener("click", () => open(image));
    image.addEventListener("click", () => open(image));
    const scroll = document.createElement("div"); // on a phone a figure keeps its size and moves inside
    scroll.className = "f-scroll";
    image.style.setProperty("--own", `${image.getAttribute("width")}px`); // its room, before it is loaded
    image.replaceWith(scroll);
    scroll.append(image);
    scroll.after(button);
    const focusable = () => (scroll.scrollWidth > scroll.clientWidth + 1 ? (scroll.tabIndex = 0) : scroll.removeAttribute("tabindex"));
    if (image.getAttribute("width") > innerWidth - 48) scroll.tabIndex = 0; // nobody observes what is not laid out yet
    new ResizeObserver(focusable).observe(scroll);
  });
})();
