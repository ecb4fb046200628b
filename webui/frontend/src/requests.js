import { toast } from './toasts.js';

/** Failures of htmx requests, toasts asked for by the server, and where the focus goes after paging. */
export function watchRequests() {
  document.addEventListener('htmx:error', (event) => {
    const source = event.detail.ctx?.sourceElement;
    if (!source || source.matches('[data-poll]')) return;
    toast('error', '未送达：网络不通，内容没有改变。', { text: '点此重试', run: () => again(source) });
  });
  document.addEventListener('toast', (event) => {
    const { level = 'ok', text = '' } = event.detail || {};
    toast(level, text);
  });
  document.addEventListener('htmx:after:swap', (event) => {
    const selector = event.detail.ctx?.sourceElement?.dataset?.focusAfter;
    const region = selector && document.querySelector(selector);
    if (!region) return;
    region.tabIndex = -1;
    region.focus({ preventScroll: true });
    if (region.getBoundingClientRect().top < 0) region.scrollIntoView();
  });
}

function again(source) {
  if (!source.isConnected) return;
  if (source instanceof HTMLFormElement) source.requestSubmit();
  else source.click();
}
