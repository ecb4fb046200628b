const SHOWN_MS = 6000;

/** Shows a short message; `action` is {text, run} and keeps it until it is pressed. */
export function toast(level, text, action = null) {
  const region = document.getElementById('toasts');
  if (!region) return;
  const box = document.createElement('div');
  box.className = `toast ${level}`;
  const words = document.createElement('span');
  words.textContent = text;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = action ? action.text : '知道了';
  button.addEventListener('click', () => {
    box.remove();
    if (action) action.run();
  });
  box.append(words, button);
  region.append(box);
  if (!action && level !== 'error') setTimeout(() => box.remove(), SHOWN_MS);
}
