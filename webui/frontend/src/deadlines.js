import { onContent } from './swaps.js';

const MINUTE = 60_000;

/** 剩 18 分钟, 超时 1 小时 5 分: the words the server writes too, for `milliseconds` left (negative: late). */
export function remaining(milliseconds) {
  const word = milliseconds >= 0 ? '剩' : '超时';
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE);
  if (minutes < 60) return `${word} ${minutes} 分钟`;
  const rest = minutes % 60;
  return `${word} ${Math.floor(minutes / 60)} 小时${rest ? ` ${rest} 分` : ''}`;
}

export function watchDeadlines() {
  // The server's clock decides: a wrong clock of the phone must not hide a deadline.
  const server = Date.parse(document.documentElement.dataset.now || '');
  const skew = Number.isNaN(server) ? 0 : server - Date.now();
  const draw = () => {
    for (const element of document.querySelectorAll('[data-deadline]')) {
      const end = Date.parse(element.dataset.deadline);
      if (Number.isNaN(end)) continue;
      const left = end - (Date.now() + skew);
      const text = (element.dataset.prefix || '') + remaining(left);
      if (element.textContent !== text) element.textContent = text;
      element.classList.toggle('late', left < 0);
    }
  };
  onContent(draw);
  setInterval(draw, 15_000);
}
