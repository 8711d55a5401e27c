// Times and sizes as people read them.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const dayYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'long', year: 'numeric' });
const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** @param {number} ms */
export const hhmm = (ms) => clock.format(ms);
/** @param {number} ms */
export const exact = (ms) => exactly.format(ms);
/** A key that is equal for two times of one local day. @param {number} ms */
export const dayKey = (ms) => new Date(ms).toDateString();

/** @param {number} ms @param {number} [now] */
export function day(ms, now = Date.now()) {
  if (dayKey(ms) === dayKey(now)) return 'Today';
  if (dayKey(ms) === dayKey(now - 86_400_000)) return 'Yesterday';
  return new Date(ms).getFullYear() === new Date(now).getFullYear() ? dayName.format(ms) : dayYear.format(ms);
}

/** Short age: "now", "4 min", "3 h", "2 d". @param {number} ms @param {number} [now] */
export function ago(ms, now = Date.now()) {
  const s = Math.max(0, (now - ms) / 1000);
  if (s < 60) return 'now';
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86_400)} d`;
}

/** The same in a sentence: "just now", "4 min ago". @param {number} ms @param {number} [now] */
export function since(ms, now = Date.now()) {
  const words = ago(ms, now);
  return words === 'now' ? 'just now' : `${words} ago`;
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  const min = Math.floor(ms / 60_000);
  return min < 60 ? `${min} min ${Math.round((ms % 60_000) / 1000)} s` : `${Math.floor(min / 60)} h ${min % 60} min`;
}

/** @param {number} n bytes */
export function size(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1_000_000) return `${Math.round(n / 1000)} KB`;
  return `${(n / 1_000_000).toFixed(1)} MB`;
}
