import { toast } from './toasts.js';

/** Buttons that copy the text of another element. */
export function watchCopyButtons() {
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-copy]');
    const source = button && document.querySelector(button.dataset.copy);
    if (source) tell('value' in source ? source.value : source.textContent, source);
  });
}

export function copyText(text) {
  const source = document.createElement('pre');
  source.className = 'sr';
  source.textContent = text;
  document.body.append(source);
  tell(text, source).finally(() => source.remove());
}

async function tell(text, source) {
  toast(...((await copied(text, source)) ? ['ok', '已复制。'] : ['error', '浏览器不允许复制，请手动选取。']));
}

async function copied(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // The clipboard API is missing on plain http; selecting still works there.
    getSelection().selectAllChildren(source);
    return document.execCommand('copy');
  }
}
