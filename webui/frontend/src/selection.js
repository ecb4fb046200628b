import { copyText } from './copying.js';

/** Rows that are selected with a checkbox or x, and the bar that acts on them; a new page of rows begins with none. */
export function watchSelection() {
  document.addEventListener('change', (event) => {
    if (event.target.matches?.('[data-select]')) show();
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-select-none], [data-copy-selected]');
    if (!button) return;
    if (button.matches('[data-copy-selected]')) {
      copyText(chosen().map((box) => summary(box.closest('li'))).join('\n\n'));
      return;
    }
    chosen().forEach((box) => { box.checked = false; });
    show();
  });
  // A page that comes back from the browser's cache has its boxes still checked.
  addEventListener('pageshow', show);
}

/** Selects or gives up the row; says whether it can be selected at all. */
export function toggleRow(row) {
  const box = row?.querySelector('[data-select]');
  if (!box) return false;
  box.click();
  return true;
}

function chosen() {
  return [...document.querySelectorAll('[data-select]:checked')];
}

function show() {
  const bar = document.querySelector('[data-selection]');
  if (!bar) return;
  const boxes = chosen();
  bar.hidden = boxes.length === 0;
  bar.querySelector('[data-selected]').textContent = boxes.length;
  for (const link of bar.querySelectorAll('[data-with-selected]')) {
    const pairs = boxes.map((box) => [link.dataset.withSelected, box.value]);
    link.search = new URLSearchParams(pairs).toString();
  }
}

/** What one pastes into a message: title, time and source, address, fingerprint. */
function summary(row) {
  const text = (selector) => row.querySelector(selector)?.textContent.trim() ?? '';
  const time = row.querySelector('time')?.title ?? '';
  const link = row.querySelector('a[target="_blank"]')?.href ?? '';
  const proof = text('[id^="hash-"]');
  return [text('h3'), `${time} ${text('.meta span:nth-child(2)')}`, link, proof && `内容指纹 ${proof}`].filter(Boolean).join('\n');
}
