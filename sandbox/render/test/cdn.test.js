// SPDX-License-Identifier: Apache-2.0
/* Asks the shim as pages do. The packages themselves are in the image; elsewhere only names can be tried. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { familiesOf } from '../cdn/fonts.js';
import { nearest, parseUrl, satisfies } from '../cdn/package.js';
import { fromCdn } from '../cdn/shim.js';

const there = fs.existsSync('/usr/lib/code-gateway/cdn');
const ask = (url, destination = 'script') => fromCdn(new URL(url), destination);

/** URL, resource type, end of the file that answers, asked version if another one comes. */
const ANSWERS = [
  ['https://cdn.tailwindcss.com', 'script', 'tailwindcss-cdn-3.4.10/tailwindcss-with-all-plugins.js'],
  ['https://cdn.tailwindcss.com/3.4.1?plugins=forms', 'script', 'tailwindcss-with-all-plugins.js', '3.4.1'],
  ['https://cdn.jsdelivr.net/npm/@tailwindcss/browser@4', 'script', 'tailwindcss-browser-4.3.4/dist/index.global.js'],
  ['https://unpkg.com/tailwindcss@^2/dist/tailwind.min.css', 'stylesheet', 'tailwindcss-2.2.19/dist/tailwind.min.css'],
  ['https://cdn.jsdelivr.net/npm/chart.js', 'script', 'chart.js-4.6.1/dist/chart.umd.js'],
  ['https://cdn.jsdelivr.net/npm/chart.js@4.4.0/dist/chart.umd.min.js', 'script', 'chart.js-4.6.1/dist/chart.umd.js', '4.4.0'],
  ['https://cdnjs.cloudflare.com/ajax/libs/Chart.js/3.9.1/chart.min.js', 'script', 'chart.js-3.9.1/dist/chart.min.js'],
  ['https://cdnjs.cloudflare.com/ajax/libs/Chart.js/2.9.4/Chart.bundle.min.js', 'script', 'chart.js-3.9.1/dist/chart.min.js', '2.9.4'],
  ['https://cdn.jsdelivr.net/npm/chartjs-plugin-datalabels@2.2.0', 'script', 'chartjs-plugin-datalabels.min.js'],
  ['https://cdn.jsdelivr.net/npm/echarts@5/dist/echarts.min.js', 'script', 'echarts-5.6.0/dist/echarts.min.js'],
  ['https://cdnjs.cloudflare.com/ajax/libs/echarts/5.4.3/echarts.min.js', 'script', 'echarts-5.6.0/dist/echarts.min.js', '5.4.3'],
  ['https://cdnjs.cloudflare.com/ajax/libs/font-awesome/5.15.4/webfonts/fa-solid-900.woff2', 'font', 'free-5.15.4/webfonts/fa-solid-900.woff2'],
  ['https://cdnjs.cloudflare.com/ajax/libs/font-awesome/6.4.0/webfonts/fa-brands-400.woff2', 'font', 'free-6.7.2/webfonts/fa-brands-400.woff2', '6.4.0'],
  ['https://use.fontawesome.com/releases/v5.15.4/js/all.js', 'script', 'free-5.15.4/js/all.min.js'],
  ['https://cdn.jsdelivr.net/npm/katex@0.16.9/dist/katex.min.css', 'stylesheet', 'katex-0.19.1/dist/katex.min.css', '0.16.9'],
  ['https://cdn.jsdelivr.net/npm/katex@0.19.1/dist/fonts/KaTeX_Main-Regular.woff2', 'font', 'dist/fonts/KaTeX_Main-Regular.woff2'],
  ['https://cdn.jsdelivr.net/npm/katex@0.19.1/dist/contrib/auto-render.min.js', 'script', 'contrib/auto-render.min.js'],
  ['https://cdn.jsdelivr.net/npm/bootstrap@5.3.9/dist/css/bootstrap.min.css', 'stylesheet', 'css/bootstrap.min.css'],
  ['https://stackpath.bootstrapcdn.com/bootstrap/4.5.2/js/bootstrap.min.js', 'script', 'js/bootstrap.bundle.min.js', '4.5.2'],
  ['https://cdn.jsdelivr.net/npm/bootstrap-icons@1.11.3/font/fonts/bootstrap-icons.woff2?x', 'font', 'fonts/bootstrap-icons.woff2', '1.11.3'],
  ['https://unpkg.com/lucide@latest', 'script', 'dist/umd/lucide.min.js'],
  ['https://unpkg.com/feather-icons', 'script', 'dist/feather.min.js'],
  ['https://d3js.org/d3.v7.min.js', 'script', 'd3-7.9.2/dist/d3.min.js'],
  ['https://cdn.plot.ly/plotly-2.27.0.min.js', 'script', 'plotly.min.js', '2.27.0'],
  ['https://code.jquery.com/jquery-3.7.1.min.js', 'script', 'dist/jquery.min.js', '3.7.1'],
  ['https://cdn.jsdelivr.net/npm/mermaid@10/dist/mermaid.min.js', 'script', 'mermaid-10.9.5/dist/mermaid.min.js'],
  ['https://cdnjs.cloudflare.com/ajax/libs/prism/1.30.0/components/prism-python.min.js', 'script', 'components/prism-python.min.js'],
  ['https://cdnjs.cloudflare.com/ajax/libs/prism/1.30.0/themes/prism-tomorrow.min.css', 'stylesheet', 'themes/prism-tomorrow.min.css'],
  ['https://cdnjs.cloudflare.com/ajax/libs/highlight.js/11.9.0/styles/github-dark.min.css', 'stylesheet', 'styles/github-dark.min.css', '11.9.0'],
  ['https://cdn.jsdelivr.net/gh/highlightjs/cdn-release@11.12.0/build/highlight.min.js', 'script', 'highlight.min.js'],
  ['https://cdnjs.cloudflare.com/ajax/libs/animate.css/4.1.1/animate.min.css', 'stylesheet', 'animate.min.css'],
  ['https://cdn.jsdelivr.net/npm/remixicon@4.9.1/fonts/remixicon.css', 'stylesheet', 'fonts/remixicon.css'],
  ['https://cdn.jsdelivr.net/npm/mathjax@3/es5/tex-svg.js', 'script', 'es5/tex-svg.js'],
  ['https://fonts.gstatic.com/icons/material-icons.woff2', 'font', 'iconfont/material-icons.woff2'],
];

for (const [url, destination, end, asked] of ANSWERS) {
  test(`cdn: ${url}`, { skip: !there }, () => {
    const answer = ask(url, destination);
    assert.ok(answer?.file?.endsWith(end), `${answer?.file}`);
    assert.ok(fs.existsSync(answer.file));
    assert.equal(answer.note?.asked, asked);
    assert.equal(answer.note?.kind, asked && 'asset-version');
  });
}

for (const url of ['https://example.com/chart.js', 'https://cdn.jsdelivr.net/npm/left-pad', 'https://cdn.jsdelivr.net/npm/constructor',
  'https://evil.test/ajax/libs/Chart.js/3.9.1/chart.min.js', 'https://cdn.jsdelivr.net/npm/../../etc/passwd', 'https://cdn.jsdelivr.net/npm/%E0%A4%A',
  'https://cdn.jsdelivr.net/npm/chart.js/..%2f..%2f..%2f..%2fetc/passwd.txt', 'ftp://cdn.jsdelivr.net/npm/chart.js',
  'https://fonts.gstatic.com/icons/../../../../etc/passwd', 'https://169.254.169.254/latest/meta-data']) {
  test(`cdn: nothing for ${url}`, () => assert.equal(ask(url), null));
}

test('cdn: a library asked for as a module becomes one', { skip: !there }, () => {
  const answer = ask('https://cdn.jsdelivr.net/npm/mermaid@10/dist/mermaid.esm.min.mjs');
  assert.match(answer.body, /export default library;/);
});

test('cdn: names of old Font Awesome work', { skip: !there }, () => {
  const answer = ask('https://maxcdn.bootstrapcdn.com/font-awesome/4.7.0/css/font-awesome.min.css', 'stylesheet');
  assert.match(answer.body, /fa-home/);
  assert.equal(answer.note.asked, '4.7.0');
});

test('cdn: a kit loads the style sheet', () => {
  assert.match(ask('https://kit.fontawesome.com/a076d05399.js').body, /all\.css/);
});

test('fonts: both forms of the query', () => {
  const families = (query) => familiesOf(new URL(`https://fonts.googleapis.com/css?${query}`));
  assert.deepEqual(families('family=Inter:wght@400;700&family=Playfair+Display:ital@1'), ['Inter', 'Playfair Display']);
  assert.deepEqual(families('family=Roboto:400,700|Open+Sans'), ['Roboto', 'Open Sans']);
});

test('fonts: icons get their rule, faces none', { skip: !there }, () => {
  assert.equal(ask('https://fonts.googleapis.com/css2?family=Inter:wght@400&family=Source+Sans+Pro', 'stylesheet').body, '');
  assert.match(ask('https://fonts.googleapis.com/icon?family=Material+Icons', 'stylesheet').body, /@font-face.*\.material-icons\{/);
});

test('fonts: says which family is not there', { skip: !there }, () => {
  const note = (family) => ask(`https://fonts.googleapis.com/css2?family=${family}`, 'stylesheet').note;
  assert.equal(note('Zilla+Imaginary').kind, 'font-missing');
  assert.equal(note('Poppins'), undefined);
});

test('versions: the nearest major, the newer of two', () => {
  const all = ['3.9.1', '4.6.1'].map((version) => ({ version }));
  const pick = (asked) => nearest(all, asked).version;
  assert.deepEqual([undefined, 'latest', '2.9.4', '3', '4.4.0', '9'].map(pick), ['4.6.1', '4.6.1', '3.9.1', '3.9.1', '4.6.1', '4.6.1']);
});

test('versions: what somebody expects', () => {
  const good = ['', 'latest', '4', '4.6', '4.6.1', '^4.2', '~4.6'];
  assert.deepEqual(good.map((asked) => satisfies('4.6.1', asked)), good.map(() => true));
  assert.deepEqual(['3', '4.4.0', '^3'].map((asked) => satisfies('4.6.1', asked)), [false, false, false]);
});

test('urls: package, version, file', () => {
  assert.deepEqual(parseUrl(new URL('https://unpkg.com/@a/b@1.2/c/d.js')), { name: '@a/b', version: '1.2', file: 'c/d.js' });
});
