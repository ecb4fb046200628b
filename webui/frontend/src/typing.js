/**
 * Typing 骑手 by pinyin fires `input` for q, qi, qi s …; without this each would be a search.
 * Letters of an unfinished composition are dropped, one `input` is sent when it ends.
 */
export function watchTyping() {
  document.addEventListener('input', (event) => {
    if (event.isComposing && event.target.closest('[data-ime-safe]')) event.stopImmediatePropagation();
  }, true);
  document.addEventListener('compositionend', (event) => {
    if (event.target.closest('[data-ime-safe]')) event.target.dispatchEvent(new Event('input', { bubbles: true }));
  }, true);
}
