// SPDX-License-Identifier: Apache-2.0
/*
 * What makes PowerPoint offer to repair a file. Reads parts, not a ZIP: it can look at a Package before it is written.
 *
 *   lint(new Map([['ppt/slides/slide1.xml', bytes]...]))   // ['ppt/slides/slide1.xml: ...'...]
 */
import path from 'node:path/posix';

const attribute = (tag, name) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
const tagsOf = (xml, name) => xml.match(new RegExp(`<${name}(?=[\\s/>])[^>]*>`, 'g')) ?? [];

/** The part that a relationships part speaks for, and back. */
const ownerOf = (rels) => path.join(path.dirname(path.dirname(rels)), path.basename(rels, '.rels'));
const relsOf = (part) => path.join(path.dirname(part), '_rels', `${path.basename(part)}.rels`);

function lintTypes(parts, xml) {
  const findings = [];
  const types = xml('[Content_Types].xml');
  const named = tagsOf(types, 'Override').map((tag) => attribute(tag, 'PartName').slice(1));
  const endings = new Set(tagsOf(types, 'Default').map((tag) => attribute(tag, 'Extension')));
  for (const name of named) if (!parts.has(name)) findings.push(`[Content_Types].xml: Override without part: ${name}`);
  if (new Set(named).size < named.length) findings.push('[Content_Types].xml: a part has two Overrides');
  for (const part of parts.keys()) {
    if (part === '[Content_Types].xml' || named.includes(part)) continue;
    const ending = /[^.]*$/.exec(part)[0];
    if (!endings.has(ending)) findings.push(`${part}: no content type`);
    if (ending === 'xml' && /^(ppt|docProps)\//.test(part)) findings.push(`${part}: no Override`);
  }
  return findings;
}

function lintRelations(parts, xml) {
  const findings = [];
  const reached = new Set();
  for (const part of parts.keys()) {
    if (!part.endsWith('.rels')) continue;
    const owner = ownerOf(part);
    const ids = new Set();
    for (const tag of tagsOf(xml(part), 'Relationship')) {
      const id = attribute(tag, 'Id');
      if (ids.has(id)) findings.push(`${part}: ${id} twice`);
      ids.add(id);
      if (attribute(tag, 'TargetMode') === 'External') continue;
      const target = path.join(path.dirname(owner), attribute(tag, 'Target'));
      reached.add(target);
      if (!parts.has(target)) findings.push(`${part}: ${id} leads to the missing part ${target}`);
    }
  }
  for (const part of parts.keys()) {
    if (part !== '[Content_Types].xml' && !part.endsWith('.rels') && !reached.has(part)) findings.push(`${part}: nothing refers to this part`);
  }
  return findings;
}

function lintReferences(part, text, xml, parts) {
  const rels = relsOf(part);
  const known = new Set(parts.has(rels) ? tagsOf(xml(rels), 'Relationship').map((tag) => attribute(tag, 'Id')) : []);
  return [...text.matchAll(/\sr:(?:id|embed|link)="([^"]+)"/g)].filter(([, id]) => !known.has(id)).map(([, id]) => `${part}: unknown relationship ${id}`);
}

const RULES = [
  [/<a:(?:ext|chExt)\s[^>]*c[xy]="(?:-|[^"]*\.)/, 'negative or broken size'],
  [/<a:(?:off|chOff)\s[^>]*[xy]="(?!-?\d+")/, 'broken position'],
  [/anchor="(?!(?:t|ctr|b)")/, 'impossible anchor'],
  [/<a:ln(?:\/>|><\/a:ln>)/, 'empty a:ln'],
  [/<p:bgPr>(?:(?!<\/p:bgPr>|<a:effectLst).)*<\/p:bgPr>/s, 'bgPr without effectLst'],
  [/<a:gsLst>(?:<a:gs [^>]*>(?:(?!<\/a:gs>).)*<\/a:gs>)?<\/a:gsLst>/s, 'gradient with fewer than two stops'],
  [/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/, 'control character'],
  [/="(?:NaN|undefined|null|Infinity|-Infinity)"/, 'a value that is none'],
  [/<p:txBody>(?:(?!<\/p:txBody>|<a:p>|<a:p\/>).)*<\/p:txBody>/s, 'txBody without paragraph'],
];

function lintShapes(part, text) {
  const findings = RULES.filter(([pattern]) => pattern.test(text)).map(([, what]) => `${part}: ${what}`);
  const ids = tagsOf(text, 'p:cNvPr').map((tag) => attribute(tag, 'id'));
  if (new Set(ids).size < ids.length) findings.push(`${part}: shape ids are not unique`);
  for (const shape of text.match(/<p:sp>.*?<\/p:sp>/gs) ?? []) {
    if (!shape.includes('<p:txBody>') && !shape.includes('type="sldImg"')) findings.push(`${part}: a shape without txBody`);
  }
  for (const size of text.match(/\ssz="[^"]*"/g) ?? []) {
    const value = size.slice(5, -1);
    if (/^\d+$/.test(value) ? value < 100 || value > 400000 : !/^(full|half|quarter)$/.test(value)) findings.push(`${part}: font size ${value}`);
  }
  return findings;
}

/** Is every tag closed by its like? */
function lintForm(part, text) {
  const open = [];
  for (const [, end, name, self] of text.matchAll(/<(\/?)([A-Za-z][\w:.-]*)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (self) continue;
    if (!end) open.push(name);
    else if (open.pop() !== name) return [`${part}: not well-formed at </${name}>`];
  }
  return open.length ? [`${part}: <${open.at(-1)}> is not closed`] : [];
}

/**
 * @param {Map<string, Buffer | string>} parts  by name without a leading slash
 * @returns {string[]} findings
 */
export function lint(parts) {
  const xml = (name) => String(parts.get(name) ?? '');
  const findings = [...lintTypes(parts, xml), ...lintRelations(parts, xml)];
  for (const part of parts.keys()) {
    if (!/\.(xml|rels)$/.test(part)) continue;
    const text = xml(part);
    findings.push(...lintForm(part, text));
    if (part.startsWith('ppt/') && part.endsWith('.xml')) findings.push(...lintReferences(part, text, xml, parts), ...lintShapes(part, text));
  }
  return findings;
}
