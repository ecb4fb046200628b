import { onContent } from './swaps.js';

const CLICK_PX = 5;
const DAY_S = 86400;

/** A histogram of which a period can be chosen: dragged over with mouse or finger, or between two handles. */
export function watchBrushes() {
  onContent(() => document.querySelectorAll('[data-brush]:not(.ready)').forEach(prepare));
}

function prepare(figure) {
  const totals = figure.dataset.totals.split(',').map(Number);
  figure.classList.add('ready');
  if (totals.length < 2) return;
  const area = figure.querySelector('.brush-area');
  const pane = element('div', 'brush-window');
  pane.hidden = true;
  const from = handle('起点', totals.length, 0);
  const to = handle('终点', totals.length, totals.length);
  area.append(pane, from, to);

  const said = element('p', 'brush-said', '拖过图形，或移动两端的手柄，可以只看一段时间。');
  said.setAttribute('role', 'status');
  const apply = element('button', 'btn small primary', '只看这一段');
  const reset = element('button', 'btn small', '取消');
  figure.querySelector('.brush-tools').append(said, apply, reset);

  const period = () => [Number(from.value), Number(to.value)];
  const go = () => location.assign(address(figure, ...period()));
  const hint = said.textContent;
  const show = () => {
    const [first, last] = period();
    const isAll = first === 0 && last === totals.length;
    const hits = totals.slice(first, last).reduce((sum, count) => sum + count, 0);
    const text = `${label(figure, first)} 至 ${label(figure, last)}，${hits.toLocaleString('zh-CN')} 条`;
    pane.hidden = isAll;
    pane.style.left = `${(100 * first) / totals.length}%`;
    pane.style.width = `${(100 * (last - first)) / totals.length}%`;
    said.textContent = isAll ? hint : text;
    apply.hidden = reset.hidden = isAll;
    from.setAttribute('aria-valuetext', `从 ${text}`);
    to.setAttribute('aria-valuetext', `到 ${label(figure, last)}，${hits} 条`);
    // Whichever has more way to go lies on top, so that both can be grabbed where they meet.
    from.style.zIndex = first > totals.length / 2 ? 2 : 1;
  };
  const set = (first, last) => {
    [from.value, to.value] = [first, last];
    show();
  };
  const reach = () => set(0, totals.length);
  from.addEventListener('input', () => set(Math.min(from.value, to.value - 1), to.value));
  to.addEventListener('input', () => set(from.value, Math.max(to.value, Number(from.value) + 1)));
  for (const end of [from, to]) {
    end.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !apply.hidden) go();
      else if (event.key === 'Escape') reach();
    });
  }
  apply.addEventListener('click', go);
  reset.addEventListener('click', () => {
    reach();
    from.focus();
  });
  dragOver(area, totals.length, set, reach, go);
  show();
}

/** A drag beyond a few pixels chooses; a plain click stays the link of its bar. */
function dragOver(area, size, set, cancel, done) {
  let start = null;
  let moved = false;
  const place = (x) => {
    const box = area.getBoundingClientRect();
    return Math.max(0, Math.min(size, ((x - box.left) / box.width) * size));
  };
  area.addEventListener('dragstart', (event) => event.preventDefault());
  area.addEventListener('pointerdown', (event) => {
    moved = false;
    start = event.button || event.target.matches('input') ? null : event.clientX;
  });
  area.addEventListener('pointermove', (event) => {
    if (start === null || (!moved && Math.abs(event.clientX - start) < CLICK_PX)) return;
    if (!moved) area.setPointerCapture(event.pointerId);
    moved = true;
    const [low, high] = [place(Math.min(start, event.clientX)), place(Math.max(start, event.clientX))];
    set(Math.floor(low), Math.max(Math.ceil(high), Math.floor(low) + 1));
  });
  area.addEventListener('pointerup', () => {
    if (start !== null && moved) done();
    start = null;
  });
  area.addEventListener('pointercancel', () => {
    if (start !== null && moved) cancel();
    start = null;
  });
  area.addEventListener('click', (event) => {
    if (moved) event.preventDefault();
  }, true);
}

/** The moment a bucket begins, as Shanghai writes it: no daylight saving there, so counting is enough. */
function written(figure, place) {
  const start = Date.parse(`${figure.dataset.start}Z`);
  return new Date(start + place * figure.dataset.step * 1000).toISOString().slice(0, 16);
}

function label(figure, place) {
  const text = written(figure, place).slice(5).replace('T', ' ');
  return figure.dataset.step < DAY_S ? text : text.slice(0, 5);
}

function address(figure, first, last) {
  const base = figure.dataset.base;
  return `${base}${base.includes('?') ? '&' : '?'}since=${written(figure, first)}&until=${written(figure, last)}`;
}

function handle(name, size, value) {
  const input = element('input', 'brush-handle');
  Object.assign(input, { type: 'range', min: 0, max: size, step: 1, value });
  input.setAttribute('aria-label', `所选时段的${name}`);
  return input;
}

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  if (tag === 'button') made.type = 'button';
  made.textContent = text;
  return made;
}
