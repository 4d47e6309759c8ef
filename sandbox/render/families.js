// SPDX-License-Identifier: Apache-2.0
/*
 * Which typefaces the system has, as fontconfig and its rules say.
 */
import { execFileSync } from 'node:child_process';

/** Faces that one of ours has the widths of: nobody sees a difference in the breaks of lines. */
const SAME_WIDTHS = new Set(['arial', 'helvetica', 'helvetica neue', 'times new roman', 'times', 'courier new', 'courier',
  'calibri', 'cambria', 'georgia']);
const GENERIC = /^(?:serif|sans-serif|monospace|cursive|fantasy|math|emoji|fangsong|system-ui|ui-.*|-apple-system|blinkmacsystemfont|inherit|initial|unset)$/;

let installed;
let fallback;
const states = new Map();

function ask(program, ...args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return '';
  }
}

/** Reads the list; a standby does so before it has a job. */
export function listFamilies() {
  if (installed) return;
  const names = ask('fc-list', ':', 'family').split(/[\n,]/);
  installed = new Set(names.map((name) => name.replace(/\\/g, '').trim().toLowerCase()));
  fallback = ask('fc-match', '-f', '%{family[0]}', 'no such family');
}

function look(name) {
  const small = name.toLowerCase();
  if (GENERIC.test(small) || installed.has(small) || SAME_WIDTHS.has(small)) return { state: 'there' };
  const given = ask('fc-match', '-f', '%{family[0]}', name.replace(/[^\p{L}\p{N} ]/gu, ' '));
  return given && given !== fallback ? { state: 'substituted', given } : { state: 'missing' };
}

/**
 * @param {string} name
 * @returns {{state: 'there' | 'substituted' | 'missing', given?: string}}
 */
export function familyState(name) {
  listFamilies();
  if (!states.has(name)) states.set(name, look(name));
  return states.get(name);
}

/** The names of a font-family. */
export function namesOf(stack) {
  return [...stack.matchAll(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^,"']+)/g)]
    .map(([, double, single, bare]) => (double ?? single ?? bare).replace(/\\(.)/g, '$1').trim()).filter(Boolean);
}
