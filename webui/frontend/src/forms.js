import { ask } from './dialogs.js';

const agreed = new WeakSet();
const sent = new WeakSet();

/** Asks before forms with data-confirm, and stops the second press of a plain POST button. */
export function watchForms() {
  document.addEventListener('submit', confirmFirst, true);
  document.addEventListener('submit', sendOnce);
  // A page that comes back from the browser's cache may be sent again.
  addEventListener('pageshow', (event) => {
    if (event.persisted) document.querySelectorAll('form').forEach((form) => sent.delete(form));
  });
}

function confirmFirst(event) {
  const form = event.target;
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (!question || agreed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { submitter } = event;
  const label = submitter?.dataset.confirmLabel || form.dataset.confirmLabel || submitter?.firstChild?.textContent?.trim();
  ask(question, label || '确定').then((yes) => {
    if (!yes) return;
    agreed.add(form);
    form.requestSubmit(submitter || undefined);
  });
}

function sendOnce(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (sent.has(form)) {
    event.preventDefault();
    return;
  }
  sent.add(form);
  setTimeout(() => sent.delete(form), 8000);
}
