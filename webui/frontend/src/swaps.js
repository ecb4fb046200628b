/** Calls `draw` now and after every fragment that htmx has swapped in. */
export function onContent(draw) {
  draw();
  document.addEventListener('htmx:after:swap', () => draw());
}
