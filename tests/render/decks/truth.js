// SPDX-License-Identifier: Apache-2.0
'use strict';
/*
 * Ground truth of an HTML deck, as Chromium paints it.
 *
 *   node truth.js DECK.html OUTDIR
 *
 * Writes OUTDIR/truth_001.png ... (one screenshot per visible .slide) and
 * OUTDIR/truth.json: for each slide its size, its words with their boxes, its
 * text, the text of ::before/::after, and the boxes of its pictures.
 *
 * The deck is served from its own folder on a made-up origin; every request
 * to anywhere else is refused, so a deck has to bring its assets along. With
 * FIDELITY_CDN=/path/to/cdn/shim.js libraries of CDNs come from the image.
 * The browser is the first of BROWSERS on PATH, or $FIDELITY_BROWSER.
 */
const fs = require('fs');
const path = require('path');

const ORIGIN = 'http://deck.invalid';
const VIEWPORT = { width: 1920, height: 1080 };
const BROWSERS = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
  '--disable-lcd-text',
  '--hide-scrollbars',
];
const LOAD_TIMEOUT_MS = 30000;
const SETTLE_MS = 1500;

/** Loads playwright-core from beside this file, the current folder or NODE_PATH. */
function loadPlaywright() {
  const paths = [__dirname, process.cwd()];
  try {
    return require(require.resolve('playwright-core', { paths }));
  } catch {
    throw new Error('playwright-core not found: run "npm install playwright-core" or set NODE_PATH');
  }
}

/** Returns the path of the browser to use. */
function findBrowser() {
  if (process.env.FIDELITY_BROWSER) return process.env.FIDELITY_BROWSER;
  const dirs = (process.env.PATH || '').split(path.delimiter);
  for (const name of BROWSERS) {
    for (const dir of dirs) {
      const file = path.join(dir, name);
      if (dir && fs.existsSync(file)) return file;
    }
  }
  throw new Error(`no browser on PATH (looked for ${BROWSERS.join(', ')}); set FIDELITY_BROWSER`);
}

/** Answers as the shim at $FIDELITY_CDN would for libraries of CDNs, refuses the rest. */
async function answerForCdn(route, url) {
  if (!process.env.FIDELITY_CDN) return route.abort();
  const { fromCdn } = await import(process.env.FIDELITY_CDN);
  const answer = fromCdn(url, route.request().resourceType());
  if (!answer || (!answer.file && answer.body === undefined)) return route.abort();
  const headers = { 'access-control-allow-origin': '*' };
  return route.fulfill(answer.file ? { path: answer.file, headers } : { body: answer.body, contentType: answer.type, headers });
}

/** Answers requests for the deck's own files, hands all others on. */
async function serveFolder(page, folder) {
  await page.route('**/*', async (route) => {
    const url = new URL(route.request().url());
    if (url.origin !== ORIGIN) return answerForCdn(route, url);
    const file = path.join(folder, path.normalize(decodeURIComponent(url.pathname)));
    if (!fs.existsSync(file) || !fs.statSync(file).isFile()) return route.fulfill({ status: 404, body: '' });
    const html = /\.html?$/i.test(file);
    return route.fulfill({ path: file, ...(html && { contentType: 'text/html; charset=utf-8' }) });
  });
}

/** In the page: waits for fonts and pictures. */
async function assetsReady() {
  await document.fonts.ready;
  await Promise.all([...document.images].map((img) => img.decode().catch(() => {})));
}

/** In the page: jumps to the end of finite animations, drops endless ones. */
function endAnimations() {
  for (const animation of document.getAnimations()) {
    try {
      animation.finish();
    } catch {
      animation.cancel();
    }
  }
}

/** In the page: words, text and picture boxes of one slide, relative to the slide. */
function describeSlide(slide) {
  const frame = slide.getBoundingClientRect();
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const inside = (box) => box.x1 > 0 && box.y1 > 0 && box.x0 < frame.width && box.y0 < frame.height;
  const relative = (rect) => ({
    x0: rect.left - frame.left,
    y0: rect.top - frame.top,
    x1: rect.right - frame.left,
    y1: rect.bottom - frame.top,
  });

  const words = [];
  let text = '';
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const range = document.createRange();
  const far = (word, distance) => Math.abs(distance) > word.lineHeight * 0.6;

  /** Splits one text node into words at white space and at line breaks. */
  function addTextNode(node) {
    let word = null;
    const endWord = () => {
      if (word) words.push(word);
      word = null;
    };
    for (const { segment, index } of segmenter.segment(node.textContent)) {
      if (/^\s$/.test(segment)) {
        endWord();
        continue;
      }
      range.setStart(node, index);
      range.setEnd(node, index + segment.length);
      const rect = range.getClientRects()[0];
      if (!rect || (rect.width === 0 && rect.height === 0)) continue;
      const box = relative(rect);
      if (!inside(box)) continue;
      text += segment;
      // A line break inside the word; vertical text keeps its x instead.
      if (word && far(word, box.y0 - word.y0) && far(word, box.x0 - word.x0)) endWord();
      if (!word) word = { t: '', ...box, lineHeight: box.y1 - box.y0 };
      word.t += segment;
      word.x0 = Math.min(word.x0, box.x0);
      word.y0 = Math.min(word.y0, box.y0);
      word.x1 = Math.max(word.x1, box.x1);
      word.y1 = Math.max(word.y1, box.y1);
    }
    endWord();
  }

  const unpainted = new Set(['STYLE', 'SCRIPT', 'NOSCRIPT', 'TEMPLATE', 'TITLE', 'DESC']);
  const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    if (!unpainted.has(parent.tagName.toUpperCase()) && visible(parent)) addTextNode(walker.currentNode);
  }

  let pseudo = '';
  const pictures = [];
  for (const element of [slide, ...slide.querySelectorAll('*')]) {
    if (!visible(element)) continue;
    for (const which of ['::before', '::after']) {
      const style = getComputedStyle(element, which);
      if (style.display === 'none' || style.visibility !== 'visible') continue;
      const strings = style.content.replace(/[\w-]+\([^)]*\)/g, '').matchAll(/"((?:[^"\\]|\\.)*)"/g);
      for (const [, value] of strings) pseudo += value.replace(/\\(.)/g, '$1');
    }
    const painted = /^(img|canvas|video|image)$/i.test(element.tagName)
      || /url\(/.test(getComputedStyle(element).backgroundImage);
    if (painted) pictures.push(relative(element.getBoundingClientRect()));
  }
  return { width: frame.width, height: frame.height, words, text, pseudo, pictures };
}

/** Renders the deck and writes screenshots and truth.json. */
async function main(deck, outDir) {
  const { chromium } = loadPlaywright();
  const browser = await chromium.launch({ executablePath: findBrowser(), args: FLAGS });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT });
    await serveFolder(page, path.dirname(path.resolve(deck)));
    await page.goto(`${ORIGIN}/${encodeURIComponent(path.basename(deck))}`, { waitUntil: 'load', timeout: LOAD_TIMEOUT_MS });
    const visible = [];
    for (const slide of await page.locator('.slide').all()) {
      if (!(await slide.isVisible())) continue;
      await slide.scrollIntoViewIfNeeded(); // starts whatever waits for being seen
      visible.push(slide);
    }
    await page.evaluate(assetsReady);
    await page.waitForTimeout(SETTLE_MS);
    await page.evaluate(endAnimations);
    await page.evaluate(() => window.scrollTo(0, 0));

    const devtools = await page.context().newCDPSession(page);
    const slides = [];
    for (const slide of visible) {
      // Captured without scrolling: where a line of text starts at half a pixel,
      // Chromium may round it otherwise after a scroll.
      const clip = { ...(await slide.boundingBox()), scale: 1 };
      const shot = await devtools.send('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true });
      const number = String(slides.length + 1).padStart(3, '0');
      fs.writeFileSync(path.join(outDir, `truth_${number}.png`), Buffer.from(shot.data, 'base64'));
      slides.push(await slide.evaluate(describeSlide));
    }
    fs.writeFileSync(path.join(outDir, 'truth.json'), JSON.stringify(slides));
  } finally {
    await browser.close();
  }
}

if (process.argv.length !== 4) {
  console.error('usage: node truth.js DECK.html OUTDIR');
  process.exit(2);
}
main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(`truth.js: ${error.message}`);
  process.exit(1);
});
