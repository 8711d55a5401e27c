// Setup: the questions of `clawdbot onboard`, one at a time, and then what is left to do: link a phone, let people in.

import { markSeen } from '../firstrun.js';
import { h, reconcile } from '../dom.js';
import { address } from '../rail.js';
import { Dialogue, same } from './dialogue.js';
import { Rows } from './rows.js';
import { ask } from './setupstep.js';
import { unasked } from './states.js';
import { accountRow, codeRow } from './surfaces.js';
import { link, reason, section } from './ui.js';

const AGAIN = 2_000; // ms; who has written to the bot wants to see it here

/** The dialogue goes on while somebody looks at another view. @type {Dialogue | null} */
let kept = null;

/** @param {import('../stage.js').Context} ctx @returns {import('../stage.js').View} */
export function open(ctx) {
  const d = kept ||= new Dialogue(ctx.client);
  const view = new Setup(ctx, d);
  return {
    every: AGAIN,
    events: ['health'],
    read: () => view.read(),
    draw: (data) => view.draw(data),
    close: () => view.close(),
  };
}

class Setup {
  /** @param {import('../stage.js').Context} ctx @param {Dialogue} d */
  constructor(ctx, d) {
    this.ctx = ctx;
    this.d = d;
    this.card = h('section', { class: 'setup', 'aria-label': 'Setup' });
    this.accounts = new Rows(ctx, { label: 'Accounts', nothing: ['No surface is set up. This page is always there.'] });
    this.waiting = new Rows(ctx, { label: 'Senders who wait', nothing: ['Nobody waits yet. Write to the agent from your phone: it answers with a code, and you show up here.'] });
    this.rest = h('div', { class: 'setup-rest', hidden: true }, section('Your surfaces', this.accounts.box), section('Who wants to write to the agent', this.waiting.box));
    ctx.root.append(this.card, this.rest);
    this.drawn = ''; // what the card shows
    /** @type {import('./dialogue.js').Step | null} */
    this.shownStep = null; // of that
    /** @type {import('./setupstep.js').Asked | null} */
    this.asked = null;
    this.first = true;
  }

  async read() {
    const { d } = this;
    if (d.phase !== 'done') await d.sync();
    if (!d.written && d.phase !== 'done') return {};
    const { client } = this.ctx;
    const [status, config, pairing] = await Promise.all([client.call('providers.status'), client.call('config.get'), client.call('pairing.list').catch(() => ({}))]);
    return { status, config, pairing };
  }

  /** @param {any} data */
  draw({ status, config, pairing }) {
    this.show();
    this.rest.hidden = !status;
    if (!status) return;
    const used = (status.accounts || []).filter((/** @type {any} */ a) => a.state !== 'disabled' && !unasked(a, status, config));
    this.accounts.show(used.map((/** @type {any} */ a) => accountRow(this.ctx, a, status)));
    this.waiting.show((pairing.pending || []).map((/** @type {any} */ c) => this.letIn(codeRow(this.ctx, c))));
  }

  /** Whoever lets somebody in by a row has answered the question for the code with it. @param {import('./rows.js').Row} row @returns {import('./rows.js').Row} */
  letIn(row) {
    const [a] = row.actions || [];
    const run = async () => {
      const said = await a.run() || '';
      if (this.d.phase === 'asked' && this.d.step?.type === 'text') await this.d.answer('');
      return said;
    };
    return { ...row, actions: [{ ...a, run }] };
  }

  /** Draws the card when there is something else to show: what is being written is left alone otherwise. */
  show() {
    const { d } = this;
    const now = JSON.stringify([d.phase, d.step, d.problem, d.news, d.written, d.given.length > 0]);
    if (now === this.drawn) return;
    const typed = this.shownStep && d.step && d.last === undefined && same(this.shownStep, d.step) ? this.asked?.read?.() : undefined;
    this.drawn = now;
    this.shownStep = d.step;
    this.asked = d.phase === 'asked' && d.step ? ask(d.step, d.last ?? typed, d.problem) : null;
    reconcile(this.card, [...(d.news ? [h('p', { class: 'setup-news', role: 'status' }, d.news)] : []), this.asked ? this.form(this.asked) : this.end()]);
    if (d.phase === 'done' || d.phase === 'cancelled') markSeen();
    if (!this.first || !document.activeElement || document.activeElement === document.body) this.asked?.focus();
    this.first = false;
  }

  /** @param {import('./setupstep.js').Asked} asked */
  form(asked) {
    const { d } = this;
    const buttons = asked.buttons
      ? asked.buttons.map(([words, value, proposed]) => h('button', { class: `button${proposed ? ' primary' : ''}`, type: 'button', onclick: () => this.run(() => d.answer(value)) }, words))
      : asked.wait ? [] : [h('button', { class: 'button primary', type: 'submit', 'aria-describedby': 'setup-words' }, 'Next')];
    const back = d.given.length && !d.written ? h('button', { class: 'button', type: 'button', onclick: () => this.run(() => d.back()) }, 'Back') : null;
    const stop = h('button', { class: 'link-button', type: 'button', onclick: () => this.run(() => d.cancel()) }, d.written ? 'Finish' : 'Stop, and write nothing');
    const form = h('form', { autocomplete: 'off' }, asked.el, h('div', { class: 'bar setup-bar' }, back, ...buttons, h('span', { class: 'spacer' }), stop));
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      if (asked.read) this.run(() => d.answer(asked.read?.()));
      else if (asked.buttons) this.run(() => d.answer(asked.buttons?.find((b) => b[2])?.[1]));
    });
    return form;
  }

  /** What stands where no question is. */
  end() {
    const { d } = this;
    const again = (/** @type {string} */ words) => h('button', { class: 'button', type: 'button', onclick: () => this.run(() => d.begin()) }, words);
    const rest = (/** @type {string} */ title, /** @type {any[]} */ ...more) => h('div', { class: 'setup-step', tabindex: '-1' }, h('h3', {}, title), ...more);
    switch (d.phase) {
      case 'done': return rest('The gateway is set up', d.problem ? h('p', { class: 'ask-problem' }, d.problem) : null,
        h('p', { class: 'setup-words' }, 'What you chose is in force. Below are your surfaces, and the people who write to the agent for the first time.'),
        h('p', { class: 'bar' }, link('#session=main', 'Open the chat'), link(address('overview'), 'Overview'), again('Set up more')));
      case 'cancelled': return rest('Nothing was written', h('p', { class: 'setup-words' }, 'The gateway works as before. You find the setup in the rail and on the overview.'), h('p', { class: 'bar' }, again('Begin anew'), link('#session=main', 'Open the chat')));
      case 'elsewhere': return rest('The setup is open somewhere else', h('p', { class: 'setup-words' }, 'In another tab, or in a terminal (clawdbot onboard). Finish or cancel it there; one that nobody answers ends after half an hour.'), h('p', { class: 'bar' }, again('Try again')));
      case 'failed': return rest('The setup cannot begin', h('p', { class: 'ask-problem', role: 'alert' }, d.problem), h('p', { class: 'bar' }, again('Try again'), link(address('config'), 'Configuration')));
      default: return rest('Setup', h('p', { class: 'muted' }, 'Asking the gateway…'));
    }
  }

  /** Does one thing that somebody pressed. @param {() => Promise<void>} what */
  async run(what) {
    const pressed = /** @type {HTMLButtonElement[]} */ ([...this.card.querySelectorAll('button')]);
    for (const b of pressed) b.disabled = true;
    this.ctx.say('');
    try {
      await what();
    } catch (err) {
      this.ctx.say(`That was not answered: ${reason(err)}. It goes on here once the page is live again.`, 'bad');
    }
    for (const b of pressed) b.disabled = false;
    this.show();
    await this.ctx.again();
    if (this.d.news) this.ctx.say(''); // it says what became of it
  }

  close() {
    this.accounts.close();
    this.waiting.close();
    markSeen();
  }
}
