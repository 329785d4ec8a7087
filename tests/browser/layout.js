// What is wrong with the layout of a page at this width, a line each.
() => {
  const found = [];
  // For screen readers only: they take no place.
  for (const one of document.querySelectorAll("mjx-assistive-mml")) {
    one.style.setProperty("display", "none", "important"); // MathJax insists on its own
  }
  const article = document.querySelector("article") ?? document.body;
  const shown = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const all = (css, inside = article) => [...inside.querySelectorAll(css)].filter(shown);
  const name = (one) => {
    const near = one.closest("[id]")?.id ?? "";
    const text = (one.textContent ?? "").replace(/\s+/g, " ").trim().slice(0, 60);
    return `<${one.tagName.toLowerCase()} class="${one.className}"> near #${near} "${text}"`;
  };
  const contents = (one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getBoundingClientRect();
  };
  const scroller = (one) => {
    for (let up = one; up && up !== document.body; up = up.parentElement) {
      if (getComputedStyle(up).overflowX !== "visible") return up;
    }
    return null;
  };
  const paints = (one, pseudo) => {
    const style = getComputedStyle(one, pseudo);
    return `${style.backgroundImage} ${style.maskImage}`.includes("gradient");
  };

  // The page is as wide as the window.
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) {
    const wide = all("*").filter((one) => {
      const box = one.getBoundingClientRect();
      return box.right > innerWidth + 1 && box.width > 0 && !scroller(one.parentElement);
    });
    found.push(`the page is ${over} px too wide: ${wide.slice(-3).map(name).join(" | ")}`);
  }

  // What is wider than its place scrolls there, and shows that it does.
  for (const one of all("table, mjx-container, pre, img, svg, canvas")) {
    if (one.parentElement.closest("table, mjx-container, svg")) continue;
    const box = contents(one.querySelector("mjx-math") ?? one);
    const around = scroller(one.matches("pre, mjx-container") ? one : one.parentElement) ?? document.body;
    const place = around.getBoundingClientRect();
    if (box.width === 0 || (box.right <= place.right + 1 && box.left >= place.left - 1)) {
      continue;
    }
    const moves = ["auto", "scroll"].includes(getComputedStyle(around).overflowX);
    if (!moves) found.push(`cut and cannot be moved: ${name(one)}`);
    else if (box.left < place.left - 1) found.push(`its beginning is out of reach: ${name(one)}`);
    else if (!paints(around)) found.push(`cut without a cue: ${name(one)}`);
  }

  // The number of an equation stands beside it.
  for (const number of all(".eqno")) {
    const formula = number.parentElement.querySelector("mjx-math");
    if (!formula) continue;
    const [a, b] = [contents(number), formula.getBoundingClientRect()];
    const right = Math.min(b.right, scroller(formula)?.getBoundingClientRect().right ?? b.right);
    const beside = a.left >= right - 1 || a.right <= b.left + 1;
    if (!beside && a.top < b.bottom - 1 && b.top < a.bottom - 1) {
      found.push(`its number stands over the formula: ${name(number)}`);
    }
  }

  // Numbers of neighbouring columns don't run together.
  for (const row of all("tr")) {
    const shown = (cell) => cell.getClientRects().length && cell.textContent.trim();
    const cells = [...row.cells].filter(shown);
    cells.slice(1).forEach((cell, i) => {
      if (cell.getBoundingClientRect().top >= cells[i].getBoundingClientRect().bottom) return;
      const gap = contents(cell).left - contents(cells[i]).right;
      if (gap < 8) found.push(`cells are ${gap.toFixed(1)} px apart: ${name(cells[i])}`);
    });
  }

  // A picture is described.
  for (const picture of all("img")) {
    const alt = picture.getAttribute("alt") ?? "";
    if (/\.(png|svg|jpe?g|gif|webp)$/i.test(alt) || (!alt && !picture.ariaHidden)) {
      found.push(`a picture without a description: ${picture.src.slice(-80)} "${alt}"`);
    }
  }
  return found;
};
