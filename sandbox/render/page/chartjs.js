// SPDX-License-Identifier: Apache-2.0
/*
 * Charts of Chart.js, as they were drawn. Runs beside the scripts of the page, alone: charts.js makes a function of it.
 */

const pen = document.createElement('canvas').getContext('2d');
const color = (value) => {
  if (typeof value !== 'string') return value ? 'painted' : null;
  pen.fillStyle = '#000';
  pen.fillStyle = value;
  return pen.fillStyle;
};

/** Of a part of a chart, else of the chart, else of all charts. */
const font = (chart, own) => {
  const of = (name) => own?.[name] ?? chart.options.font?.[name] ?? globalThis.Chart.defaults?.font?.[name];
  return { size: of('size'), family: of('family'), weight: of('weight') === 'bold' || of('weight') >= 600 ? 700 : 400 };
};
const lines = (text) => (Array.isArray(text) ? text.join('\n') : String(text ?? ''));

function series(chart, index) {
  const meta = chart.getDatasetMeta(index);
  const { label } = chart.data.datasets[index];
  const line = meta.dataset?.options;
  const points = meta.data.map(({ options }) => options ?? {});
  return {
    kind: meta.type, name: label, values: meta.data.map((_, i) => meta.controller.getParsed(i)),
    fills: points.map((o) => color(o.backgroundColor)), borders: points.map((o) => color(o.borderColor)),
    borderWidth: points[0]?.borderWidth, radius: points[0]?.radius,
    size: chart.options.indexAxis === 'y' ? meta.data[0]?.height : meta.data[0]?.width,
    at: chart.options.indexAxis === 'y' ? meta.data[0]?.y : meta.data[0]?.x,
    ...(line && {
      line: color(line.borderColor), lineWidth: line.borderWidth, area: line.fill ? color(line.backgroundColor) : null,
      fill: line.fill, smooth: line.tension > 0 || line.cubicInterpolationMode === 'monotone', stepped: Boolean(line.stepped), dashed: line.borderDash?.length > 0,
      shown: chart.config.type !== 'scatter' || meta.controller.options?.showLine === true,
    }),
  };
}

function axis(scale) {
  const { chart } = scale;
  const { ticks, grid, title, border } = scale.options;
  return {
    type: scale.type, direction: scale.axis, min: scale.min, max: scale.max, offset: Boolean(scale.options.offset),
    reverse: Boolean(scale.options.reverse), shown: scale.options.display !== false, labelled: ticks?.display !== false, color: color(ticks?.color), font: font(chart, ticks?.font),
    ticks: (scale.ticks ?? []).slice(0, 50).map(({ value, label }) => ({ value, label: lines(label) })),
    grid: grid?.display === false ? null : color(grid?.color) ?? '#e5e5e5', gridWidth: grid?.lineWidth,
    edge: (border?.display ?? grid?.drawBorder) === false ? null : color(border?.color ?? grid?.borderColor ?? grid?.color),
    title: title?.display ? { text: lines(title.text), color: color(title.color), font: font(chart, title.font) } : null,
  };
}

/** The box around the entries of a legend, which itself is as long as the chart. */
const around = (boxes = []) => {
  const [x, y] = [Math.min(...boxes.map((b) => b.left)), Math.min(...boxes.map((b) => b.top))];
  return [x, y, Math.max(...boxes.map((b) => b.left + b.width)) - x, Math.max(...boxes.map((b) => b.top + b.height)) - y];
};

function describe(chart) {
  const { legend, titleBlock, chartArea: a, width, height } = chart;
  const shownLegend = legend && chart.options.plugins?.legend?.display !== false;
  const labels = chart.options.plugins?.legend?.labels ?? {};
  const title = titleBlock?.options?.display && titleBlock.options;
  const visible = chart.data.datasets.map((_, i) => i).filter((i) => chart.isDatasetVisible(i));
  return {
    type: chart.config.type, labels: (chart.data.labels ?? []).map(lines), width, height,
    area: [a.left, a.top, a.right, a.bottom], horizontal: chart.options.indexAxis === 'y', plugins: (chart.config.plugins ?? []).length + (chart.isPluginEnabled?.('datalabels') ? 1 : 0),
    series: visible.map((i) => series(chart, i)), axes: Object.values(chart.scales).map(axis),
    stacked: Object.values(chart.scales).some((s) => s.options.stacked === true),
    legend: shownLegend ? { position: legend.position ?? 'top', box: around(legend.legendHitBoxes), color: color(labels.color), font: font(chart, labels.font) } : null,
    title: title ? { text: lines(title.text), color: color(title.color), font: font(chart, title.font) } : null,
    cutout: chart.getDatasetMeta(0)?.controller?.innerRadius / chart.getDatasetMeta(0)?.controller?.outerRadius || 0,
    turn: chart.options.rotation ?? 0, sweep: chart.options.circumference ?? 360,
  };
}

/** Marks the canvases that are asked for, and describes their charts. */
function readCharts(most) {
  const charts = {};
  [...document.querySelectorAll('canvas')].slice(0, 1000).forEach((canvas) => {
    const wish = canvas.closest('[data-pptx-chart]')?.getAttribute('data-pptx-chart');
    if (wish === undefined || /^(false|no|off|0)$/i.test(wish) || Object.keys(charts).length >= most) return;
    const id = String(Object.keys(charts).length + 1);
    canvas.setAttribute('data-deck-chart', id);
    charts[id] = null;
    try {
      const chart = globalThis.Chart?.getChart?.(canvas);
      if (chart) charts[id] = describe(chart);
    } catch {
      // drawn by something else that is called Chart
    }
  });
  return JSON.stringify(charts);
}
