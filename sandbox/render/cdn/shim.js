// SPDX-License-Identifier: Apache-2.0
/*
 * Answers for URLs of CDNs, from files of the image: packages.txt lists them, table.js says who asks for what.
 */
import { fromFontService } from './fonts.js';
import { fromPackage } from './package.js';

/** What a Font Awesome kit would load. */
const KIT = `{
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = 'https://use.fontawesome.com/releases/v6.7.2/css/all.css';
  document.head.append(link);
}`;

/**
 * @param {URL} url
 * @param {string} destination  Playwright's resource type
 * @returns {null | {file?: string, body?: string, type?: string, note?: {kind: string, message: string}}}
 */
export function fromCdn(url, destination) {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null;
  if (/^(?:kit|use)\.fontawesome\.com$/.test(url.hostname) && /^\/[\da-z]+\.js$/.test(url.pathname)) {
    return { body: KIT, type: 'text/javascript' };
  }
  if (/(?:^|\.)polyfill(?:-fastly)?\.io$/.test(url.hostname)) return { body: '', type: 'text/javascript' };
  return fromFontService(url) ?? fromPackage(url, destination);
}
