/** Opens and closes <dialog>; the browser returns the focus to the button that opened it. */
export function watchDialogs() {
  document.addEventListener('click', (event) => {
    const opener = event.target.closest?.('[data-dialog]');
    if (opener) {
      event.preventDefault();
      // A menu of actions gives way to the dialog that it opens.
      if (opener.matches('[data-close]')) opener.closest('dialog')?.close();
      open(document.getElementById(opener.dataset.dialog));
      return;
    }
    if (event.target.closest?.('[data-close]')) event.target.closest('dialog')?.close();
  });
}

export function open(dialog) {
  if (dialog && !dialog.open) dialog.showModal();
}

/** Asks `question`; answers a promise of true or false. */
export function ask(question, label = '确定') {
  return new Promise((resolve) => {
    const dialog = document.createElement('dialog');
    dialog.className = 'dialog';
    dialog.setAttribute('role', 'alertdialog');
    dialog.setAttribute('aria-labelledby', 'ask-text');
    const form = document.createElement('form');
    form.method = 'dialog';
    const words = document.createElement('p');
    words.id = 'ask-text';
    words.textContent = question;
    const actions = document.createElement('div');
    actions.className = 'dialog-actions';
    actions.append(choice('取消', 'no', 'btn'), choice(label, 'yes', 'btn primary'));
    form.append(words, actions);
    dialog.append(form);
    document.body.append(dialog);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    dialog.showModal();
  });
}

function choice(text, value, className) {
  const button = document.createElement('button');
  button.textContent = text;
  button.value = value;
  button.className = className;
  return button;
}
