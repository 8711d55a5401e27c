// The setup dialogue of the gateway (wizard.*) as this page holds it. What was answered is kept here, in memory alone: the
// dialogue ends at a wrong answer and with the gateway, and is then led to the same place again.

import { CallError } from '../client.js';

const KEPT = 'clawdbot.dialogue'; // its id, for a reload; no answer is ever stored
const WITHIN = 60_000; // ms a step may take: the last ones write the file and install a service

/**
 * @typedef {{ id: string, type: string, title?: string, message?: string, options?: {value: any, label: string, hint?: string}[],
 *   initialValue?: any, placeholder?: string, sensitive?: boolean }} Step
 * @typedef {'none' | 'asked' | 'done' | 'cancelled' | 'failed' | 'elsewhere'} Phase
 */

export class Dialogue {
  /** @param {import('../client.js').Client} client */
  constructor(client) {
    this.client = client;
    this.id = '';
    /** @type {Phase} */
    this.phase = 'none';
    /** @type {Step | null} */
    this.step = null;
    /** @type {{step: Step, value: any}[]} */
    this.given = [];
    /** @type {{step: Step, value: any} | null} an answer on its way */
    this.sent = null;
    this.problem = ''; // of the answer to this step
    /** @type {any} what was answered before, when the step is asked again */
    this.last = undefined;
    this.news = ''; // what happened to the dialogue
    this.written = false;
    this.before = ''; // when the file was last written by a setup, as it was at the start
    /** @type {Promise<void> | null} */
    this.working = null;
  }

  /** Runs one thing at a time, each when those before are over. @param {() => Promise<void>} what */
  async alone(what) {
    while (this.working) await this.working.catch(() => {});
    const done = what();
    this.working = done;
    try {
      await done;
    } finally {
      this.working = null;
    }
  }

  /** @param {string} method @param {object} [params] */
  call(method, params) {
    return this.client.call(method, params, WITHIN);
  }

  async lastRun() {
    const config = await this.call('config.get');
    return config.parsed?.wizard?.lastRunAt || '';
  }

  /** Begins, from the first question. */
  begin() {
    return this.alone(async () => {
      this.forget();
      [this.phase, this.step, this.sent, this.problem, this.news, this.written] = ['none', null, null, '', '', false];
      await this.start();
    });
  }

  async start() {
    this.before = await this.lastRun();
    try {
      this.take(await this.call('wizard.start', { mode: 'local' })); // this page is the gateway's own
    } catch (err) {
      if (!(err instanceof CallError) || err.code !== 'UNAVAILABLE') throw err;
      this.phase = 'elsewhere';
    }
  }

  /** @param {any} r the answer of wizard.start or wizard.next */
  take(r) {
    if (r.sessionId) this.id = r.sessionId;
    this.sent = null;
    this.step = r.step || null;
    if (!r.done) {
      this.phase = 'asked';
      sessionStorage.setItem(KEPT, JSON.stringify({ id: this.id, before: this.before }));
      return;
    }
    this.forget();
    this.phase = r.status === 'done' ? 'done' : r.status === 'cancelled' ? 'cancelled' : 'failed';
    this.problem = plain(r.error && r.status !== 'cancelled' ? r.error : '');
  }

  forget() {
    this.id = '';
    this.given = [];
    this.last = undefined;
    sessionStorage.removeItem(KEPT);
  }

  /** @param {any} value */
  answer(value) {
    const seen = this.step;
    return this.alone(async () => {
      const { step } = this;
      if (!seen || !step || !same(seen, step)) return; // it is another question by now
      this.sent = { step, value };
      this.problem = this.news = '';
      const r = await this.call('wizard.next', { sessionId: this.id, answer: { stepId: step.id, value } });
      if (r.done && r.status === 'error' && !this.written) {
        await this.replay(r.error, value);
        return;
      }
      await this.took(step, value);
      this.take(r);
    });
  }

  /** @param {Step} step @param {any} value */
  async took(step, value) {
    this.given.push({ step, value });
    this.last = undefined;
    if (step.type === 'confirm' && value && !this.written) this.written = await this.lastRun() !== this.before;
  }

  /** Goes back by one question. */
  back() {
    return this.alone(async () => {
      const last = this.given.pop();
      if (!last || this.written) return;
      await this.call('wizard.cancel', { sessionId: this.id }).catch(() => {}); // it may have ended already
      await this.replay('', last.value);
    });
  }

  /** Leads a new dialogue to where the old one was. @param {string} problem of the answer to the step that comes then @param {any} last that answer */
  async replay(problem, last) {
    const given = this.given;
    this.given = [];
    try {
      await this.start();
      for (const g of given) {
        if (!this.step || !same(this.step, g.step)) return; // something is otherwise than it was: from here on it is asked again
        const { step } = this;
        this.take(await this.call('wizard.next', { sessionId: this.id, answer: { stepId: step.id, value: g.value } }));
        if (this.phase !== 'asked') return;
        this.given.push({ step, value: g.value });
      }
    } catch (err) { // the connection went away: the next sync leads there
      this.given = given;
      throw err;
    }
    this.problem = plain(problem);
    this.last = last;
  }

  cancel() {
    return this.alone(async () => {
      const { written } = this;
      await this.call('wizard.cancel', { sessionId: this.id }).catch((err) => { if (!(err instanceof CallError)) throw err; });
      this.forget();
      this.step = null;
      this.phase = written ? 'done' : 'cancelled';
    });
  }

  /** Finds out how it stands: after a reload, a gap, a restart of the gateway, or an answer that nobody confirmed. */
  sync() {
    if (this.working) return Promise.resolve(); // that finds out
    return this.alone(async () => {
      if (this.phase === 'none') this.recall();
      if (this.phase === 'none') await this.start();
      if (this.phase !== 'asked') return;
      try {
        if (this.step && !this.sent && this.step.type !== 'progress') { // asking for the step would count as going on with it
          await this.call('wizard.status', { sessionId: this.id });
          return;
        }
        const r = await this.call('wizard.next', { sessionId: this.id });
        if (this.sent && r.step && !same(r.step, this.sent.step)) await this.took(this.sent.step, this.sent.value);
        this.take(r);
      } catch (err) {
        if (!(err instanceof CallError)) throw err;
        await this.lost();
      }
    });
  }

  /** Takes up the dialogue that this tab had before it was loaded again. */
  recall() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEPT) || '');
      [this.id, this.before, this.phase] = [kept.id, kept.before, 'asked'];
    } catch {
      // there was none
    }
  }

  /** The gateway does not know it any more: it was restarted, or nobody answered for half an hour. */
  async lost() {
    if (await this.lastRun() !== this.before) {
      this.forget();
      this.step = null;
      this.phase = 'done';
      this.written = true;
      this.news = 'What you agreed to is written, and the gateway has started anew for it.';
      return;
    }
    const had = this.given.length;
    sessionStorage.removeItem(KEPT);
    await this.replay('', this.sent?.value);
    if (!had) this.news = 'The setup that was under way has ended, and nothing of it was written. This is a new one.';
    else if (this.given.length === had) this.news = 'The gateway was restarted and had forgotten your answers. Nothing was written; they were given again.';
    else this.news = 'The gateway was restarted and has forgotten your answers. Nothing was written: from here on it asks again.';
  }
}

/** @param {Step} a @param {Step} b */
export const same = (a, b) => a.type === b.type && a.message === b.message && Boolean(a.sensitive) === Boolean(b.sensitive);

/** @param {string} error */
const plain = (error) => {
  const text = error.replace(/^Error: /, '');
  return text && text[0].toUpperCase() + text.slice(1);
};
