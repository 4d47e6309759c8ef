// SPDX-License-Identifier: Apache-2.0
/* What a page says of a chart of Chart.js, as readCharts() hands it over. */

const FONT = { size: 16, family: 'Inter', weight: 400 };

function axis(direction, type, labels) {
  return {
    type, direction, min: 0, max: 30, offset: type === 'category', reverse: false, shown: true, labelled: true, color: '#666666', font: FONT,
    ticks: labels.map((label, i) => ({ value: i * 10, label })), grid: 'rgba(0, 0, 0, 0.1)', gridWidth: 1, edge: '#e5e5e5', title: null,
  };
}

export function rawSeries(values, rest = {}) {
  return {
    kind: 'bar', name: 'Sales', values: values.map((y, x) => ({ x, y })), fills: values.map(() => '#2563eb'), borders: values.map(() => '#2563eb'), borderWidth: 0, size: 40, at: 50, ...rest,
  };
}

/** A line instead of bars. */
export function rawLine(values, rest = {}) {
  return rawSeries(values, { kind: 'line', line: '#16a34a', lineWidth: 3, area: null, fill: false, smooth: false, stepped: false, dashed: false, shown: true, radius: 4, ...rest });
}

export function rawChart(rest = {}) {
  return {
    type: 'bar', labels: ['Q1', 'Q2', 'Q3'], width: 600, height: 300, area: [60, 30, 600, 270], horizontal: false, plugins: 0, stacked: false, series: [rawSeries([12, 19, 14])],
    axes: [axis('x', 'category', ['Q1', 'Q2', 'Q3']), axis('y', 'linear', ['$0M', '$10M', '$20M', '$30M'])],
    legend: { position: 'top', box: [200, 5, 200, 20], color: '#666666', font: FONT }, title: null, cutout: 0, turn: 0, sweep: 360, ...rest,
  };
}

export function rawRound(rest = {}) {
  const series = { kind: 'pie', name: '', values: [45, 30, 25], fills: ['#2563eb', '#f59e0b', '#16a34a'], borders: ['#ffffff', '#ffffff', '#ffffff'], borderWidth: 2 };
  return rawChart({ type: 'pie', series: [series], axes: [], ...rest });
}

export function rawScatter() {
  const axes = [axis('x', 'linear', ['0', '10']), axis('y', 'linear', ['0', '10'])];
  return rawChart({ type: 'scatter', labels: [], series: [rawSeries([2, 4], { kind: 'scatter', line: '#000000', shown: false, radius: 6, fill: false, area: null })], axes });
}
