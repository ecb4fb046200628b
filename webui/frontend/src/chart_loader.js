import { onContent } from './swaps.js';

let requested = false;

/** Fetches the chart bundle the first time a page holds a chart. */
export function watchChartElements() {
  onContent(() => {
    if (!document.querySelector('[data-chart]')) return;
    if (window.zhishengCharts) {
      window.zhishengCharts.mount();
      return;
    }
    if (requested) return;
    requested = true;
    const script = document.createElement('script');
    script.src = document.querySelector('meta[name="charts-src"]').content;
    document.head.append(script);
  });
}
