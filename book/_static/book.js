// What is wider than its place says so and can be reached by keyboard; print opens what is folded.
(() => {
  "use strict";
  const MOVING = ".pst-scrollable-table-container, div.math mjx-container, span.math mjx-container,"
    + " .bd-article pre, .cell_output .output";

  // Classes of what can be moved to the right or left; the style sheet draws the cue.
  function cue(place) {
    // Slanted letters lean over the edge of a formula, which makes it no wider.
    const formula = place.querySelector(":scope > mjx-math");
    const width = formula?.getBoundingClientRect().width ?? place.scrollWidth;
    const hidden = Math.min(width, place.scrollWidth) - place.clientWidth;
    const moves = hidden > 1;
    const name = place.matches("pre") ? "code" : place.matches("mjx-container") ? "formula" : "table";
    place.classList.toggle("moves", moves);
    place.classList.toggle("moves-right", moves && place.scrollLeft < hidden - 1);
    place.classList.toggle("moves-left", moves && place.scrollLeft > 1);
    if (moves) {
      place.tabIndex = 0;
      if (!place.matches("mjx-container")) {
        place.setAttribute("role", "region");
        place.setAttribute("aria-label", `${name}, wider than the page`);
      }
    }
  }

  function watch() {
    const sized = new ResizeObserver((seen) => seen.forEach((one) => cue(one.target)));
    for (const place of document.querySelectorAll(MOVING)) {
      if (place.matches(".output") && place.querySelector(MOVING)) continue;
      place.addEventListener("scroll", () => cue(place), { passive: true });
      sized.observe(place);
      cue(place);
    }
  }

  // The contents beside the page, and the chapters, keep where the reader is in sight.
  function follow() {
    const show = (bar, entry) => {
      if (!bar || !entry || bar.scrollHeight <= bar.clientHeight) return;
      const [a, b] = [bar.getBoundingClientRect(), entry.getBoundingClientRect()];
      if (b.top < a.top + 40 || b.bottom > a.bottom - 40) {
        bar.scrollTop += b.top - a.top - a.height / 3;
      }
    };
    const chapters = document.querySelector(".bd-sidebar-primary");
    show(chapters, chapters?.querySelector("a.current.active, li.current.active > a"));
    const contents = document.querySelector(".bd-sidebar-secondary");
    if (!contents) return;
    const moved = new MutationObserver(() => {
      const active = contents.querySelectorAll("a.active");
      show(contents, active[active.length - 1]);
    });
    moved.observe(contents, { subtree: true, attributeFilter: ["class"] });
  }

  addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details:not([open])")) {
      folded.open = true;
      folded.dataset.opened = "for print";
    }
  });
  addEventListener("afterprint", () => {
    for (const folded of document.querySelectorAll("details[data-opened]")) {
      folded.open = false;
      delete folded.dataset.opened;
    }
  });
  addEventListener("load", async () => {
    follow();
    await window.MathJax?.startup?.promise;
    watch();
  });
})();
