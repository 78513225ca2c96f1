// A table wider than the page scrolls in the box that the theme puts around it, a formula in itself: the keyboard must get there too.
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset math[display=block]")) {
    const focusable = () => (box.scrollWidth > box.clientWidth ? (box.tabIndex = 0) : box.removeAttribute("tabindex"));
    new ResizeObserver(focusable).observe(box);
  }
});
