// SPDX-License-Identifier: Apache-2.0
/* Inline SVG: as a picture with the SVG beside it. */

page.svgItems = function svgItems(el, style, state) {
  return page.svgPicture(el, style, state);
};

/** The SVG by itself, with the styles that the page gives it. */
page.svgPicture = function svgPicture(el, style, state) {
  const r = page.rect(el);
  if (r.w < 1 || r.h < 1) return [];
  return page.raster(el, 'svg');
};
