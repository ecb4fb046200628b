import { BarChart, LineChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
import { getInstanceByDom, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

const POLARITIES = [
  ['negative', '负面', 'triangle'],
  ['neutral', '中性', 'circle'],
  ['positive', '正面', 'rect'],
];
const SYMBOLS = ['circle', 'triangle', 'rect', 'diamond', 'pin'];
const drawn = new Set();

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function axes(data, ink, line) {
  return {
    grid: { left: 4, right: 16, top: 36, bottom: 4, containLabel: true },
    legend: { top: 0, right: 8, itemHeight: 9, textStyle: { color: ink } },
    xAxis: {
      type: 'category', data: data.labels, boundaryGap: false,
      axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false },
    },
    yAxis: {
      type: 'value', name: data.unit || '', minInterval: 1,
      nameTextStyle: { color: ink, align: 'left' }, axisLabel: { color: ink }, splitLine: { lineStyle: { color: line } },
    },
  };
}

function markLine(data, ink) {
  if (!data.marks?.length) return undefined;
  return {
    symbol: 'none', silent: true, lineStyle: { color: ink, type: 'dashed' },
    label: { color: ink, formatter: (mark) => mark.name, position: 'end', distance: 4 },
    data: data.marks.map((mark) => ({ name: mark.text, xAxis: mark.label })),
  };
}

function trend(data, ink, line) {
  return {
    ...axes(data, ink, line),
    series: POLARITIES.map(([key, name, symbol], index) => ({
      name, type: 'line', stack: 'volume', symbol, showSymbol: false, color: token(key),
      areaStyle: { opacity: 0.22 }, lineStyle: { width: 1.5 }, data: data[key],
      markLine: index === POLARITIES.length - 1 ? markLine(data, ink) : undefined,
    })),
  };
}

function line(data, ink, rule) {
  const colors = ['link', 'orange', 'positive', 'text-3', 'yellow'].map(token);
  return {
    ...axes(data, ink, rule),
    series: data.series.slice(0, 5).map((series, index) => ({
      name: series.name, type: 'line', symbol: SYMBOLS[index], showSymbol: data.labels.length <= 40,
      color: colors[index], lineStyle: { width: 1.5 }, data: series.values,
    })),
  };
}

function bars(data, ink, rule) {
  return {
    grid: { left: 4, right: 40, top: 4, bottom: 4, containLabel: true },
    xAxis: { type: 'value', minInterval: 1, axisLabel: { show: false }, splitLine: { show: false } },
    yAxis: {
      type: 'category', inverse: true, data: data.labels,
      axisLabel: { color: ink }, axisTick: { show: false }, axisLine: { lineStyle: { color: rule } },
    },
    series: [{ type: 'bar', data: data.values, color: token('text-3'), barMaxWidth: 14, label: { show: true, position: 'right', color: ink } }],
  };
}

/** The curve of an event: volume with its nodes, then what the next 24 hours may bring as a band. */
function event(data, ink, rule) {
  const past = data.negative.length;
  // A forecast of one point fans out from the last count; one by the hour stands for itself.
  const lead = data.expected.length === 1 ? [data.negative[past - 1] + data.other[past - 1]] : [];
  const ahead = (values, start = lead) => [...Array(past - start.length).fill(null), ...start, ...values];
  const stacked = (key, name, symbol) => ({
    name, type: 'line', stack: 'volume', symbol, showSymbol: false, color: token(key),
    areaStyle: { opacity: 0.22 }, lineStyle: { width: 1.5 },
  });
  const silent = { type: 'line', stack: 'band', symbol: 'none', silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
  const series = [
    { ...stacked('negative', '负面', 'triangle'), data: data.negative },
    { ...stacked('neutral', '其他', 'circle'), data: data.other, markLine: markLine(data, ink) },
  ];
  if (data.expected.length) {
    const forecast = token('link');
    series.push(
      { ...silent, data: ahead(data.low) },
      { ...silent, data: ahead(data.high.map((high, at) => high - data.low[at]), lead.map(() => 0)), color: forecast, areaStyle: { opacity: 0.18 } },
      {
        name: '预计', type: 'line', symbol: 'diamond', showSymbol: data.expected.length === 1, color: forecast,
        lineStyle: { width: 1.5, type: 'dashed' }, data: ahead(data.expected),
      },
    );
  }
  const frame = axes(data, ink, rule);
  // The unit stands in the heading of the card: at the top of the axis the first node has its label.
  frame.yAxis.name = '';
  return { ...frame, series };
}

const KINDS = { trend, line, bars, event };

function draw(element) {
  const source = document.getElementById(element.dataset.src);
  const shape = KINDS[element.dataset.chart];
  if (!source || !shape) return;
  const ink = token('text-2');
  const surface = element.firstElementChild || element.appendChild(drawingSurface());
  const chart = getInstanceByDom(surface) || watchSize(surface, init(surface));
  chart.setOption({
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    animationDuration: 200,
    // The element carries its own label: one sentence of conclusion, not a list of points.
    aria: { enabled: true, label: { enabled: false }, decal: { show: matchMedia('(forced-colors: active)').matches } },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
    tooltip: {
      trigger: 'axis', confine: true,
      // An HTML tooltip carries style attributes, which the content security policy refuses.
      renderMode: 'richText',
      backgroundColor: token('surface'), borderColor: token('border-strong'), textStyle: { color: token('text') },
    },
    ...shape(JSON.parse(source.textContent), ink, token('border')),
  }, true);
}

// Charts style what they draw in. On an element with an id htmx would copy that style as an attribute to the
// element's successor, which the content security policy refuses.
function drawingSurface() {
  const surface = document.createElement('div');
  surface.className = 'chart-surface';
  return surface;
}

function watchSize(element, chart) {
  new ResizeObserver(() => {
    if (element.isConnected) chart.resize();
  }).observe(element);
  drawn.add(chart);
  return chart;
}

function mount() {
  for (const chart of drawn) {
    if (chart.getDom().isConnected) continue;
    chart.dispose();
    drawn.delete(chart);
  }
  document.querySelectorAll('[data-chart]').forEach(draw);
}

window.zhishengCharts = { mount };
mount();
document.addEventListener('display:changed', mount);
