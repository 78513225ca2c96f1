// On a narrow screen the labels of a figure are small: a tap shows it as wide as it was drawn, in a box that scrolls.
(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  const box = document.createElement("div");
  dialog.append(close, box);
  document.body.append(dialog);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  for (const image of document.querySelectorAll("main figure img")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "zoom-open";
    button.title = "Enlarge";
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => {
      const copy = image.cloneNode();
      copy.removeAttribute("style");
      copy.removeAttribute("width");
      box.replaceChildren(copy);
      dialog.showModal();
    });
  }
})();
