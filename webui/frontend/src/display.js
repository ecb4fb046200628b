/** The selects of the display dialog; theme.js applies what they store. */
export function watchDisplaySettings() {
  const fill = () => {
    for (const select of document.querySelectorAll('select[data-setting]')) {
      try {
        select.value = localStorage.getItem(`zhisheng.${select.dataset.setting}`) || '';
      } catch {
        select.disabled = true; // Storage is forbidden: nothing could be kept.
      }
    }
  };
  fill();
  document.addEventListener('change', (event) => {
    const select = event.target.closest?.('select[data-setting]');
    if (!select) return;
    const name = `zhisheng.${select.dataset.setting}`;
    if (select.value) localStorage.setItem(name, select.value);
    else localStorage.removeItem(name);
    document.dispatchEvent(new CustomEvent('display:set'));
  });
}
