import { onContent } from './swaps.js';

const MINUTE = 60_000;

/** 剩 18 分钟, 超时 1 小时 5 分: what is left of `milliseconds` (negative: past the deadline). */
export function remaining(milliseconds) {
  const word = milliseconds < 0 ? '超时' : '剩';
  const minutes = Math.floor(Math.abs(milliseconds) / MINUTE);
  if (minutes < 1) return milliseconds < 0 ? '刚刚超时' : '剩不到 1 分钟';
  if (minutes < 60) return `${word} ${minutes} 分钟`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${word} ${hours} 小时 ${minutes % 60} 分` : `${word} ${hours} 小时`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${word} ${days} 天 ${hours % 24} 小时` : `${word} ${days} 天`;
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
