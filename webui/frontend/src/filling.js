/** Buttons that put a text into a field before they send its form. */
export function watchFillButtons() {
  // Captured, so that the field has its new text before htmx reads the form.
  document.addEventListener(
    'click',
    (event) => {
      const button = event.target.closest?.('[data-fill]');
      const field = button && document.querySelector(button.dataset.fill);
      if (!field || field.value === button.value) return;
      field.value = button.value;
      field.dispatchEvent(new Event('input', { bubbles: true }));
    },
    true,
  );
}
