import { onContent } from './swaps.js';

const PAUSE_MS = 120;

let shown = null; // { box, area, panel, options, active }
let timer = 0;
let asked = null;

/** Suggestions under the field of each [data-suggest]: arrows move, Enter or Tab takes, Esc closes. */
export function watchSuggestions() {
  onContent(() => document.querySelectorAll('[data-suggest]').forEach(prepare));
  // Letters of an unfinished composition never come here: typing.js drops them.
  document.addEventListener('input', (event) => {
    if (!event.isComposing && areaOf(event.target)) later(event.target);
  });
  // A request that still waits would read half a composition.
  document.addEventListener('compositionstart', close);
  document.addEventListener('keydown', press, true);
  document.addEventListener('click', (event) => {
    const option = event.target.closest?.('.suggestions [role="option"]');
    if (option) take(option);
    else if (areaOf(event.target) && !event.target.value) later(event.target);
    else if (!event.target.closest?.('[data-suggest]')) close();
  });
  // The field keeps the focus while an option is pressed.
  document.addEventListener('mousedown', (event) => {
    if (event.target.closest?.('.suggestions [role="option"]')) event.preventDefault();
  });
  document.addEventListener('focusout', (event) => {
    if (shown && !shown.area.contains(event.relatedTarget)) close();
  });
}

function areaOf(field) {
  return field.matches?.('input, textarea') ? field.closest('[data-suggest]') : null;
}

function prepare(area) {
  const box = area.querySelector('input:not([type="hidden"]), textarea');
  if (!box || box.hasAttribute('aria-autocomplete')) return;
  box.setAttribute('aria-autocomplete', 'list');
  box.setAttribute('autocomplete', 'off');
  // A field of several lines stays a text box: it may have no other role.
  if (box.matches('input')) {
    box.setAttribute('role', 'combobox');
    box.setAttribute('aria-expanded', 'false');
  }
  const problem = document.getElementById(`${box.id}-problem`);
  if (problem) {
    const others = box.getAttribute('aria-describedby');
    box.setAttribute('aria-describedby', others ? `${others} ${problem.id}` : problem.id);
  }
}

function later(box) {
  clearTimeout(timer);
  asked?.abort();
  timer = setTimeout(() => ask(box), PAUSE_MS);
}

async function ask(box) {
  const area = areaOf(box);
  if (!area || document.activeElement !== box) return;
  asked = new AbortController();
  const at = [...box.value.slice(0, box.selectionStart ?? box.value.length)].length;
  const query = new URLSearchParams({ q: box.value, at });
  try {
    const answer = await fetch(`${area.dataset.suggest}?${query}`, { headers: { 'HX-Request': 'true' }, signal: asked.signal });
    const content = answer.status === 200 && !answer.redirected ? await answer.text() : '';
    if (document.activeElement === box) show(box, area, content);
  } catch (error) {
    // Typed on, or offline: the field works without suggestions.
    if (error.name !== 'AbortError') close();
  }
}

function show(box, area, content) {
  close();
  if (!content.trim()) return;
  const panel = document.createElement('div');
  panel.className = 'suggestions';
  panel.innerHTML = content;
  const list = panel.querySelector('[role="listbox"]');
  list.id = `${box.id}-options`;
  const options = [...list.querySelectorAll('[role="option"]')];
  options.forEach((option, index) => { option.id = `${list.id}-${index}`; });
  panel.style.top = `${box.offsetTop + box.offsetHeight + 2}px`;
  box.after(panel);
  box.setAttribute('aria-controls', list.id);
  if (box.matches('input')) box.setAttribute('aria-expanded', 'true');
  shown = { box, area, panel, options, active: -1 };
  say(area, `${options.length} 条建议，按上下键选择`);
}

function close() {
  clearTimeout(timer);
  asked?.abort();
  if (!shown) return;
  const { box, area, panel } = shown;
  shown = null;
  panel.remove();
  box.removeAttribute('aria-controls');
  box.removeAttribute('aria-activedescendant');
  if (box.matches('input')) box.setAttribute('aria-expanded', 'false');
  say(area, '');
}

function say(area, words) {
  let status = area.querySelector('[data-suggest-status]');
  if (!status) {
    status = document.createElement('p');
    status.className = 'sr';
    status.setAttribute('role', 'status');
    status.dataset.suggestStatus = '';
    area.append(status);
  }
  status.textContent = words;
}

function press(event) {
  if (event.isComposing || event.keyCode === 229 || event.altKey || event.ctrlKey || event.metaKey) return;
  const box = event.target;
  if (!shown || shown.box !== box) {
    if (event.key === 'ArrowDown' && areaOf(box) && box.matches('input')) later(box);
    return;
  }
  const { options, active } = shown;
  if (event.key === 'ArrowDown') move(active + 1 < options.length ? active + 1 : 0);
  else if (event.key === 'ArrowUp') move(active > 0 ? active - 1 : options.length - 1);
  else if (event.key === 'Escape') close();
  else if ((event.key === 'Enter' || event.key === 'Tab') && active >= 0 && !event.shiftKey) take(options[active]);
  else {
    // Tab may lead to the link below the options; leaving the area closes them.
    if (event.key === 'Enter') close();
    return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function move(index) {
  shown.options.forEach((option, place) => option.setAttribute('aria-selected', String(place === index)));
  shown.active = index;
  shown.box.setAttribute('aria-activedescendant', shown.options[index].id);
  shown.options[index].scrollIntoView({ block: 'nearest' });
}

function take(option) {
  const { box } = shown;
  const { text, at } = option.dataset;
  close();
  box.value = text;
  const caret = [...text].slice(0, Number(at)).join('').length;
  box.setSelectionRange(caret, caret);
  box.focus();
  box.dispatchEvent(new Event('input', { bubbles: true }));
}
