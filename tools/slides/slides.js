const begun = Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0, // with one, text of 24 px is smaller than that on a screen of this size
  center: false,
  display: "flex",
  hash: true,
  slideNumber: "c/t",
  controls: false, // they would lie on the text; F1 lists the keys
  navigationMode: "linear", // a presenter's clicker has two keys
  transition: "none",
  pdfSeparateFragments: false,
  plugins: [RevealNotes],
});

const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
Reveal.addKeyBinding({ keyCode: 68, key: "D", description: "Light or dark" }, () => {
  const dark = root.style.colorScheme ? root.style.colorScheme === "dark" : systemIsDark.matches;
  root.style.colorScheme = dark ? "light" : "dark";
});

// Words, code and tables get the largest size at which a slide without a picture still fits.
function fit(slide) {
  if (slide.querySelector("img")) return;
  slide.classList.add("fitting");
  const content = document.createRange();
  content.selectNodeContents(slide);
  const tooLarge = () => {
    const [inner, outer] = [content, slide].map((each) => each.getBoundingClientRect());
    const scale = outer.width / slide.offsetWidth;
    return inner.bottom > outer.bottom - 48 * scale || inner.right > outer.right - 24 * scale ||
      [...slide.querySelectorAll("pre")].some((each) => each.scrollWidth > each.clientWidth);
  };
  for (const grow of [1.4, 1.3, 1.2, 1.1, 1]) {
    slide.style.setProperty("--grow", grow);
    if (!tooLarge()) break;
  }
  slide.classList.remove("fitting");
}
Reveal.on("slidechanged", (event) => fit(event.currentSlide));
Promise.all([begun, document.fonts.ready]).then(() => fit(Reveal.getCurrentSlide()));
