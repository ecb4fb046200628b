import { onContent } from './swaps.js';

const ADDRESS = /https?:\/\/[\x21-\x7e]+/g;

/** Weibo counts two half-width characters as one and any address as ten; the lint of media_matrix counts alike. */
export function weiboLength(text) {
  const addresses = (text.match(ADDRESS) || []).length;
  let half = 0;
  for (const character of text.replace(ADDRESS, '')) half += character.codePointAt(0) < 0x80 ? 1 : 2;
  return addresses * 10 + Math.ceil(half / 2);
}

export const plainLength = (text) => [...text].length;

const RULES = { weibo: weiboLength, plain: plainLength };

function draw(field) {
  const output = document.querySelector(`[data-counter="${CSS.escape(field.id)}"]`);
  if (!output) return;
  const limit = Number(field.dataset.limit);
  const used = (RULES[field.dataset.countRule] || plainLength)(field.value);
  output.textContent = used > limit ? `${used} / ${limit} 字，超出 ${used - limit} 字` : `${used} / ${limit} 字`;
  output.classList.toggle('over', used > limit);
}

export function watchCounters() {
  document.addEventListener('input', (event) => {
    if (event.target.matches?.('[data-limit]')) draw(event.target);
  });
  onContent(() => document.querySelectorAll('[data-limit]').forEach(draw));
}
