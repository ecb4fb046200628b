/**
 * The badge asks every 15 s. It rests while the tab is hidden, and when no answer comes the page
 * says so: in a duty room silence must not look like calm.
 */
export function watchPolling() {
  const isPoll = (event) => event.detail.ctx?.sourceElement?.matches?.('[data-poll]');
  document.addEventListener('htmx:before:request', (event) => {
    if (document.hidden && isPoll(event)) event.preventDefault();
  });
  document.addEventListener('htmx:before:response', (event) => {
    if (!isPoll(event)) return;
    const { status } = event.detail.ctx.response;
    if (status < 400) return restored();
    event.preventDefault();
    lost(status === 401 || status === 403 ? '登录已过期，页面不再更新。' : '服务器暂时没有回应，页面不再更新。');
  });
  document.addEventListener('htmx:error', (event) => {
    if (isPoll(event)) lost('与服务器的连接中断，页面不再更新。');
  });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) document.body.dispatchEvent(new CustomEvent('visible:again'));
  });
  document.addEventListener('htmx:after:swap', mirror);
  mirror();
}

const clock = () => new Date().toLocaleTimeString('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false });

function lost(why) {
  if (document.getElementById('link-lost')) return;
  const box = document.createElement('div');
  box.id = 'link-lost';
  box.className = 'banner stale';
  box.setAttribute('role', 'alert');
  const words = document.createElement('p');
  words.textContent = `${why}以下内容停在 ${clock()}，可能已经过时。`;
  const reload = document.createElement('a');
  reload.className = 'btn';
  reload.href = location.href;
  reload.textContent = '刷新页面';
  box.append(words, reload);
  document.getElementById('main').prepend(box);
}

function restored() {
  document.getElementById('link-lost')?.remove();
}

/** Copies the alert count to the phone's bar and to the window title. */
function mirror() {
  const badge = document.getElementById('alert-badge');
  if (!badge) return;
  const count = Number(badge.dataset.count) || 0;
  for (const copy of document.querySelectorAll('[data-mirror="alert-badge"]')) {
    copy.hidden = count === 0;
    copy.querySelector('[data-mirror-count]').textContent = String(count);
  }
  const title = document.title.replace(/^\(\d+\) /, '');
  document.title = count ? `(${count}) ${title}` : title;
}
