// Explorers: sliders and lists that choose one of the states in the page, without a kernel.
for (const explorer of document.querySelectorAll(".explorer")) {
  const { controls, states } = JSON.parse(explorer.querySelector("script").textContent);
  const sentence = explorer.querySelector("p");
  const body = explorer.querySelector("tbody");
  const inputs = [];

  const cell = (row, tag, text) => {
    const made = row.appendChild(document.createElement(tag));
    made.textContent = text;
    return made;
  };

  const show = () => {
    // States lie in the order of the controls' choices, the last one changing fastest.
    const chosen = inputs.reduce((at, input, i) => {
      return at * controls[i].choices.length + Number(input.value);
    }, 0);
    const [text, rows] = states[chosen];
    sentence.textContent = text;
    body.replaceChildren();
    for (const [name, width, number] of rows) {
      const row = body.insertRow();
      cell(row, "th", name).scope = "row";
      const bar = cell(row, "td", "");
      bar.className = "bar";
      cell(bar, "span", "").style.width = `${width}%`;
      cell(row, "td", number);
    }
  };

  for (const { name, choices, start } of controls) {
    const label = document.createElement("label");
    cell(label, "span", name);
    const slides = typeof choices[0] === "number";
    const input = label.appendChild(document.createElement(slides ? "input" : "select"));
    if (slides) {
      Object.assign(input, { type: "range", min: 0, max: choices.length - 1, step: 1 });
      const value = cell(label, "output", "");
      const tell = () => {
        value.textContent = choices[input.value];
        input.setAttribute("aria-valuetext", choices[input.value]);
      };
      input.value = start;
      input.addEventListener("input", tell);
      tell();
    } else {
      choices.forEach((choice, i) => input.add(new Option(choice, i)));
      input.value = start;
    }
    input.setAttribute("aria-label", name);
    input.addEventListener("input", show);
    inputs.push(input);
    explorer.querySelector(".controls").append(label);
  }
}
