// How A2UI looks here. The renderer takes classes for its elements; the few that are needed are named below, everything else
// is one style sheet that all of its components share.

import font from '@fontsource/material-icons/files/material-icons-latin-400-normal.woff2';
import { css } from 'lit';

const field = () => ({ container: { field: true }, element: { control: true }, label: { label: true } });

export const theme = {
  components: {
    AudioPlayer: {}, Button: {}, Card: {}, Column: {}, Divider: {}, Icon: {}, List: {}, Row: {}, Video: {},
    CheckBox: { container: { tick: true }, element: {}, label: {} },
    DateTimeInput: field(), Slider: { container: { field: true, slide: true }, element: {}, label: { label: true } }, TextField: field(),
    MultipleChoice: field(),
    Image: {
      all: {}, icon: { 'is-icon': true }, avatar: { 'is-avatar': true }, smallFeature: { 'is-small': true },
      mediumFeature: { 'is-medium': true }, largeFeature: { 'is-large': true }, header: { 'is-header': true },
    },
    Modal: { backdrop: {}, element: { sheet: true } },
    Tabs: { container: {}, element: { tabs: true }, controls: { all: { tab: true }, selected: { 'is-on': true } } },
    Text: { all: {}, h1: {}, h2: {}, h3: {}, h4: {}, h5: {}, caption: { caption: true }, body: {} },
  },
  elements: { a: {}, audio: {}, body: {}, button: {}, h1: {}, h2: {}, h3: {}, h4: {}, h5: {}, iframe: {}, input: {}, p: {}, pre: {}, textarea: {}, video: {} },
  markdown: { p: [], h1: [], h2: [], h3: [], h4: [], h5: [], ul: [], ol: [], li: [], a: [], strong: [], em: [] },
};

// Colours come from here or, with styles.primaryColor, from the surface (--p-…).
const tokens = `
  :root {
    color-scheme: light dark;
    --ground: light-dark(#f6f7f9, #14161b);
    --paper: light-dark(#ffffff, #1c1f26);
    --line: light-dark(#d5dae2, #363c48);
    --ink: light-dark(#1d2430, #e7eaf0);
    --quiet: light-dark(#5a6474, #a3acbb);
    --bad: light-dark(#b3261e, #ff9a92);
    --md-sys-color-surface: var(--paper); --md-sys-color-on-surface: var(--ink);
    --md-sys-color-outline: var(--line); --md-sys-color-outline-variant: var(--line);
    --md-sys-color-surface-container-low: var(--ground); --md-sys-color-surface-container-high: var(--ground);
    --md-sys-color-surface-container-highest: var(--ground);
    font: 15px/1.5 system-ui, sans-serif;
  }
  body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); }
  #clawdbot-status { position: fixed; inset: 8px 8px auto; padding: 6px 10px; border-radius: 8px; background: var(--paper); border: 1px solid var(--line); font-size: 12px; }
  #clawdbot-canvas:not([hidden]) { position: fixed; inset: 0; width: 100%; height: 100%; }
  @font-face { font-family: 'Material Symbols Outlined'; src: url(${font}) format('woff2'); font-display: block; }`;
document.head.append(Object.assign(document.createElement('style'), { textContent: tokens }));

export const hostStyles = css`
  :host { display: grid; gap: 16px; max-width: 720px; margin: 0 auto; padding: 16px max(16px, env(safe-area-inset-right)) 48px max(16px, env(safe-area-inset-left)); }
  .empty { margin: 20vh 0 0; text-align: center; color: var(--quiet); }
  .note { position: fixed; inset: auto 16px 16px; margin: 0 auto; width: fit-content; padding: 6px 14px; border-radius: 99px; background: var(--ink); color: var(--ground); font-size: 13px; }
  .note.bad { background: var(--bad); }`;

const shared = css`
  :host {
    --accent: light-dark(var(--p-40, #2456b8), var(--p-70, #8db4ff));
    --on-accent: light-dark(#fff, #10131a);
    --md-sys-color-primary: var(--accent); --md-sys-color-on-primary: var(--on-accent);
    font-family: var(--font-family, inherit) !important; min-width: 0;
  }
  :host(a2ui-column) > section, :host(a2ui-row) > section { gap: 12px; }
  :host(a2ui-row) > section { flex-wrap: wrap; }
  :host(a2ui-list) > section { gap: 8px; }
  :host(a2ui-card) { overflow: visible; }
  :host(a2ui-card) > section { padding: 16px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); }
  h1, h2, h3, h4, h5, p, ul, ol { margin: 0; overflow-wrap: anywhere; }
  h1 { font: 650 24px/1.25 inherit; font-size: 24px; font-weight: 650; line-height: 1.25; }
  h2 { font-size: 20px; font-weight: 650; line-height: 1.3; }
  h3 { font-size: 17px; font-weight: 650; }
  h4 { font-size: 15px; font-weight: 650; }
  h5 { font-size: 13px; font-weight: 650; }
  .caption { font-size: 13px; color: var(--quiet); }
  .caption em { font-style: normal; }
  a { color: var(--accent); }
  :host(a2ui-button) button {
    font: 600 15px/1.4 inherit; font: inherit; font-weight: 600; color: var(--accent); background: var(--paper);
    border: 1px solid var(--line); border-radius: 8px; padding: 8px 16px; cursor: pointer;
  }
  :host(a2ui-button) button:hover { border-color: var(--accent); }
  :host(a2ui-button[primary]) button { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
  button:focus-visible, input:focus-visible, .dropdown-header:focus-visible, .option-item:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .field { display: grid; gap: 4px; width: 100%; }
  .label { font-size: 13px; color: var(--quiet); margin: 0 !important; }
  .control {
    font: inherit; color: var(--ink); background: var(--paper); width: 100%; padding: 8px 10px !important;
    border: 1px solid var(--line) !important; border-radius: 8px;
  }
  .control:invalid { border-color: var(--bad) !important; color: var(--ink); }
  .slide { grid-template-columns: 1fr auto; align-items: center; }
  .slide label { display: none; }
  input[type='range'], input[type='checkbox'] { accent-color: var(--accent); }
  .tick { display: flex; gap: 8px; align-items: center; padding: 2px; }
  .tick input { width: 18px !important; height: 18px; margin: 0; flex: none; }
  .tabs { display: flex; gap: 4px; border-bottom: 1px solid var(--line); margin-bottom: 12px; overflow-x: auto; }
  .tab { font: inherit; padding: 8px 12px; border: 0; border-bottom: 2px solid transparent; background: none; color: var(--quiet); cursor: pointer; }
  .tab.is-on { color: var(--ink); border-color: var(--accent); }
  :host(a2ui-divider) hr { margin: 4px 0; background: var(--line); }
  :host(a2ui-divider[axis='vertical']) hr { width: 1px; height: 100%; min-height: 24px; margin: 0 4px; }
  :host(a2ui-image) img { border-radius: 8px; max-width: 100%; object-fit: var(--object-fit, contain); }
  .is-icon { width: 24px; height: 24px; }
  .is-avatar { width: 48px; height: 48px; }
  :host(a2ui-image) .is-avatar img { border-radius: 50%; object-fit: cover; }
  .is-small { width: 96px; }
  .is-medium { width: min(100%, 240px); }
  .is-large, .is-header { width: 100%; }
  .is-header img { max-height: 200px; object-fit: cover; }
  :host(a2ui-icon) { flex: none !important; }
  .g-icon { vertical-align: middle; overflow: hidden; }
  dialog { color: var(--ink); }
  dialog::backdrop { background: rgb(0 0 0 / .45); }
  .sheet { min-width: min(320px, 80vw); padding: 12px 16px 16px; border-radius: 10px; background: var(--paper); }
  #controls button { color: inherit; }
  .dropdown-header { box-shadow: none; padding: 8px 10px; transition: none; }
  :host(a2ui-modal) > section, :host(a2ui-modal) > * { cursor: pointer; }
  .option-item { padding: 8px 10px; }`;

/**
 * Gives the renderer's components the style sheet, and what its version 0.8 does not take over from a message.
 * @param {Record<string, any>} UI
 */
export function dress(UI) {
  for (const part of Object.values(UI)) {
    if (Array.isArray(part?.elementStyles)) part.elementStyles = [...part.elementStyles, shared];
  }
  after(UI.Button, (el) => el.toggleAttribute('primary', Boolean(el.component?.properties?.primary)));
  after(UI.Divider, (el) => el.setAttribute('axis', el.component?.properties?.axis ?? 'horizontal'));
  after(UI.AudioPlayer ?? UI.Audio, (el) => {
    const d = el.component?.properties?.description;
    const text = d?.literalString ?? (d?.path ? el.processor?.getData(el.component, d.path, el.surfaceId) : undefined);
    if (typeof text === 'string') el.renderRoot.querySelector('audio')?.setAttribute('aria-label', text);
  });
  after(UI.TextField, (el) => {
    const input = el.renderRoot.querySelector('input');
    if (!input) return;
    input.type = { number: 'number', date: 'date', obscured: 'password' }[el.component?.properties?.textFieldType] ?? 'text';
    input.placeholder = '';
  });
  after(UI.MultipleChoice, (el) => keyboard(el));
}

/** Calls then after each rendering of a component. */
function after(component, then) {
  const before = component.prototype.updated;
  component.prototype.updated = function updated(changed) {
    before?.call(this, changed);
    then(this);
  };
}

/** What the renderer made for the mouse only can be used with the keyboard, too. */
function keyboard(el) {
  const make = (selector, role, checked) => {
    for (const part of el.renderRoot.querySelectorAll(selector)) {
      part.tabIndex = 0;
      part.setAttribute('role', role);
      if (checked) part.setAttribute('aria-checked', String(part.classList.contains('selected')));
      part.onkeydown = (e) => {
        if (e.key !== 'Enter' && e.key !== ' ') return;
        e.preventDefault();
        part.click();
      };
    }
  };
  make('.dropdown-header', 'button', false);
  make('.option-item, .chip', 'checkbox', true);
  el.renderRoot.querySelector('.dropdown-header')?.setAttribute('aria-expanded', String(Boolean(el.isOpen)));
}
