// A table wider than the page scrolls in the box that the theme puts around it: the keyboard must get there too.
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".md-typeset__scrollwrap")) {
    const focusable = () => (box.scrollWidth > box.clientWidth ? (box.tabIndex = 0) : box.removeAttribute("tabindex"));
    new ResizeObserver(focusable).observe(box);
  }
});
