// One row for each slide of the deck that is open: what a reader in the last row would complain of.
async () => {
  await document.fonts.ready;
  Reveal.configure({ fragments: false, hash: false, viewDistance: 1 });
  Reveal.layout();
  const frame = document.querySelector(".slides").getBoundingClientRect();
  const scale = frame.width / document.querySelector(".slides").offsetWidth;
  const number = document.querySelector(".slide-number").getBoundingClientRect();

  function textNodes(slide, without) {
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.data.trim() && !node.parentElement.closest(without)) found.push(node);
    }
    return found;
  }

  function texts(slide) {
    const found = [];
    for (const node of textNodes(slide, "aside, style, script")) {
      const parent = node.parentElement;
      const range = document.createRange();
      range.selectNodeContents(node);
      const boxes = [...range.getClientRects()].filter((box) => box.width && box.height);
      if (boxes.length) found.push({ node, parent, boxes });
    }
    return found;
  }

  const leaves = (box) =>
    box.left < frame.left - 1 || box.right > frame.right + 1 ||
    box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  const covers = (box) =>
    box.left < number.right && box.right > number.left &&
    box.top < number.bottom && box.bottom > number.top;
  const hides = (element) =>
    getComputedStyle(element).overflow !== "visible" &&
    (element.scrollWidth > element.clientWidth + 1 ||
      element.scrollHeight > element.clientHeight + 1);

  // A picture's size on the slide, compared with its own.
  const shown = (each) => {
    const box = each.getBoundingClientRect();
    if (each.tagName !== "IMG" || !each.naturalWidth) return Infinity;
    return Math.min(box.width / each.naturalWidth, box.height / each.naturalHeight);
  };
  const alt = (each) => (each.getAttribute("alt") || each.getAttribute("aria-label") || "").trim();

  return Reveal.getSlides().map((slide, index) => {
    const place = Reveal.getIndices(slide);
    Reveal.slide(place.h, place.v);
    const found = texts(slide);
    const pictures = [...slide.querySelectorAll("img, svg")].filter((each) => !each.closest("aside"));
    const boxes = found.flatMap((text) => text.boxes);
    boxes.push(...pictures.map((picture) => picture.getBoundingClientRect()));
    const size = (text) => parseFloat(getComputedStyle(text.parent).fontSize) * scale;
    const letters = found.filter((text) => !text.parent.closest("svg")); // a drawing has its own scale
    const small = "code, pre, .jp-OutputArea";
    const inCode = letters.filter((text) => text.parent.closest(small));
    const inText = letters.filter((text) => !text.parent.closest(small));
    const heading = slide.querySelector("h1, h2, h3, h4");
    const notes = [...slide.querySelectorAll("aside.notes")].map((each) => each.textContent);
    return {
      slide: index + 1,
      heading: heading && !heading.closest("aside") ? heading.textContent.trim() : "",
      letters: found
        .filter((text) => text.parent.closest("p, li") && !text.parent.closest("pre, table"))
        .reduce((sum, text) => sum + text.node.data.trim().length, 0),
      overflow: boxes.some((box) => leaves(box) || covers(box)) ||
        [...slide.querySelectorAll("pre, div, table")].some(hides),
      text: Math.min(...inText.map(size)),
      code: Math.min(...inCode.map(size)),
      picture: Math.min(...pictures.map(shown)),
      blank: !found.length && !pictures.length,
      no_picture: pictures.some((each) => each.tagName === "IMG" && !each.naturalWidth),
      // nbconvert writes "No description has been provided for this image" where there is none.
      no_alt: pictures.some((each) => !alt(each) || alt(each).startsWith("No description has been")),
      // In notes as well: what Markdown, LaTeX or HTML would leave if nobody rendered it.
      raw: textNodes(slide, "code, pre, svg, style, script")
        .some((node) => /[$`]|\*\*|\]\(|\\[a-z([]|<\/?[a-z]|^#+ /im.test(node.data)),
      asks: notes.some((each) => /Ask:.*Answer:/s.test(each)),
    };
  });
}
