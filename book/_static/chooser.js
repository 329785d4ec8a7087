// Say which estimators were near the truth on tasks like the reader's. See
// experiments/foundations/chooser.py, which writes the rows and the still table.
const LOST = 1e99; // as in chooser.py
const written = (error) => {
  if (error === LOST) return "no value";
  const text = Math.abs(error) < 1000 ? error.toFixed(2) : error.toExponential(0);
  return error < 0 ? text : `+${text}`;
};

document.addEventListener("DOMContentLoaded", () => {
  for (const root of document.querySelectorAll(".chooser")) {
    const { rows, names } = JSON.parse(root.querySelector("script").textContent);
    const menus = [...root.querySelectorAll("select")];
    const body = root.querySelector("tbody");
    const tasks = root.querySelector(".chooser-tasks");
    const sizes = [...new Set(rows.map((row) => row[2]))].sort((a, b) => a - b);

    const draw = () => {
      const [information, dimension, samples] = menus.map((menu) => menu.value);
      const chosen = rows.filter((row) =>
        (information === "" || row[0] === Number(information)) &&
        (dimension === "" || row[1] === Number(dimension)) &&
        (samples === "" || row[2] === sizes[samples]));
      const found = Object.keys(names).map((method) => {
        const own = chosen.filter((row) => row[4] === method);
        const worst = own.reduce((a, b) => (Math.abs(b[5]) > Math.abs(a[5]) ? b : a), own[0]);
        return { method, own, worst, hits: own.filter((row) => row[6]).length };
      }).filter((one) => one.own.length);
      found.sort((a, b) => b.hits / b.own.length - a.hits / a.own.length);
      const unit = samples === "" ? "cases" : "tasks";
      body.replaceChildren(...found.map((one) => {
        const line = document.createElement("tr");
        const cells = [names[one.method], `${one.hits} of ${one.own.length} ${unit}`,
          written(one.worst[5]), one.worst[3]];
        cells.forEach((text) => { line.insertCell().textContent = text; });
        return line;
      }));
      const shown = [...new Set(chosen.map((row) => row[3]))];
      tasks.textContent = shown.length
        ? `${shown.length} tasks are like that: ${shown.join("; ")}.`
        : "No task of the catalogue is like that: nothing is known.";
    };

    menus.forEach((menu) => menu.addEventListener("change", draw));
    root.querySelector(".chooser-menus").hidden = false;
    draw();
  }
});
