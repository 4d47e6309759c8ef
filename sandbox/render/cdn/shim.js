// SPDX-License-Identifier: Apache-2.0
/** @returns {null} */
export function fromCdn() {
  return null;
}
