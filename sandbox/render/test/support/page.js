// SPDX-License-Identifier: Apache-2.0
import fs from 'node:fs';

/**
 * Runs scripts of the page without one: only what they define, for those that need no document.
 * @param {string[]} names
 * @param {object} [page]  what they expect of others
 */
export function pageScripts(names, page = {}) {
  for (const name of names) {
    const source = fs.readFileSync(new URL(`../../page/${name}.js`, import.meta.url), 'utf8');
    new Function('page', `'use strict';\n${source}`)(page);
  }
  return page;
}
