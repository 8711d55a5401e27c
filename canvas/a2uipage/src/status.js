// A line over the page in which apps say what they do.

/** @param {boolean} enabled at first */
export function debugStatus(enabled) {
  const line = /** @type {HTMLElement} */ (document.getElementById('clawdbot-status'));
  let text = '';
  const show = () => {
    line.hidden = !enabled || !text;
    line.textContent = text;
  };
  return {
    setDebugStatusEnabled(on) {
      enabled = Boolean(on);
      show();
    },
    setStatus(title, subtitle) {
      text = [title, subtitle].filter(Boolean).join(' · ');
      show();
    },
  };
}
