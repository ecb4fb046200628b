/** The phone's menu button. */
export function watchMenu() {
  const button = document.querySelector('[data-toggle-menu]');
  if (!button) return;
  const side = button.closest('.side');
  const show = (open) => {
    side.classList.toggle('open', open);
    button.setAttribute('aria-expanded', String(open));
    button.textContent = open ? '收起' : '菜单';
  };
  button.addEventListener('click', () => show(!side.classList.contains('open')));
  side.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !side.classList.contains('open')) return;
    show(false);
    button.focus();
  });
}
