// SPDX-License-Identifier: Apache-2.0
/* The workbook of a chart: one sheet, the names of the series on top, the categories on the left. */
import { DECLARATION, escape } from './xml.js';
import { zip } from './zip.js';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const OPC = 'http://schemas.openxmlformats.org/package/2006';
const ML = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** A, B ... Z, AA ... */
export function columnName(index) {
  const rest = Math.floor(index / 26);
  return (rest ? columnName(rest - 1) : '') + String.fromCharCode(65 + index % 26);
}

/** The cells of a column, as formulas of a chart name them; rows from 1. */
export const cells = (column, from, to = from) => `Sheet1!$${columnName(column)}$${from}${to === from ? '' : `:$${columnName(column)}$${to}`}`;

function cellXml(value, row, column) {
  if (value === null || value === undefined || value === '') return '';
  const at = `r="${columnName(column)}${row}"`;
  return typeof value === 'number' ? `<c ${at}><v>${value}</v></c>` : `<c ${at} t="inlineStr"><is><t xml:space="preserve">${escape(value)}</t></is></c>`;
}

/**
 * @param {(string | number | null)[][]} rows
 * @returns {Buffer} an .xlsx file
 */
export function workbook(rows) {
  const data = rows.map((row, i) => `<row r="${i + 1}">${row.map((v, k) => cellXml(v, i + 1, k)).join('')}</row>`).join('');
  const relation = (id, type, target) => `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const relations = (inner) => `${DECLARATION}<Relationships xmlns="${OPC}/relationships">${inner}</Relationships>`;
  return zip([
    {
      name: '[Content_Types].xml',
      data: `${DECLARATION}<Types xmlns="${OPC}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`
        + `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${ML}.sheet.main+xml"/>`
        + `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${ML}.worksheet+xml"/></Types>`,
    },
    { name: '_rels/.rels', data: relations(relation('rId1', 'officeDocument', 'xl/workbook.xml')) },
    { name: 'xl/_rels/workbook.xml.rels', data: relations(relation('rId1', 'worksheet', 'worksheets/sheet1.xml')) },
    { name: 'xl/workbook.xml', data: `${DECLARATION}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>` },
    { name: 'xl/worksheets/sheet1.xml', data: `${DECLARATION}<worksheet xmlns="${MAIN}"><sheetData>${data}</sheetData></worksheet>` },
  ]);
}
