// SPDX-License-Identifier: Apache-2.0
/*
 * What decks ask CDNs for, and which package of the image has it.
 *
 * HOSTS: where a URL names package, version and file. PACKAGES: by the names CDNs use, in small letters.
 *   in      directories under the CDN folder, without version; the default is the name itself
 *   js css  the file for a script or style sheet that is not found by its name
 *   global  what the script defines, for those who import it as a module, and
 *   names   which of its members they import by name
 *   empty   files that are part of another one here
 *   plus    a file that belongs to the css
 */

const NPM = String.raw`(?:npm/)?(?<name>(?:@[^/@]+/)?[^/@]+)(?:@(?<version>[^/]+))?(?:/(?<file>.*))?`;

export const HOSTS = [
  [/^cdnjs\.cloudflare\.com$/, /^ajax\/libs\/(?<name>[^/]+)\/(?<version>[^/]+)\/(?<file>.*)$/],
  [/^(?:cdn|fastly|gcore)\.jsdelivr\.net$/, /^gh\/(?<name>[^/]+\/[^/@]+)(?:@(?<version>[^/]+))?\/(?<file>.*)$/],
  [/^(?:cdn|fastly|gcore)\.jsdelivr\.net$/, new RegExp(`^${NPM}$`)],
  [/^(?:www\.)?unpkg\.com$/, new RegExp(`^${NPM}$`)],
  [/^(?:cdn\.)?esm\.sh$/, new RegExp(`^${NPM}$`)],
  [/^cdn\.tailwindcss\.com$/, /^(?<version>[\d.]*)$/, 'tailwindcss-cdn'],
  [/^code\.jquery\.com$/, /^jquery-(?<version>[\d.]+)\.(?:slim\.)?(?:min\.)?(?<file>js)$/, 'jquery'],
  [/^ajax\.googleapis\.com$/, /^ajax\/libs\/(?<name>[^/]+)\/(?<version>[^/]+)\/(?<file>.*)$/],
  [/^cdn\.plot\.ly$/, /^plotly-(?<version>[\d.]+|latest)\.(?:min\.)?(?<file>js)$/, 'plotly.js'],
  [/^d3js\.org$/, /^d3\.v(?<version>\d+)\.(?:min\.)?(?<file>js)$/, 'd3'],
  [/^(?:use|pro)\.fontawesome\.com$/, /^releases\/v(?<version>[\d.]+)\/(?<file>.*)$/, 'font-awesome'],
  [/^(?:maxcdn|stackpath|netdna)\.bootstrapcdn\.com$/, /^(?<name>[^/]+)\/(?<version>[^/]+)\/(?<file>.*)$/],
];

const FONT_AWESOME = { in: ['fortawesome-fontawesome-free'], js: 'js/all.min.js', css: 'css/all.min.css', plus: 'css/v4-shims.min.css' };
const HIGHLIGHT = { in: ['highlightjs-cdn-assets'], js: 'highlight.min.js', global: 'hljs', empty: /languages\// };
const PLOTLY = { in: ['plotly.js-dist-min'], js: 'plotly.min.js', global: 'Plotly' };

export const PACKAGES = {
  '@fortawesome/fontawesome-free': FONT_AWESOME,
  '@highlightjs/cdn-assets': HIGHLIGHT,
  '@tailwindcss/browser': { in: ['tailwindcss-browser'], js: 'dist/index.global.js' },
  'alpinejs': { js: 'dist/cdn.min.js', global: 'Alpine' },
  'animate.css': { css: 'animate.min.css' },
  'apexcharts': { js: 'dist/apexcharts.min.js', css: 'dist/apexcharts.css', global: 'ApexCharts' },
  'bootstrap': { js: 'dist/js/bootstrap.bundle.min.js', css: 'dist/css/bootstrap.min.css', global: 'bootstrap' },
  'bootstrap-icons': { css: 'font/bootstrap-icons.min.css' },
  'chart.js': { js: { 3: 'dist/chart.min.js', 4: 'dist/chart.umd.js' }, global: 'Chart', names: ['registerables'], self: 'Chart' },
  'chartjs-plugin-datalabels': { js: 'dist/chartjs-plugin-datalabels.min.js', global: 'ChartDataLabels' },
  'd3': { js: 'dist/d3.min.js', global: 'd3' },
  'echarts': { js: 'dist/echarts.min.js', global: 'echarts', names: ['init', 'graphic'] },
  'feather-icons': { js: 'dist/feather.min.js', global: 'feather' },
  'font-awesome': FONT_AWESOME,
  'highlight.js': HIGHLIGHT,
  'highlightjs/cdn-release': HIGHLIGHT,
  'jquery': { js: 'dist/jquery.min.js', global: 'jQuery' },
  'katex': { js: 'dist/katex.min.js', css: 'dist/katex.min.css', global: 'katex' },
  'lucide': { js: 'dist/umd/lucide.min.js', global: 'lucide', names: ['createIcons', 'icons'] },
  'marked': { js: 'lib/marked.umd.js', global: 'marked', names: ['marked', 'parse'] },
  'mathjax': { js: 'es5/tex-mml-chtml.js', global: 'MathJax' },
  'mermaid': { js: 'dist/mermaid.min.js', global: 'mermaid' },
  'plotly.js': PLOTLY,
  'plotly.js-dist': PLOTLY,
  'plotly.js-dist-min': PLOTLY,
  'popper.js': { empty: /./ },
  '@popperjs/core': { empty: /./ },
  'prism': { in: ['prismjs'], js: 'prism.js', css: 'themes/prism.min.css', global: 'Prism' },
  'prismjs': { js: 'prism.js', css: 'themes/prism.min.css', global: 'Prism' },
  'remixicon': { css: 'fonts/remixicon.css' },
  'tailwindcss': { in: ['tailwindcss', 'tailwindcss-cdn'], css: 'dist/tailwind.min.css', js: 'tailwindcss-with-all-plugins.js' },
  'tailwindcss-cdn': { js: 'tailwindcss-with-all-plugins.js' },
};
