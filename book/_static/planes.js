/* Information planes that play through epochs: experiments/information_plane/plane_animation.py
   writes them. The page holds every path; this moves the layers along. The button and the slider
   take the keyboard as all of their kind do. */
"use strict";

for (const root of document.querySelectorAll(".planes")) {
  const epochs = root.dataset.epochs.split(",").map(Number);
  const controls = root.querySelector(".planes-controls");
  const button = controls.querySelector("button");
  const slider = controls.querySelector("input");
  const shown = controls.querySelector("output");
  const panels = [...root.querySelectorAll(".planes-panels > svg")].map((panel) => ({
    paths: [...panel.querySelectorAll(".path")].map((one) =>
      one.getAttribute("points").split(" ")
    ),
    trails: panel.querySelectorAll(".trail"),
    spots: panel.querySelectorAll(".spot"),
    together: panel.querySelector(".together"),
  }));
  let timer = null;

  const draw = () => {
    const at = Number(slider.value);
    for (const { paths, trails, spots, together } of panels) {
      paths.forEach((path, layer) => {
        trails[layer].setAttribute("points", path.slice(0, at + 1).join(" "));
        spots[layer].setAttribute("transform", `translate(${path[at].replace(",", " ")})`);
      });
      together.setAttribute("points", paths.map((path) => path[at]).join(" "));
    }
    shown.textContent = `epoch ${epochs[at].toLocaleString("en")}`;
    slider.setAttribute("aria-valuetext", shown.textContent);
  };

  const pause = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };

  const step = () => {
    slider.value = Number(slider.value) + 1;
    draw();
    if (Number(slider.value) === epochs.length - 1) pause();
  };

  button.addEventListener("click", () => {
    if (timer !== null) return pause();
    if (Number(slider.value) === epochs.length - 1) slider.value = 0;
    draw();
    button.textContent = "Pause";
    timer = setInterval(step, 120);
  });
  slider.addEventListener("input", () => {
    pause();
    draw();
  });
  slider.value = root.dataset.opens;
  controls.hidden = false;
  draw();
}
