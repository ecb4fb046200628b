import { open } from './dialogs.js';
import { toggleRow } from './selection.js';

const PAGES = { o: '/', e: '/events', s: '/documents', a: '/alerts', c: '/calendar', r: '/reviews' };
const PAIR_MS = 1200;
const FIELDS = 'input:not([type="checkbox"]), select, textarea, [contenteditable=""], [contenteditable="true"]';

let prefixUntil = 0;

/** Single-letter keys. They rest in fields, in dialogs, with modifiers, while composing, and when switched off. */
export function watchKeys() {
  document.addEventListener('keydown', (event) => {
    if (isOff(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (act(key, event)) event.preventDefault();
  });
}

function isOff(event) {
  if (event.defaultPrevented || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return true;
  if (document.documentElement.dataset.keys === 'off') return true;
  return Boolean(event.target.closest?.(FIELDS) || document.querySelector('dialog[open]'));
}

function act(key, event) {
  if (performance.now() < prefixUntil) {
    prefixUntil = 0;
    return go(key);
  }
  if (key === 'g') {
    prefixUntil = performance.now() + PAIR_MS;
    return true;
  }
  if (key === 'Enter') return openRow(event.target);
  if (key === '/' || key === '／' || key === '、') return focusSearch();
  if (key === '?' || key === '？') {
    open(document.getElementById('keys-dialog'));
    return true;
  }
  return press(key) || move(key) || (key === 'x' && toggleRow(currentRow()));
}

function currentRow() {
  return document.activeElement.closest('[data-rows] [tabindex="-1"]');
}

/** Only to pages that the menu shows: the others are not open to this role. */
function go(key) {
  const links = [...document.querySelectorAll('.side nav a')];
  const link = links.find((item) => item.pathname.replace(/(.)\/$/, '$1') === PAGES[key]);
  if (!link) return false;
  link.click();
  return true;
}

function focusSearch() {
  const field = document.querySelector('[data-search]');
  if (!field) return false;
  field.focus();
  field.select();
  return true;
}

function press(key) {
  if (!/^[a-z0-9[\]]$/.test(key)) return false;
  const target = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)]
    .find((element) => !element.disabled && element.getClientRects().length > 0);
  if (!target) return false;
  target.click();
  return true;
}

function move(key) {
  if (key !== 'j' && key !== 'k') return false;
  const rows = [...document.querySelectorAll('[data-rows] [tabindex="-1"]')];
  if (!rows.length) return false;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = key === 'j' ? Math.min(at + 1, rows.length - 1) : Math.max(at - 1, 0);
  rows[next].focus();
  rows[next].scrollIntoView({ block: 'nearest' });
  return true;
}

function openRow(target) {
  if (!target.matches?.('[data-rows] [tabindex="-1"]')) return false;
  const link = target.matches('a') ? target : target.querySelector('.x a[href], a[href]');
  if (!link) return false;
  link.click();
  return true;
}
