// The filter of the ledger's index, and what a link into folded text opens. Without this script
// the index is a plain table. Controls, for tests: #ledger-filter holds #ledger-paper,
// #ledger-verdict, #ledger-profile, #ledger-text, #ledger-reset and the output #ledger-count.

"use strict";

(function () {
  const COLUMN = { claims: 4, profile: 5 };

  function text(cell) {
    return cell.textContent.replace(/\s+/g, " ").trim();
  }

  // What a cell says without its folded claims.
  function unfolded(cell) {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("details").forEach((one) => one.remove());
    return text(copy);
  }

  // A number is that of a table or figure, whole: 2 finds Figure 2 and 2(a), not 20 or a value.
  function numbered(title, word) {
    return new RegExp(`(^|[^\\w.])${word}(?!\\d)`).test(title);
  }

  // What a row is filtered by.
  function entry(row) {
    const cells = row.cells;
    const badges = cells[COLUMN.claims].querySelectorAll(":scope > p .verdict");
    return {
      row: row,
      paper: text(row.querySelector(".of-paper")),
      profile: text(cells[COLUMN.profile]).split(/,\s*/),
      verdict: [...badges].map((badge) => text(badge).replace(/^\d+\s*/, "")),
      title: text(cells[0]).toLowerCase(),
      words: text(row).toLowerCase(),
      seen: [...cells].map(unfolded).join(" ").toLowerCase(),
      fold: row.querySelector("details"),
    };
  }

  function labelled(name, control) {
    const label = document.createElement("label");
    label.append(name, control);
    return label;
  }

  function select(id, entries, key, order) {
    const control = document.createElement("select");
    control.id = id;
    const found = [...new Set(entries.flatMap((one) => one[key]))];
    if (order) {
      found.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    }
    control.add(new Option("all", ""));
    found.forEach((value) => control.add(new Option(value === "–" ? "none" : value, value)));
    return control;
  }

  function filter(table) {
    const entries = [...table.tBodies[0].rows].map(entry);
    const names = [...table.tHead.rows[0].cells].map(text);
    entries.forEach((one) =>
      [...one.row.cells].forEach((cell, i) => {
        cell.setAttribute("data-column", names[i]);
        cell.toggleAttribute("data-empty", text(cell) === "–");
      })
    );

    const form = document.createElement("form");
    form.id = "ledger-filter";
    form.className = "ledger-filter";
    form.setAttribute("role", "search");
    form.setAttribute("aria-label", "Tables and figures");
    const order = [
      "reproduced", "leaning for", "undecided", "leaning against",
      "contradicted", "withdrawn", "not run", "untestable",
    ];
    const paper = select("ledger-paper", entries, "paper");
    const verdict = select("ledger-verdict", entries, "verdict", order);
    const profile = select("ledger-profile", entries, "profile");
    const words = document.createElement("input");
    words.id = "ledger-text";
    words.type = "search";
    words.placeholder = "Figure 2, ReLU, F1a …";
    const reset = document.createElement("button");
    reset.id = "ledger-reset";
    reset.type = "reset";
    reset.textContent = "Show all";
    const count = document.createElement("output");
    count.id = "ledger-count";
    form.append(
      labelled("paper", paper), labelled("verdict", verdict), labelled("profile", profile),
      labelled("text", words), reset, count
    );

    function apply() {
      const asked = words.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      entries.forEach((one) => {
        const fits =
          (!paper.value || one.paper === paper.value) &&
          (!verdict.value || one.verdict.includes(verdict.value)) &&
          (!profile.value || one.profile.includes(profile.value)) &&
          asked.every((word) =>
            /^\d+$/.test(word) ? numbered(one.title, word) : one.words.includes(word)
          );
        one.row.hidden = !fits;
        shown += fits;
        if (one.fold) {
          // A word that only a claim has shows the claims.
          one.fold.open = fits && !asked.every((word) => one.seen.includes(word));
        }
      });
      count.textContent = `${shown} of ${entries.length} tables and figures`;
    }

    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    const place = table.closest(".full-width") || table;
    place.parentNode.insertBefore(form, place);
    apply();
  }

  // A link to what is folded opens it; so does printing.
  function open() {
    const name = decodeURIComponent(location.hash.slice(1));
    const target = name && document.getElementById(name);
    for (let one = target; one; one = one.parentElement) {
      if (one.tagName === "DETAILS") {
        one.open = true;
      }
    }
  }

  function start() {
    document.querySelectorAll("table.ledger-index").forEach(filter);
    open();
  }

  window.addEventListener("hashchange", open);
  window.addEventListener("beforeprint", () =>
    document.querySelectorAll("article details").forEach((one) => (one.open = true))
  );
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
})();
