// SPDX-License-Identifier: Apache-2.0
/*
 * Style sheets of font services. The faces are fonts of the system here, so a sheet for them is empty; only icon
 * fonts, which no system has, come with a rule.
 */
import fs from 'node:fs';
import { familyState } from '../families.js';
import { nearest, versionsOf } from './package.js';

const SERVICES = /^(?:fonts\.googleapis\.com|fonts\.bunny\.net|fonts\.loli\.net)$/;
const FILES = 'https://fonts.gstatic.com/icons/';

/** Icon fonts: family, package, file. */
const ICONS = [
  ['Material Icons', 'material-icons', 'iconfont/material-icons.woff2'],
  ['Material Icons Outlined', 'material-icons', 'iconfont/material-icons-outlined.woff2'],
  ['Material Icons Round', 'material-icons', 'iconfont/material-icons-round.woff2'],
  ['Material Icons Sharp', 'material-icons', 'iconfont/material-icons-sharp.woff2'],
  ['Material Icons Two Tone', 'material-icons', 'iconfont/material-icons-two-tone.woff2'],
  ['Material Symbols Outlined', 'material-symbols', 'material-symbols-outlined.woff2'],
  ['Material Symbols Rounded', 'material-symbols', 'material-symbols-rounded.woff2'],
  ['Material Symbols Sharp', 'material-symbols', 'material-symbols-outlined.woff2'],
];
const slug = (family) => family.toLowerCase().replace(/ /g, '-');

function iconRule(family) {
  return `@font-face{font-family:'${family}';font-style:normal;font-weight:100 700;font-display:block;src:url(${FILES}${slug(family)}.woff2) format('woff2')}`
    + `.${slug(family)}{font-family:'${family}';font-weight:normal;font-style:normal;font-size:24px;line-height:1;letter-spacing:normal;`
    + 'text-transform:none;display:inline-block;white-space:nowrap;word-wrap:normal;direction:ltr;-webkit-font-feature-settings:\'liga\';-webkit-font-smoothing:antialiased}';
}

/** Families of ?family=Inter:wght@400;700&family=... and of the older ?family=Inter:400|Lato */
export function familiesOf(url) {
  return url.searchParams.getAll('family').flatMap((value) => value.split('|'))
    .map((value) => value.split(':')[0].replace(/[-+]/g, ' ').trim()).filter(Boolean);
}

/** @param {URL} url */
export function fromFontService(url) {
  if (url.href.startsWith(FILES)) {
    const [, name, file] = ICONS.find(([family]) => url.pathname.endsWith(`/${slug(family)}.woff2`)) ?? [];
    const there = name && nearest(versionsOf(name));
    const path = there && `${there.folder}/${file}`;
    return path && fs.existsSync(path) ? { file: path } : null;
  }
  if (url.hostname === 'rsms.me') return { body: '', type: 'text/css' };
  if (!SERVICES.test(url.hostname)) return null;
  const families = familiesOf(url);
  const icons = families.filter((family) => ICONS.some(([name]) => name === family));
  const missing = families.filter((family) => !icons.includes(family) && familyState(family).state === 'missing');
  return {
    body: icons.map(iconRule).join('\n'),
    type: 'text/css',
    note: missing.length ? { kind: 'font-missing', message: `not kept here: ${missing.join(', ')}`, font: missing.join(', ') } : undefined,
  };
}
