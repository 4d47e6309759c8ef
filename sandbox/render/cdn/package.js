// SPDX-License-Identifier: Apache-2.0
/*
 * The packages of the image that stand in for a CDN: <package>-<version>/<files> in one folder.
 */
import fs from 'node:fs';
import { basename, join, relative } from 'node:path/posix';
import { HOSTS, PACKAGES } from './table.js';

const FOLDER = process.env.RENDER_CDN ?? '/usr/lib/code-gateway/cdn';

const numbers = (version) => (version.match(/\d+/g) ?? []).map(Number);

/** Directories of a package: [{version, folder}], from the image's list. */
export function versionsOf(name) {
  if (!fs.existsSync(FOLDER)) return [];
  return fs.readdirSync(FOLDER).flatMap((entry) => {
    const version = entry.startsWith(`${name}-`) ? entry.slice(name.length + 1) : '';
    return /^\d+\.[\d.]+$/.test(version) ? [{ version, folder: join(FOLDER, entry) }] : [];
  });
}

/** Of the versions there are, the one whose major number is nearest; of two, the newer. */
export function nearest(versions, asked) {
  const [major] = numbers(asked ?? '');
  const distance = ({ version }) => (major === undefined ? -numbers(version)[0] : Math.abs(numbers(version)[0] - major));
  return [...versions].sort((a, b) => distance(a) - distance(b) || numbers(b.version)[0] - numbers(a.version)[0])[0];
}

/** Whether 4.6.1 is what somebody who wrote 4, ^4.2, 4.6 or latest expects. */
export function satisfies(given, asked) {
  if (!asked || !/\d/.test(asked)) return true;
  const want = numbers(asked);
  const have = numbers(given);
  if (/^[\^~]/.test(asked)) return want[0] === have[0];
  return want.every((number, i) => number === have[i]);
}

const plain = (name) => name.toLowerCase().replace(/(?:\.min|\.umd|\.bundle|\.esm|\.module|\.slim|\.production|-min)+(?=\.)/g, '');

/** The file of a package that was asked for by a path of another version or another CDN. */
function findFile(folder, asked) {
  const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const base = plain(basename(asked));
  return files.find((file) => file === asked)
    ?? files.find((file) => file === `dist/${asked}`)
    ?? files.find((file) => plain(basename(file)) === base);
}

function entryFile(entry, kind, version) {
  const file = entry[kind];
  return typeof file === 'object' ? file[numbers(version)[0]] : file;
}

/** A module around a script that defines a global. */
function asModule(source, { global: name, names = [], self }) {
  const exported = [...names, ...(self ? [self] : [])]
    .map((each) => `export const ${each} = ${each === self ? 'library' : `library.${each}`};`);
  return `(function () {\n${source}\n}).call(globalThis);\nconst library = globalThis.${name};\nexport default library;\n${exported.join('\n')}\n`;
}

function pathOf(url) {
  try {
    return decodeURI(url.pathname).replace(/^\/+/, '');
  } catch {
    return '';
  }
}

/** {name, version, file} of a URL, or null. */
export function parseUrl(url) {
  const path = pathOf(url);
  for (const [host, pattern, name] of HOSTS) {
    const match = host.test(url.hostname) && pattern.exec(path);
    if (match) return { name: (name ?? match.groups.name).toLowerCase(), version: match.groups.version, file: match.groups.file ?? '' };
  }
  return null;
}

/** css and js by what is asked for; a bare package is a script. */
function kindOf(file, destination) {
  if (/\.css$/i.test(file)) return 'css';
  if (/\.m?js$|^js$|\+esm$/i.test(file)) return 'js';
  return file && !/^[^.]*$/.test(file) ? '' : { stylesheet: 'css', script: 'js' }[destination] ?? 'js';
}

function choose(entry, asked, kind) {
  const names = entry.in ?? [asked.name];
  for (const name of names) {
    const chosen = nearest(versionsOf(name), asked.version);
    if (!chosen) continue;
    const file = (asked.file && findFile(chosen.folder, asked.file)) || entryFile(entry, kind, chosen.version);
    if (file && fs.existsSync(join(chosen.folder, file))) return { ...chosen, file };
  }
  return null;
}

/**
 * @param {URL} url
 * @param {string} destination  Playwright's resource type
 * @returns {null | {file?: string, body?: string, type?: string, note?: object}}
 */
export function fromPackage(url, destination) {
  const asked = parseUrl(url);
  const entry = asked && Object.hasOwn(PACKAGES, asked.name) ? PACKAGES[asked.name] : null;
  if (!entry) return null;
  const kind = kindOf(asked.file, destination);
  if (entry.empty?.test(asked.file)) return { body: '', type: 'text/javascript' };
  const found = choose(entry, asked, kind);
  if (!found) return null;
  const file = join(found.folder, found.file);
  const note = satisfies(found.version, asked.version) ? undefined : {
    kind: 'asset-version', message: `${asked.name} ${found.version} instead of ${asked.version}`, asked: asked.version, given: found.version,
  };
  if (kind === 'js' && entry.global && /\.mjs$|\+esm$|esm/i.test(`${url.hostname}/${asked.file}`)) {
    return { body: asModule(fs.readFileSync(file, 'utf8'), entry), type: 'text/javascript', note };
  }
  const plus = kind === 'css' && entry.plus && join(found.folder, entry.plus);
  if (plus && found.file === entry.css && fs.existsSync(plus)) {
    return { body: fs.readFileSync(file, 'utf8') + fs.readFileSync(plus, 'utf8'), type: 'text/css', note };
  }
  return { file, note };
}
