// SPDX-License-Identifier: Apache-2.0
/*
 * Runs after clock.js: takes away what a slide has no use for, and notes that it was asked for.
 * It makes pages fail early and reports say why. It is no wall: that is the missing network.
 */
(() => {
  const { notes } = __deck;
  const MOST_NOTES = 100;
  const note = (what, detail) => {
    if (notes.length < MOST_NOTES) notes.push({ what, detail: String(detail ?? '').slice(0, 300) });
  };

  for (const name of ['WebSocket', 'WebTransport', 'EventSource', 'RTCPeerConnection', 'webkitRTCPeerConnection', 'Worker',
    'SharedWorker']) {
    if (!(name in window)) continue;
    window[name] = class {
      constructor(url) {
        note(name, typeof url === 'string' || url instanceof URL ? url : '');
        throw new DOMException(`${name} is not available to slides`, 'SecurityError');
      }
    };
  }
  for (const [name, answer] of [['alert', undefined], ['confirm', false], ['prompt', null], ['print', undefined], ['open', null]]) {
    window[name] = (text) => {
      note(name, text);
      return answer;
    };
  }
  // Nobody listens, and a page that talks without end would fill our memory.
  for (const name of Object.keys(console)) {
    if (typeof console[name] === 'function') console[name] = () => {};
  }
  const MOST_ERRORS = 100;
  const { reportError } = window;
  let errors = 0;
  window.reportError = (error) => {
    if (++errors <= MOST_ERRORS) reportError(error);
  };
  if (navigator.serviceWorker) {
    ServiceWorkerContainer.prototype.register = (url) => {
      note('serviceWorker', url);
      return Promise.reject(new DOMException('Service workers are not available to slides', 'SecurityError'));
    };
  }
  if (navigator.sendBeacon) navigator.sendBeacon = (url) => (note('sendBeacon', url), false);
  document.addEventListener('securitypolicyviolation', (event) => note(event.effectiveDirective, event.blockedURI));

  const Observer = window.IntersectionObserver;
  window.IntersectionObserver = class IntersectionObserver extends Observer {
    constructor(...args) {
      super(...args);
      __deck.watched = true;
    }
  };
  const listen = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function addEventListener(type, ...rest) {
    if (type === 'scroll') __deck.watched = true;
    return listen.call(this, type, ...rest);
  };
})();
