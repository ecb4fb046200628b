let dirty = false;

/** The editor: Ctrl+S saves, and leaving with unsaved words asks first. */
export function watchEditing() {
  document.addEventListener('input', (event) => {
    if (event.target.closest?.('form[data-unsaved]')) dirty = true;
  });
  document.addEventListener('submit', (event) => {
    if (!event.defaultPrevented && event.target.matches('form[data-unsaved]')) dirty = false;
  });
  document.addEventListener('keydown', (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 's') return;
    const form = document.querySelector('form[data-unsaved]');
    if (!form) return;
    event.preventDefault();
    form.requestSubmit();
  });
  addEventListener('beforeunload', (event) => {
    if (dirty) event.preventDefault();
  });
}
