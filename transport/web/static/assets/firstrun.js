// Opens the setup by itself, once, for somebody who meets a gateway in which nothing is configured.

import { byId } from './dom.js';

const SEEN = 'clawdbot.setup'; // in this browser: the setup was left or finished

let looked = false;

/** From now on it does not open by itself. */
export const markSeen = () => localStorage.setItem(SEEN, 'seen');

/** Whether nobody has set this gateway up, or used it. @param {any} config @param {any} status @param {any} surfaces the answers of config.get, status and providers.status */
function fresh(config, status, surfaces) {
  const keys = Object.keys(config?.parsed || {}).filter((k) => k !== 'dev'); // test addresses set nothing up
  const works = (surfaces?.accounts || []).some((/** @type {any} */ a) => a.provider !== 'whatsapp' && a.state !== 'disabled');
  return config?.valid === true && !keys.length && !works && !surfaces?.whatsapp?.linked && status?.sessions?.count === 0;
}

/** @param {import('./client.js').Client} client @param {number} [sessions] how many there are, if that is known */
export async function firstRun(client, sessions) {
  const free = () => !location.hash && !byId('composer').value && !document.querySelector('dialog[open]');
  if (looked || sessions || localStorage.getItem(SEEN) || !free()) return;
  looked = true; // not in the middle of something, when the gateway comes back
  try {
    const [config, status, surfaces] = await Promise.all(['config.get', 'status', 'providers.status'].map((m) => client.call(m)));
    if (fresh(config, status, surfaces) && free()) location.hash = '#/setup';
  } catch {
    // a gateway that does not tell is not known to be fresh
  }
}
