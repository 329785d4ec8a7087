// Step through recorded frames: a slider, and a button that plays them. See experiments/frames.py.
document.addEventListener("DOMContentLoaded", () => {
  for (const root of document.querySelectorAll(".frames")) {
    const pictures = [...root.querySelectorAll("img")];
    const controls = root.querySelector(".frames-controls");
    const slider = root.querySelector("input");
    const output = root.querySelector("output");
    const button = root.querySelector("button");
    let timer = null;

    const draw = () => {
      pictures.forEach((picture, i) => { picture.hidden = i !== Number(slider.value); });
      output.textContent = pictures[slider.value].dataset.value;
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      button.textContent = "Play";
    };
    const step = () => {
      slider.value = (Number(slider.value) + 1) % pictures.length;
      draw();
    };

    slider.addEventListener("input", () => { stop(); draw(); });
    button.addEventListener("click", () => {
      if (timer !== null) return stop();
      button.textContent = "Pause";
      timer = setInterval(step, 900);
    });
    controls.hidden = false;
  }
});
