// SPDX-License-Identifier: Apache-2.0
/*
 * The browser, and the one page of a job.
 *
 * The page lives on an origin that does not exist and gets index.html, its own assets and, from files of the
 * image, the libraries that decks ask CDNs for. Everything else is refused and noted. Chromium's own sandbox
 * needs user namespaces, which the container does not have: the container, made for this one job, is the sandbox.
 *
 * Code of ours runs in a world of its own (Deck.evaluate), where whatever the page did to its globals does
 * not reach; only what needs them (Deck.evaluateInPage) runs beside its scripts.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fromCdn } from './cdn/shim.js';
import { EXIT, JobError, seconds } from './job.js';
import { BROWSER, chromium } from './playwright.js';

export const ORIGIN = 'https://deck.local';
const POLL_MS = 5;
export const VIEWPORT = { width: 1920, height: 1080 };

const FLAGS = [
  '--font-render-hinting=none', '--force-color-profile=srgb', '--disable-lcd-text', '--hide-scrollbars',
  '--blink-settings=imageAnimationPolicy=2', // moving pictures show their first frame
  '--block-new-web-contents', '--disable-gpu', '--mute-audio', '--no-pings',
  // What is not answered here ends in a proxy that is not there, even what is addressed by number.
  '--host-resolver-rules=MAP * ~NOTFOUND', '--proxy-server=socks5://127.0.0.1:9', '--proxy-bypass-list=<-loopback>',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
];
const POLICY = "worker-src 'none'; connect-src 'self' data: blob: https: http:; form-action 'none'";

const TYPES = {
  avif: 'image/avif', css: 'text/css', csv: 'text/csv', gif: 'image/gif', html: 'text/html; charset=utf-8',
  ico: 'image/x-icon', jpeg: 'image/jpeg', jpg: 'image/jpeg', js: 'text/javascript', json: 'application/json',
  mjs: 'text/javascript', mp4: 'video/mp4', otf: 'font/otf', png: 'image/png', svg: 'image/svg+xml', ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8', wasm: 'application/wasm', webm: 'video/webm', webp: 'image/webp', woff: 'font/woff',
  woff2: 'font/woff2', xml: 'text/xml',
};
const typeOf = (name) => TYPES[path.extname(name).slice(1).toLowerCase()] ?? 'application/octet-stream';

const script = (name) => fs.readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8');

/** Starts the browser and opens about:blank; a standby does this before it has a job. */
export async function launch() {
  const browser = await chromium.launch({ executablePath: BROWSER, args: FLAGS, chromiumSandbox: false });
  const context = await browser.newContext({
    viewport: VIEWPORT, deviceScaleFactor: 1, acceptDownloads: false, locale: 'en-US', timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  return { browser, context, page, devtools };
}

/** The HTML as it is served: whoever gets a library from us instead of a CDN cannot compare its sum. */
export function withoutIntegrity(html) {
  return html.replace(/<(?:script|link)\b[^>]*>/gi, (tag) => tag.replace(/\sintegrity\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, ''));
}

/** Regular files below a directory, by the path that the page asks for. */
export function listAssets(folder) {
  const files = new Map();
  if (!fs.existsSync(folder)) return files;
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) files.set(`/assets/${path.relative(folder, file)}`, file);
  }
  return files;
}

/** The name of a URL's file, or null where it cannot be one. */
function pathOf(url) {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
}

export class Deck {
  /**
   * @param {Awaited<ReturnType<typeof launch>>} browser
   * @param {string} folder  with index.html and assets/
   * @param {import('./job.js').Deadline} deadline
   * @param {import('./report.js').Report} report
   */
  constructor({ context, page, devtools }, folder, deadline, report) {
    this.context = context;
    this.page = page;
    this.devtools = devtools;
    this.deadline = deadline;
    this.report = report;
    this.html = withoutIntegrity(fs.readFileSync(path.join(folder, 'index.html'), 'utf8'));
    this.assets = listAssets(path.join(folder, 'assets'));
    this.opened = false;
    this.crashed = false;
    this.strayed = false;
    this.pending = 0;
  }

  /** Guards the page, then loads it. */
  async open(job) {
    const settings = JSON.stringify({ now: job.now });
    await this.page.addInitScript(`(() => {${script('clock.js').replace('(SETTINGS)', `(${settings})`)}\n${script('guard.js')}})();`);
    await this.context.route('**/*', (route) => this.answer(route).catch(() => route.abort().catch(() => {})));
    this.listen();
    try {
      await this.load();
    } catch (error) {
      if (error.exitCode !== EXIT.timeout || job.timeout_ms < job.page_load_ms) throw error;
      throw new JobError(`page did not load within ${seconds(job.page_load_ms)}`, EXIT.timeout);
    }
    const { frameTree } = await this.devtools.send('Page.getFrameTree');
    this.frame = frameTree.frame.id;
    const world = await this.send('Page.createIsolatedWorld', { frameId: this.frame, worldName: 'deck' });
    this.world = world.executionContextId;
  }

  /** Not page.goto(): no load event comes where the document tries to go elsewhere meanwhile. */
  async load() {
    let loaded = false;
    this.devtools.once('Page.loadEventFired', () => {
      loaded = true;
    });
    await this.send('Page.enable');
    await this.send('Page.navigate', { url: `${ORIGIN}/` });
    while (!loaded) {
      await this.deadline.race(pause(POLL_MS));
      if (this.crashed) throw this.explained(new Error('page crashed'));
      if (this.strayed) loaded = await this.evaluateInPage('() => document.readyState === "complete"');
    }
  }

  listen() {
    this.page.on('crash', () => {
      this.crashed = true;
    });
    this.context.on('page', (popup) => {
      this.refused('open', '');
      popup.close().catch(() => {});
    });
    this.page.on('dialog', (dialog) => {
      this.refused(dialog.type(), dialog.message());
      dialog.dismiss().catch(() => {});
    });
    this.page.on('download', (download) => this.refused('download', download.url()));
    this.page.on('pageerror', (error) => this.report.warn(null, 'script-error', { message: String(error.message).split('\n')[0] }));
    this.page.on('console', (message) => {
      const local = /^Not allowed to load local resource: (\S+)/.exec(message.text());
      if (local) this.blocked(local[1]);
    });
  }

  refused(what, detail) {
    this.report.warn(null, 'capability-blocked', { message: `${what} is not available to slides`, capability: what, detail: detail || undefined });
  }

  blocked(url) {
    this.report.warn(null, 'asset-blocked', { message: 'not part of the deck and no library that is kept here', url });
  }

  /** @param {import('playwright-core').Route} route */
  async answer(route) {
    this.pending++;
    try {
      const request = route.request();
      const url = new URL(request.url());
      if (request.isNavigationRequest() && request.frame() === this.page.mainFrame()) return await this.answerNavigation(route, url);
      if (url.origin !== ORIGIN) return await this.answerForeign(route, url, request);
      return await this.answerAsset(route, url);
    } finally {
      this.pending--;
    }
  }

  async answerNavigation(route, url) {
    if (this.opened || url.href !== `${ORIGIN}/`) {
      this.refused('navigation', url.href);
      this.strayed = true;
      return route.abort('aborted'); // the document stays
    }
    this.opened = true;
    return route.fulfill({ body: this.html, contentType: TYPES.html, headers: { 'content-security-policy': POLICY } });
  }

  async answerForeign(route, url, request) {
    const found = fromCdn(url, request.resourceType());
    if (!found) {
      this.blocked(url.href);
      return route.abort();
    }
    if (found.note) {
      const { kind, ...details } = found.note;
      this.report.warn(null, kind, details);
    }
    const body = found.file ? fs.readFileSync(found.file) : found.body;
    const headers = { 'access-control-allow-origin': '*', 'timing-allow-origin': '*' };
    return route.fulfill({ body, contentType: found.type ?? typeOf(found.file), headers });
  }

  async answerAsset(route, url) {
    const name = pathOf(url);
    const file = this.assets.get(name);
    if (file) return route.fulfill({ path: file, contentType: typeOf(file) });
    if (name !== '/favicon.ico') {
      this.report.warn(null, 'asset-missing', { message: 'not among the files of the deck', url: `${url.pathname.slice(1)}${url.search}` });
    }
    return route.fulfill({ status: 404, body: '' });
  }

  /** The page's own end is its author's matter. */
  explained(error) {
    if (this.crashed || /crashed/i.test(error.message)) return new JobError('page crashed: it may need too much memory');
    if (/context (?:was destroyed|with specified id)|navigated or closed/.test(error.message)) return new JobError('page left its document');
    return error;
  }

  /** A DevTools command, within the deadline. */
  async send(method, parameters) {
    try {
      return await this.deadline.race(this.devtools.send(method, parameters));
    } catch (error) {
      throw this.explained(error);
    }
  }

  async run(expression, contextId) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression, contextId, awaitPromise: true, returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /**
   * Calls a function in a world of our own: same document, own globals, real time.
   * @param {Function | string} call  a function, or the source of one
   * @param {...any} args             JSON
   */
  evaluate(call, ...args) {
    return this.run(`(${call})(...${JSON.stringify(args)})`, this.world);
  }

  /** The same in the page's world, with what its scripts left there. */
  evaluateInPage(call, ...args) {
    return this.run(`(${call})(...${JSON.stringify(args)})`);
  }
}
